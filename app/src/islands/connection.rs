//! Says when what a page shows may be out of date, because the browser is offline or Leastwise does not answer, and keeps a
//! form from being sent into nothing: its text would be lost with the page.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{all, listen, say};

const BACK: &str = "Connected again.";
const BAR: &str = "[data-connection]";
/// The attribute of the bar while live updates are interrupted.
const INTERRUPTED: &str = "data-interrupted";
/// What sends a form to Leastwise, or opens a dialog that does.
const SUBMITS: &str = "form[method=post] button:not([type=button], [aria-disabled]), main button[command=show-modal]:not([aria-disabled])";
/// The attribute of the bar once a live update has arrived: who never had one may be behind a proxy that holds them back, and
/// must be able to send.
const LIVE: &str = "data-live";
/// The attribute of what cannot be sent now.
const WAITS: &str = "data-waits";

/// The bar, which is hidden as long as there is nothing to say.
#[island]
pub fn Connection() -> impl IntoView {
    Effect::new(|_| {
        for event in ["online", "offline"] {
            listen(&window(), event, |_: web_sys::Event| tell());
        }
        listen(&document(), "submit", |event: web_sys::Event| {
            if is_offline() || lost() {
                event.prevent_default();
                tell();
            }
        });
        tell();
    });
    view! {
        <div data-connection hidden>
            <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" aria-hidden="true">
                <path d="M8 2.5 14 13H2L8 2.5ZM8 6.5v3M8 11.2v.1" />
            </svg>
            <span></span>
            <a href="">"Try now"</a>
        </div>
    }
}

/// Records that live updates are interrupted.
pub(super) fn interrupted() {
    for bar in all(BAR) {
        let _ = bar.set_attribute(INTERRUPTED, "");
    }
    tell();
}

/// Records that live updates arrive.
pub(super) fn resumed() {
    for bar in all(BAR) {
        let _ = bar.remove_attribute(INTERRUPTED);
        let _ = bar.set_attribute(LIVE, "");
    }
    tell();
}

/// Whether Leastwise answered before, and does not now.
fn lost() -> bool {
    let mut bars = all(BAR).into_iter();
    bars.any(|bar| bar.has_attribute(INTERRUPTED) && bar.has_attribute(LIVE))
}

fn tell() {
    let offline = is_offline();
    for bar in all(BAR) {
        let problem = match (offline, bar.has_attribute(INTERRUPTED)) {
            (true, _) => Some((
                "You have been offline since",
                "What you typed stays on this page. Nothing can be sent.",
            )),
            (false, true) => Some((
                "Leastwise has not answered since",
                "This page shows the state of that time. Trying again.",
            )),
            (false, false) => None,
        };
        let before = bar.get_attribute("data-problem");
        let now = problem.map(|(what, _)| what);
        if before.as_deref() == now {
            continue;
        }
        let _ = match now {
            Some(what) => bar.set_attribute("data-problem", what),
            None => bar.remove_attribute("data-problem"),
        };
        let words = problem.map(|(what, then)| format!("{what} {} UTC. {then}", clock_time()));
        if let (Some(words), Ok(Some(text))) = (&words, bar.query_selector("span")) {
            text.set_text_content(Some(words));
        }
        let _ = bar.toggle_attribute_with_force("hidden", words.is_none());
        say(words.as_deref().unwrap_or(BACK));
    }
    if offline || lost() {
        hold_submits();
    } else {
        release_submits();
    }
}

/// Marks what cannot be sent.
fn hold_submits() {
    for button in all(SUBMITS) {
        let _ = button.set_attribute("aria-disabled", "true");
        let _ = button.set_attribute(WAITS, "");
    }
}

/// Allows the marked buttons to send again.
fn release_submits() {
    for button in all(&format!("[{WAITS}]")) {
        let _ = button.remove_attribute("aria-disabled");
        let _ = button.remove_attribute(WAITS);
    }
}

/// Returns the time of day in UTC, as the server tells times.
fn clock_time() -> String {
    let now = js_sys::Date::new_0();
    format!("{:02}:{:02}", now.get_utc_hours(), now.get_utc_minutes())
}

/// Returns whether the browser has no network. By name, because the type of the navigator is many bindings.
fn is_offline() -> bool {
    let of = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).ok();
    let online = of(&window(), "navigator").and_then(|navigator| of(&navigator, "onLine"));
    online.and_then(|online| online.as_bool()) == Some(false)
}
