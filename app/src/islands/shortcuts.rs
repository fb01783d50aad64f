//! Single-letter shortcuts for the inbox and changes: j and k move between items, a and d focus the reason of a decision,
//! or its button if there is a reason, and ? lists the shortcuts. They are inactive while a control has the focus, can be
//! switched off (WCAG 2.1.4), and only move the focus: a letter never submits a decision. Ctrl+Enter in the reason submits
//! the decision whose letter led there.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{all, listen, typing};

const SWITCH: &str = "leastwise.shortcuts";
/// The decisions, as their buttons name them in `data-shortcut`.
const APPROVE: &str = "approve";
const DECLINE: &str = "deny";

/// The list of shortcuts. Items have `data-item`; the decision buttons have `data-shortcut="approve"` and
/// `data-shortcut="deny"`.
#[island]
pub fn Shortcuts() -> impl IntoView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let (on, set_on) = signal(true);
    let (decision, set_decision) = signal(None::<&'static str>);
    Effect::new(move |_| {
        set_on.set(stored() != Some("off".into()));
        listen(
            &document(),
            "keydown",
            move |event: web_sys::KeyboardEvent| {
                if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                    if deciding() {
                        event.prevent_default();
                        decide(decision.get_untracked());
                    }
                    return;
                }
                let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
                let modal = document()
                    .query_selector("dialog[open]")
                    .ok()
                    .flatten()
                    .is_some();
                if modified || modal || typing() || !on.get_untracked() {
                    return;
                }
                match event.key().as_str() {
                    "j" => step(1),
                    "k" => step(-1),
                    "a" => {
                        set_decision.set(Some(APPROVE));
                        reach(APPROVE);
                    }
                    "d" => {
                        set_decision.set(Some(DECLINE));
                        reach(DECLINE);
                    }
                    "?" => {
                        if let Some(dialog) = dialog.get_untracked() {
                            let _ = dialog.show_modal();
                        }
                    }
                    _ => return,
                }
                event.prevent_default();
            },
        );
    });
    let switch = move |event: leptos::ev::Event| {
        let wanted = event_target_checked(&event);
        set_on.set(wanted);
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(SWITCH, if wanted { "on" } else { "off" });
        }
    };
    view! {
        <dialog node_ref=dialog id="shortcuts" aria-labelledby="shortcuts-title" closedby="any">
            <header>
                <h2 id="shortcuts-title">"Keyboard shortcuts"</h2>
            </header>
            <div data-dialog-body>
                <dl data-keys>
                    <div><dt><kbd>"Ctrl K"</kbd></dt><dd>"Go to a page or resource"</dd></div>
                    <div><dt><kbd>"j"</kbd> " " <kbd>"k"</kbd></dt><dd>"Next and previous item"</dd></div>
                    <div><dt><kbd>"a"</kbd></dt><dd>"Write the reason, then reach Approve"</dd></div>
                    <div><dt><kbd>"d"</kbd></dt><dd>"Write the reason, then reach Decline"</dd></div>
                    <div><dt><kbd>"Ctrl Enter"</kbd></dt><dd>"In the reason: approve after a, decline after d"</dd></div>
                    <div><dt><kbd>"?"</kbd></dt><dd>"Show this list"</dd></div>
                </dl>
                <label data-check>
                    <input type="checkbox" prop:checked=on on:change=switch />
                    <span>"Enable single-letter shortcuts"</span>
                </label>
                <form method="dialog">
                    <button data-kind="secondary">"Close"</button>
                </form>
            </div>
        </dialog>
    }
}

fn stored() -> Option<String> {
    window()
        .local_storage()
        .ok()
        .flatten()?
        .get_item(SWITCH)
        .ok()
        .flatten()
}

/// Moves the focus by a number of items, or to the first item if none has the focus.
fn step(by: isize) {
    let items = all("[data-item]");
    let focused = document().active_element();
    let at = items
        .iter()
        .position(|item| Some(item.as_ref() as &web_sys::Element) == focused.as_ref());
    let to = at.map_or(0, |at| {
        at.saturating_add_signed(by)
            .min(items.len().saturating_sub(1))
    });
    if let Some(item) = items.get(to) {
        let _ = item.focus();
    }
}

/// Returns whether the reason of a decision has the focus.
fn deciding() -> bool {
    let focused = document().active_element();
    let form = focused.and_then(|element| element.closest("form").ok().flatten());
    form.is_some_and(|form| {
        form.query_selector("[data-shortcut]")
            .is_ok_and(|button| button.is_some())
    })
}

/// Presses the button of a decision, or leads to the one that approves if no letter chose a decision.
fn decide(decision: Option<&str>) {
    let Some(decision) = decision else {
        return reach(APPROVE);
    };
    if let Some(button) = all(&format!("[data-shortcut={decision}]")).first() {
        button.click();
    }
}

/// Moves the focus to the reason of a decision as long as it is empty, and then to its button; Enter then presses it.
fn reach(decision: &str) {
    let buttons = all(&format!("[data-shortcut={decision}]"));
    let Some(button) = buttons.first() else {
        return;
    };
    let reason = button.closest("form").ok().flatten();
    let reason = reason.and_then(|form| form.query_selector("textarea").ok().flatten());
    let reason = reason.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok());
    let _ = match reason.filter(is_empty) {
        Some(reason) => reason.focus(),
        None => button.focus(),
    };
}

fn is_empty(field: &web_sys::HtmlElement) -> bool {
    let value = js_sys::Reflect::get(field, &"value".into()).ok();
    value
        .and_then(|value| value.as_string())
        .is_none_or(|value| value.trim().is_empty())
}
