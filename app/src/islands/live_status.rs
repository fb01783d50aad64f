//! A status that follows the server by server-sent events. It lets go of its connection while the tab is
//! hidden (a browser keeps six per HTTP/1.1 host, so the seventh tab would hang), and it never
//! changes what surrounds it: when the state itself moved on, it reloads the page, unless somebody is typing.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::{all, listen};

/// Shows `text` until a message brings another.
///
/// A message's data is two lines: the state's key, and the words for it. A key other than `state` means that
/// the page is out of date.
#[island]
pub fn LiveStatus(
    /// Where the events come from.
    url: String,
    /// The state's key when the page was made.
    state: String,
    /// The words for it.
    text: String,
) -> impl IntoView {
    let (words, set_words) = signal(text);
    let (outdated, mark) = signal(false);
    Effect::new(move |_| {
        let state = state.clone();
        // What a form leads to is newer than what a message tells: a reload would cut it off.
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
            <a href="" hidden=move || !outdated.get()>" This changed. Reload to see it."</a>
        </span>
    }
}

/// Whether the page holds words that a reload would lose.
fn drafts() -> bool {
    all("textarea, input[type=text]").iter().any(|field| {
        js_sys::Reflect::get(field, &"value".into()).ok()
            != js_sys::Reflect::get(field, &"defaultValue".into()).ok()
    })
}

/// Opens the stream while the tab is visible, closes it while it is not.
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
