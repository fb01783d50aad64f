//! Shows beside the form of a new change what it would do as it is filled in: asks the server for the page of what is chosen,
//! and replaces the preview and what depends on it by those of the answer. Never sends what somebody typed as a reason.
//! Without this island a button does the same.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{all, listen, live_search, query, say};

/// What is replaced: all that depends on other fields.
const PARTS: [&str; 5] = [
    "#dependent",
    "#term",
    "[data-field]:has(> select#set)",
    "#preview",
    "#send",
];

/// Watches the fields in `#selection`, and hides the button that it replaces.
#[island]
pub fn LivePreview() -> impl IntoView {
    Effect::new(|_| {
        let shown = Rc::new(RefCell::new(chosen()));
        let busy = Rc::new(Cell::new(false));
        for button in all("[data-without-script]") {
            let _ = button.set_attribute("hidden", "");
        }
        for event in ["input", "change"] {
            let (shown, busy) = (Rc::clone(&shown), Rc::clone(&busy));
            listen(&document(), event, move |event: web_sys::Event| {
                if is_unfinished(&event) || chosen() == *shown.borrow() || busy.get() {
                    return;
                }
                busy.set(true);
                outdated(true);
                say("The preview is being updated.");
                let (shown, busy) = (Rc::clone(&shown), Rc::clone(&busy));
                wasm_bindgen_futures::spawn_local(async move {
                    catch_up(&shown).await;
                    busy.set(false);
                });
            });
        }
    });
}

/// Returns whether somebody is typing the name of something into a field with suggestions, and has not chosen it yet.
fn is_unfinished(event: &web_sys::Event) -> bool {
    let input = event.target().and_then(|target| target.dyn_into().ok());
    let Some(input): Option<web_sys::HtmlInputElement> = input else {
        return false;
    };
    let Some(list) = input
        .get_attribute("list")
        .filter(|_| event.type_() == "input")
    else {
        return false;
    };
    let typed = Some(input.value());
    let suggested = all(&format!("#{list} option"));
    !suggested
        .iter()
        .any(|option| option.get_attribute("value") == typed)
}

/// Asks until the preview is that of what is chosen.
async fn catch_up(shown: &RefCell<String>) {
    loop {
        live_search::pause().await;
        let query = chosen();
        if query != *shown.borrow() {
            let url = format!("/changes/new?{query}");
            let Some(page) = live_search::fetched(&url).await else {
                // Whoever is not signed in any more, or whom the server does not answer, has the button.
                for button in all("[data-without-script]") {
                    let _ = button.remove_attribute("hidden");
                }
                say("The preview could not be updated. Use the button.");
                return;
            };
            shown.replace(query.clone());
            if chosen() != query {
                continue;
            }
            replace(&page);
            if let Ok(history) = window().history() {
                let _ =
                    history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&url));
            }
        }
        if chosen() == *shown.borrow() {
            outdated(false);
            say("The preview is up to date.");
            return;
        }
    }
}

/// Marks the preview, and disables what submits it, as long as something else is chosen.
fn outdated(is: bool) {
    for part in all("#preview") {
        let _ = part.toggle_attribute_with_force("data-outdated", is);
    }
    for button in all("#send button") {
        let _ = button.toggle_attribute_with_force("disabled", is);
    }
}

/// Returns the query of what is chosen.
fn chosen() -> String {
    query(all("#selection input, #selection select"))
}

fn replace(page: &str) {
    for part in PARTS {
        let Some(new) = live_search::found(page, part) else {
            continue;
        };
        let focused = document().active_element();
        for old in all(part) {
            // Somebody is about to change it, and the next answer brings the rest.
            if !focused
                .as_ref()
                .is_some_and(|focused| old.contains(Some(focused)))
            {
                let _ = old.replace_with_with_node_1(&new);
            }
        }
    }
}
