//! Says when what a page shows may be out of date, because the browser is offline or Leastwise does not answer, and keeps a
//! form from being sent into nothing: its text would be lost with the page.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{all, listen, say};

const OFFLINE: &str = "You are offline. What you see may be out of date, and nothing can be sent.";
const UNREACHABLE: &str =
    "Leastwise does not answer. What you see may be out of date. Trying again.";
const BACK: &str = "Connected again.";
/// The attribute of the bar while live updates are interrupted.
const INTERRUPTED: &str = "data-interrupted";

/// The bar, which is empty and hidden as long as there is nothing to say.
#[island]
pub fn Connection() -> impl IntoView {
    Effect::new(|_| {
        for event in ["online", "offline"] {
            listen(&window(), event, |_: web_sys::Event| tell());
        }
        listen(&document(), "submit", |event: web_sys::Event| {
            if is_offline() {
                event.prevent_default();
                tell();
            }
        });
        tell();
    });
    view! { <p data-connection hidden></p> }
}

/// Records that live updates are interrupted.
pub(super) fn interrupted() {
    for bar in all("[data-connection]") {
        let _ = bar.set_attribute(INTERRUPTED, "");
    }
    tell();
}

/// Records that live updates arrive.
pub(super) fn resumed() {
    for bar in all("[data-connection]") {
        let _ = bar.remove_attribute(INTERRUPTED);
    }
    tell();
}

fn tell() {
    let offline = is_offline();
    for bar in all("[data-connection]") {
        let words = match (offline, bar.has_attribute(INTERRUPTED)) {
            (true, _) => Some(OFFLINE),
            (false, true) => Some(UNREACHABLE),
            (false, false) => None,
        };
        let before = bar.text_content().unwrap_or_default();
        if before == words.unwrap_or_default() {
            continue;
        }
        bar.set_text_content(words);
        let _ = bar.toggle_attribute_with_force("hidden", words.is_none());
        say(words.unwrap_or(BACK));
    }
}

/// Returns whether the browser has no network. By name, because the type of the navigator is many bindings.
fn is_offline() -> bool {
    let of = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).ok();
    let online = of(&window(), "navigator").and_then(|navigator| of(&navigator, "onLine"));
    online.and_then(|online| online.as_bool()) == Some(false)
}
