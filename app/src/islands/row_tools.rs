//! What pages offer with JavaScript: buttons that copy an id, a box that checks all rows of a page, and menus that close on
//! Escape and on a click elsewhere.

use js_sys::{Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use super::{all, listen, say};

/// The menus: of lists, of the navigation on a narrow screen, and of the account.
const MENUS: &str = "details:is([data-popup], [data-menu], [data-account])[open]";
/// The boxes of the rows that can be selected, and the one for all of them.
const ROW_BOXES: &str = "[data-select] > input";
const PAGE_BOX: &str = "[data-select-page] > input";
/// How long a button says that it copied, in milliseconds.
const COPIED: i32 = 1_500;

/// Listens once for the whole document. Shows only the message for screen readers.
#[island]
pub fn RowTools() -> impl IntoView {
    Effect::new(|_| {
        listen(&document(), "click", |event: web_sys::MouseEvent| {
            let Some(target) = target_of(&event) else {
                return;
            };
            close_menus(Some(&target));
            if let Ok(Some(button)) = target.closest("[data-copy]") {
                let value = button.get_attribute("data-copy").unwrap_or_default();
                write_to_clipboard(&value);
                let _ = button.set_attribute("data-copied", "");
                say("Copied");
                let done = wasm_bindgen::closure::Closure::once_into_js(move || {
                    let _ = button.remove_attribute("data-copied");
                    say("");
                });
                let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(
                    done.unchecked_ref(),
                    COPIED,
                );
            }
        });
        listen(&document(), "change", |event: web_sys::Event| {
            if let Some(changed) = target_of(&event) {
                select_rows(&changed);
            }
        });
        listen(&document(), "keydown", |event: web_sys::KeyboardEvent| {
            if event.key() == "Escape" {
                close_menus(None);
            }
        });
    });
    view! { <span role="status" class="sr-only" data-said></span> }
}

/// Writes a text to the clipboard, if the browser has one for this page. By name, because the types of the clipboard are
/// many kilobytes of bindings.
fn write_to_clipboard(text: &str) -> Option<()> {
    let of = |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name)).ok();
    let clipboard = of(&of(&window(), "navigator")?, "clipboard")?;
    let write: Function = of(&clipboard, "writeText")?.dyn_into().ok()?;
    let _ = write.call1(&clipboard, &JsValue::from_str(text));
    Some(())
}

/// Checks or unchecks all rows with the box for all of them, which is checked itself as long as every row is.
fn select_rows(changed: &web_sys::Element) {
    let is = |selector: &str| changed.matches(selector).unwrap_or(false);
    if is(PAGE_BOX) {
        let checked = boxes(PAGE_BOX)
            .iter()
            .any(web_sys::HtmlInputElement::checked);
        for row in boxes(ROW_BOXES) {
            row.set_checked(checked);
        }
    } else if is(ROW_BOXES) {
        let checked = boxes(ROW_BOXES)
            .iter()
            .all(web_sys::HtmlInputElement::checked);
        for page in boxes(PAGE_BOX) {
            page.set_checked(checked);
        }
    }
}

fn boxes(selector: &str) -> Vec<web_sys::HtmlInputElement> {
    let found = all(selector).into_iter();
    found.filter_map(|one| one.dyn_into().ok()).collect()
}

fn target_of(event: &web_sys::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

/// Closes the open menus, except one around an element. The focus returns to the button of a menu that had it.
fn close_menus(except: Option<&web_sys::Element>) {
    for menu in all(MENUS) {
        if except.is_some_and(|element| menu.contains(Some(element))) {
            continue;
        }
        let focused = document().active_element();
        let had_focus = focused.is_some_and(|element| menu.contains(Some(&element)));
        let _ = menu.remove_attribute("open");
        if had_focus
            && let Ok(Some(summary)) = menu.query_selector("summary")
            && let Some(summary) = summary.dyn_ref::<web_sys::HtmlElement>()
        {
            let _ = summary.focus();
        }
    }
}
