//! Server-sent events of a page. The connection is closed while the tab is hidden, because browsers allow six per HTTP/1.1
//! host, so a seventh tab would hang. The bar of [`connection`] says when it is interrupted.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::{connection, listen};

/// How long to wait before a stream that ended is opened again.
const CONNECT_AGAIN: std::time::Duration = std::time::Duration::from_secs(3);

/// Opens the stream while the tab is visible and closes it while it is hidden.
pub(super) fn follow(url: String, on_message: impl Fn(&str) + 'static) {
    let on_message =
        Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            connection::resumed();
            if let Some(data) = event.data().as_string() {
                on_message(&data);
            }
        })
        .into_js_value();
    let stream = EventStream {
        url,
        open: RefCell::default(),
        on_message: on_message.unchecked_into(),
    };
    let stream = Rc::new(stream);
    stream.tune();
    listen(&document(), "visibilitychange", move |_: web_sys::Event| {
        stream.tune();
    });
}

/// A stream of events, open or to be opened.
struct EventStream {
    url: String,
    open: RefCell<Option<web_sys::EventSource>>,
    on_message: js_sys::Function,
}

impl EventStream {
    fn tune(self: &Rc<Self>) {
        if document().hidden() {
            if let Some(open) = self.open.take() {
                open.close();
            }
        } else if self.open.borrow().is_none() {
            let source = web_sys::EventSource::new(&self.url).ok();
            *self.open.borrow_mut() = source.inspect(|source| self.listen_to(source));
        }
    }

    fn listen_to(self: &Rc<Self>, source: &web_sys::EventSource) {
        source.set_onmessage(Some(&self.on_message));
        listen(source, "open", |_: web_sys::Event| connection::resumed());
        let stream = Rc::clone(self);
        listen(source, "error", move |_: web_sys::Event| stream.failed());
    }

    /// The browser connects again by itself, unless an answer that is not a stream has ended it, as that of a proxy whose
    /// server is down.
    fn failed(self: &Rc<Self>) {
        let closed =
            |source: &web_sys::EventSource| source.ready_state() == web_sys::EventSource::CLOSED;
        let Some(is_closed) = self.open.borrow().as_ref().map(closed) else {
            // The tab is hidden.
            return;
        };
        connection::interrupted();
        if is_closed {
            *self.open.borrow_mut() = None;
            let stream = Rc::clone(self);
            set_timeout(move || stream.tune(), CONNECT_AGAIN);
        }
    }
}
