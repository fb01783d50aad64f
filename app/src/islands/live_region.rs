//! The region of a page that is replaced as a whole when what it shows has changed. Keeps what somebody types, what is
//! unfolded, and the focus. Never changes anything outside of the region.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement};

use super::all;

const REGION: &str = "[data-live-page]";
/// The notice with a text whose form is no longer there.
const KEPT: &str = "[data-kept-draft]";
/// The notice that a decision would be about another effect.
const EFFECT_CHANGED: &str = "[data-effect-changed]";

/// What became of the region.
pub(super) enum Replaced {
    /// The new one has this key.
    With(String),
    /// A dialog in it is open.
    NotNow,
    /// The page has none, or the new page could not be read.
    Impossible,
}

/// Replaces the region by that of a new page of the same address.
pub(super) async fn replace() -> Replaced {
    let new = fetched().await;
    if first("dialog[open]").is_some() {
        return Replaced::NotNow;
    }
    let (Some(old), Some(new)) = (first(REGION), new) else {
        return Replaced::Impossible;
    };
    let key = new.get_attribute("data-key").unwrap_or_default();
    keep_unfolded(&old, &new);
    keep_told(&old, &new);
    let focused = document().active_element();
    let focused_id = focused.as_ref().map(Element::id);
    let effects = [&old, &new].map(effect_of);
    let mut drafted = false;
    for field in fields(&old) {
        drafted |= keep_draft(&new, &field);
    }
    if drafted && effects[0] != effects[1] {
        reveal(&new, EFFECT_CHANGED);
    }
    let _ = old.replace_with_with_node_1(&new);
    if let Some(element) = focused_id
        .filter(|id| !id.is_empty())
        .and_then(|id| document().get_element_by_id(&id))
        .and_then(|element| element.dyn_into::<HtmlElement>().ok())
    {
        let _ = element.focus();
    }
    Replaced::With(key)
}

/// Returns whether a form holds text that a reload would discard.
pub(super) fn drafts() -> bool {
    all("textarea, input[type=text]")
        .iter()
        .any(|field| is_draft(field))
}

fn is_draft(field: &Element) -> bool {
    property(field, "value") != property(field, "defaultValue")
}

fn property(element: &Element, name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(element, &name.into()).ok()
}

fn first(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// Returns the region of a new page. None if the page is another one now, such as the sign-in.
async fn fetched() -> Option<Element> {
    let href = window().location().href().ok()?;
    let answer = JsFuture::from(window().fetch_with_str(&href)).await.ok()?;
    let answer: web_sys::Response = answer.dyn_into().ok()?;
    if !answer.ok() || answer.redirected() {
        return None;
    }
    let html = JsFuture::from(answer.text().ok()?)
        .await
        .ok()?
        .as_string()?;
    // Never part of the document: nothing in it runs or loads.
    let page = document().create_element("div").ok()?;
    page.set_inner_html(&html);
    page.query_selector(REGION).ok().flatten()
}

fn within(region: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = region.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|at| list.item(at)?.dyn_into().ok())
        .collect()
}

fn fields(region: &Element) -> Vec<Element> {
    within(region, "textarea[id]")
}

/// Returns the effect that a decision in the region is bound to.
fn effect_of(region: &Element) -> Option<String> {
    let field = region.query_selector("input[name=effect]").ok()??;
    field.get_attribute("value")
}

/// Folds and unfolds the new region as the old one is.
fn keep_unfolded(old: &Element, new: &Element) {
    for details in within(old, "details[id]") {
        let Some(same) = same_in(new, &details) else {
            continue;
        };
        let _ = if details.has_attribute("open") {
            same.set_attribute("open", "")
        } else {
            same.remove_attribute("open")
        };
    }
}

/// Tells in the new region what the old one told whoever types: nothing else on the page holds it.
fn keep_told(old: &Element, new: &Element) {
    for selector in [KEPT, EFFECT_CHANGED] {
        let Ok(Some(told)) = old.query_selector(selector) else {
            continue;
        };
        if !told.has_attribute("hidden")
            && let Ok(Some(same)) = new.query_selector(selector)
        {
            let _ = same.replace_with_with_node_1(&told);
        }
    }
}

/// Moves a field with a draft into the new region, with its cursor. Returns whether it was one that the region still has. If
/// the region has none any more, the text is shown instead.
fn keep_draft(new: &Element, field: &Element) -> bool {
    if !is_draft(field) {
        return false;
    }
    if let Some(same) = same_in(new, field) {
        let _ = same.replace_with_with_node_1(field);
        return true;
    }
    let text = property(field, "value").and_then(|value| value.as_string());
    if let Ok(Some(place)) = new.query_selector("[data-kept-text]") {
        place.set_text_content(text.as_deref());
        reveal(new, KEPT);
    }
    false
}

fn same_in(region: &Element, element: &Element) -> Option<Element> {
    let selector = format!("#{}", element.id());
    region.query_selector(&selector).ok().flatten()
}

fn reveal(region: &Element, selector: &str) {
    if let Ok(Some(element)) = region.query_selector(selector) {
        let _ = element.remove_attribute("hidden");
    }
}
