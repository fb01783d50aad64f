//! The only code shipped as WASM. Islands add speed to pages that work without them: each takes ids and
//! labels as props, never data that the page did not already show, and calls no server function.
//!
//! Browser calls that fail (a missing element, a refused storage) are let go: the page below still works.

pub mod filter;
pub mod live_status;
pub mod outdated_preview;
pub mod palette;
pub mod shortcuts;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Whether what is typed now goes into a control; single-letter shortcuts keep out of its way.
fn typing() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.has_attribute("contenteditable")
    })
}

/// Every element that a selector finds, in document order.
fn all(selector: &str) -> Vec<web_sys::HtmlElement> {
    let Ok(list) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|i| list.item(i)?.dyn_into().ok())
        .collect()
}

/// Listens for as long as the page lives; islands are never taken off a page.
fn listen<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
    target: &web_sys::EventTarget,
    event: &str,
    handle: impl FnMut(E) + 'static,
) {
    let handle = Closure::<dyn FnMut(E)>::new(handle).into_js_value();
    let _ = target.add_event_listener_with_callback(event, handle.unchecked_ref());
}
