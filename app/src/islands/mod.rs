//! Islands: the only code shipped as WASM. They speed up pages that also work without them. Props are ids and labels,
//! never data that the page does not already show, and no island calls a server function.
//!
//! Failed browser calls (a missing element, denied storage) are ignored: the page still works.

pub mod connection;
mod event_stream;
pub mod live_preview;
mod live_region;
pub mod live_search;
pub mod live_status;
pub mod local_times;
pub mod new_entries;
pub mod outdated_preview;
pub mod palette;
pub mod row_tools;
pub mod shortcuts;
pub mod suggestions;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Returns whether a form control has the focus, which disables single-letter shortcuts.
fn typing() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.has_attribute("contenteditable")
    })
}

/// Returns all elements that match a selector, in document order.
fn all(selector: &str) -> Vec<web_sys::HtmlElement> {
    let Ok(list) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|i| list.item(i)?.dyn_into().ok())
        .collect()
}

/// Says something to screen readers, in the place that every page has for it.
fn say(words: &str) {
    for status in all("[data-said]") {
        status.set_text_content(Some(words));
    }
}

/// Returns the query that a form with these fields sends, without the empty ones.
fn query(fields: impl IntoIterator<Item = web_sys::HtmlElement>) -> String {
    let fields = fields.into_iter().filter_map(|field| {
        let of = |name: &str| js_sys::Reflect::get(&field, &name.into()).ok();
        let is_radio = field.get_attribute("type").as_deref() == Some("radio");
        let is_checked = of("checked")?.as_bool().unwrap_or(false);
        let value = of("value")?.as_string()?;
        let sent = (!is_radio || is_checked) && !value.is_empty();
        let value = String::from(js_sys::encode_uri_component(&value));
        sent.then(|| Some(format!("{}={value}", field.get_attribute("name")?)))?
    });
    fields.collect::<Vec<_>>().join("&")
}

/// Adds an event listener for the lifetime of the page; islands are never removed.
fn listen<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
    target: &web_sys::EventTarget,
    event: &str,
    handle: impl FnMut(E) + 'static,
) {
    let handle = Closure::<dyn FnMut(E)>::new(handle).into_js_value();
    let _ = target.add_event_listener_with_callback(event, handle.unchecked_ref());
}
