//! A status that is updated by server-sent events. It closes its connection while the tab is hidden (browsers allow six
//! per HTTP/1.1 host, so a seventh tab would hang) and never modifies the rest of the page: when the state changes it
//! reloads the page, unless a form holds unsent text.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::{all, listen};

/// Shows `text` until a message replaces it.
///
/// The data of a message has two lines: the key of the state, and the text. A key other than `state` means that the
/// page is out of date.
#[island]
pub fn LiveStatus(
    /// The URL of the event stream.
    url: String,
    /// The key of the state when the page was rendered.
    state: String,
    /// The text of that state.
    text: String,
) -> impl IntoView {
    let (words, set_words) = signal(text);
    let (outdated, mark) = signal(false);
    Effect::new(move |_| {
        let state = state.clone();
        // A reload would cancel a form submission in progress.
        let sent = Rc::new(Cell::new(false));
        let sending = Rc::clone(&sent);
        listen(&document(), "submit", move |_: web_sys::Event| {
            sending.set(true);
        });
        follow(url.clone(), move |data: &str| {
            let (key, text) = data.split_once('\n').unwrap_or((data, ""));
            if sent.get() {
                return;
            }
            if key == state {
                set_words.set(text.to_owned());
            } else if drafts() {
                mark.set(true);
            } else {
                let _ = window().location().reload();
            }
        });
    });
    view! {
        <span role="status">
            {words}
            <a href="" hidden=move || !outdated.get()>" This change was updated. Reload to see the current state."</a>
        </span>
    }
}

/// Returns whether a form holds text that a reload would discard.
fn drafts() -> bool {
    all("textarea, input[type=text]").iter().any(|field| {
        js_sys::Reflect::get(field, &"value".into()).ok()
            != js_sys::Reflect::get(field, &"defaultValue".into()).ok()
    })
}

/// Opens the stream while the tab is visible and closes it while it is hidden.
fn follow(url: String, on_message: impl Fn(&str) + 'static) {
    let on_message =
        Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            if let Some(data) = event.data().as_string() {
                on_message(&data);
            }
        })
        .into_js_value();
    let stream: Rc<RefCell<Option<web_sys::EventSource>>> = Rc::default();
    let tune = move || {
        let mut stream = stream.borrow_mut();
        if document().hidden() {
            if let Some(open) = stream.take() {
                open.close();
            }
        } else if stream.is_none() {
            *stream = web_sys::EventSource::new(&url)
                .ok()
                .inspect(|open| open.set_onmessage(Some(on_message.unchecked_ref())));
        }
    };
    tune();
    listen(&document(), "visibilitychange", move |_: web_sys::Event| {
        tune();
    });
}
