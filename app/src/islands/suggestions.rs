//! Suggests values while somebody types into a field whose values are too many for a list: the browser's own list of an
//! input, filled by the server. Without JavaScript the field takes an exact name or ID.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use super::{all, listen, live_search};

/// Returns the `id` of the list of a field.
pub fn list_of(field: &str) -> String {
    format!("{field}-suggestions")
}

/// Fills the list of the input whose `id` is `field`, in a form of the kind `kind`.
#[island]
pub fn Suggestions(kind: String, field: String) -> impl IntoView {
    let (newest, set_newest) = signal(0_u32);
    Effect::new(move |_| {
        let (kind, field) = (kind.clone(), field.clone());
        listen(&document(), "input", move |event: web_sys::Event| {
            let Some(typed) = typed_into(&event, &field) else {
                return;
            };
            let number = newest.get_untracked() + 1;
            set_newest.set(number);
            let list = list_of(&field);
            let words = String::from(js_sys::encode_uri_component(&typed));
            let url = format!("/changes/new/suggestions.json?kind={kind}&field={field}&q={words}");
            wasm_bindgen_futures::spawn_local(async move {
                live_search::pause().await;
                if newest.get_untracked() != number {
                    return;
                }
                let found = live_search::fetched(&url).await;
                if newest.get_untracked() == number {
                    fill(&list, found.as_deref().unwrap_or("[]"));
                }
            });
        });
    });
}

/// Returns what was typed into a field; none if the event is about another one.
fn typed_into(event: &web_sys::Event, field: &str) -> Option<String> {
    let input: web_sys::HtmlInputElement = event.target()?.dyn_into().ok()?;
    (input.id() == field).then(|| input.value())
}

/// Shows the suggestions: a JSON array of `{"value", "label"}`.
fn fill(list: &str, found: &str) {
    let found = js_sys::JSON::parse(found).ok();
    let found: Option<js_sys::Array> = found.and_then(|found| found.dyn_into().ok());
    for list in all(&format!("#{list}")) {
        list.set_text_content(None);
        for one in found.iter().flat_map(js_sys::Array::iter) {
            if let Ok(option) = document().create_element("option") {
                for name in ["value", "label"] {
                    let text = js_sys::Reflect::get(&one, &JsValue::from_str(name)).ok();
                    let text = text.and_then(|text| text.as_string()).unwrap_or_default();
                    let _ = option.set_attribute(name, &text);
                }
                let _ = list.append_child(&option);
            }
        }
    }
}
