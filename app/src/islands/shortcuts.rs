//! Single-letter shortcuts for the inbox: j and k move between items, a and d go to approving and denying the
//! one in focus, ? lists them. They are quiet while somebody types, can be switched off (WCAG 2.1.4), and press
//! only what a pointer could press, too; a letter alone never submits a decision.

use leptos::prelude::*;

use super::{all, listen, typing};

const SWITCH: &str = "leastwise.shortcuts";

/// The list behind `?`. Items are links or buttons marked `data-item`; the buttons of the current one are
/// marked `data-shortcut="approve"` and `data-shortcut="deny"`.
#[island]
pub fn Shortcuts() -> impl IntoView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let (on, set_on) = signal(true);
    Effect::new(move |_| {
        set_on.set(stored() != Some("off".into()));
        listen(
            &document(),
            "keydown",
            move |event: web_sys::KeyboardEvent| {
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
                    "a" => reach("approve"),
                    "d" => reach("deny"),
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
                    <div><dt><kbd>"Ctrl K"</kbd></dt><dd>"Go to anything"</dd></div>
                    <div><dt><kbd>"j"</kbd> " " <kbd>"k"</kbd></dt><dd>"Next and previous item"</dd></div>
                    <div><dt><kbd>"a"</kbd></dt><dd>"Move to Approve"</dd></div>
                    <div><dt><kbd>"d"</kbd></dt><dd>"Move to Refuse"</dd></div>
                    <div><dt><kbd>"?"</kbd></dt><dd>"This list"</dd></div>
                </dl>
                <label data-check>
                    <input type="checkbox" prop:checked=on on:change=switch />
                    <span>"Single-letter shortcuts on"</span>
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

/// Moves focus by so many items; from nowhere, to the first.
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

/// Moves focus to a decision's button; Enter then presses it.
fn reach(decision: &str) {
    if let Some(button) = all(&format!("[data-shortcut={decision}]")).first() {
        let _ = button.focus();
    }
}
