//! A status that is updated by server-sent events.
//!
//! When the state changes, the region of the page that shows it is replaced as a whole by the one of a new page, so that no
//! part of it is newer than another. What somebody types, unfolded or focused stays.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;

use super::{event_stream::follow, listen, live_region};

/// How long to wait before the page is asked again for a state that it does not have yet.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(700);
/// How often it is asked: a page of another process may never have exactly this state.
const ATTEMPTS: u8 = 4;

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
        let followed = Rc::new(Followed {
            state: RefCell::new(state.clone()),
            wanted: RefCell::default(),
            asking: Cell::new(false),
            sent: Cell::new(false),
            set_words,
            mark,
        });
        let sending = Rc::clone(&followed);
        // A reload would cancel a form submission in progress.
        listen(&document(), "submit", move |_: web_sys::Event| {
            sending.sent.set(true);
        });
        follow(url.clone(), move |data: &str| {
            let (key, text) = data.split_once('\n').unwrap_or((data, ""));
            followed.hears(key, text);
        });
    });
    view! {
        <span role="status">
            {words}
            <a href="" hidden=move || !outdated.get()>" This change was updated. Reload to see the current state."</a>
        </span>
    }
}

/// What is shown, and what was heard.
struct Followed {
    state: RefCell<String>,
    /// The newest key and its text.
    wanted: RefCell<(String, String)>,
    /// Whether a new page is on its way.
    asking: Cell<bool>,
    /// Whether a form was sent.
    sent: Cell<bool>,
    set_words: WriteSignal<String>,
    mark: WriteSignal<bool>,
}

impl Followed {
    fn hears(self: &Rc<Self>, key: &str, text: &str) {
        if self.sent.get() {
            return;
        }
        *self.wanted.borrow_mut() = (key.to_owned(), text.to_owned());
        if self.is_current() {
            self.set_words.set(text.to_owned());
        } else if !self.asking.replace(true) {
            ask(Rc::clone(self), ATTEMPTS);
        }
    }

    fn is_current(&self) -> bool {
        *self.state.borrow() == self.wanted.borrow().0
    }

    /// Shows what a new page says, or reloads if it cannot be shown in place of the old one.
    async fn catch_up(self: Rc<Self>, attempts: u8) {
        let replaced = live_region::replace().await;
        if self.sent.get() {
            return;
        }
        let left = match replaced {
            live_region::Replaced::With(key) => {
                *self.state.borrow_mut() = key;
                self.set_words.set(self.wanted.borrow().1.clone());
                attempts.saturating_sub(1)
            }
            // A dialog is open; it is nobody's fault.
            live_region::Replaced::NotNow => attempts,
            live_region::Replaced::Impossible if live_region::drafts() => {
                self.mark.set(true);
                0
            }
            live_region::Replaced::Impossible => {
                let _ = window().location().reload();
                return;
            }
        };
        if self.is_current() || left == 0 {
            self.asking.set(false);
        } else {
            set_timeout(move || ask(self, left), AGAIN);
        }
    }
}

fn ask(followed: Rc<Followed>, attempts: u8) {
    wasm_bindgen_futures::spawn_local(followed.catch_up(attempts));
}
