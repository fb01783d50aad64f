//! Searches while typing: asks the server for the page of the form, and replaces the results by those of the answer, so
//! that typing shows exactly what Enter shows. Without JavaScript, Enter sends the form.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::{all, local_times::complete, query};

/// How long a pause in typing is, in milliseconds.
const PAUSE: i32 = 150;

/// The search box of a form with the method GET.
#[island]
pub fn LiveSearch(
    /// The name of the field.
    name: String,
    /// The current search.
    value: String,
    /// The accessible name and placeholder, such as "Search accounts".
    label: String,
    /// The `id` of what shows the results.
    results: String,
) -> impl IntoView {
    let input = NodeRef::<leptos::html::Input>::new();
    let (newest, set_newest) = signal(0_u32);
    let search = move |_: leptos::ev::Event| {
        let number = newest.get_untracked() + 1;
        set_newest.set(number);
        let results = results.clone();
        wasm_bindgen_futures::spawn_local(async move {
            pause().await;
            let is_newest = || newest.get_untracked() == number;
            if !is_newest() {
                return;
            }
            let Some(url) = input.get_untracked().and_then(|input| address(&input)) else {
                return;
            };
            let Some(text) = fetched(&url).await else {
                return;
            };
            if is_newest() {
                show(&results, &text, &url);
            }
        });
    };
    view! {
        <input node_ref=input type="search" name=name value=value placeholder=label.clone() aria-label=label autocomplete="off" on:input=search />
    }
}

/// Waits for a pause in typing.
pub(super) async fn pause() {
    let waits = js_sys::Promise::new(&mut |done, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, PAUSE);
    });
    let _ = JsFuture::from(waits).await;
}

/// Returns the address that the form of an input leads to.
fn address(input: &web_sys::HtmlInputElement) -> Option<String> {
    let form = input.form()?;
    let fields = all("input").into_iter();
    let query = query(fields.filter(|field| form.contains(Some(field))));
    let path = form.get_attribute("action")?;
    Some(if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    })
}

/// Returns the text of a page of ours.
pub(super) async fn fetched(url: &str) -> Option<String> {
    let response = JsFuture::from(window().fetch_with_str(url)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    // A redirect leads to the sign-in, whose page has no results.
    if !response.ok() || response.redirected() {
        return None;
    }
    JsFuture::from(response.text().ok()?)
        .await
        .ok()?
        .as_string()
}

/// Replaces the results by those of a page, and the address by that of the page.
fn show(results: &str, page: &str, url: &str) {
    let selector = format!("#{results}");
    if let (Some(new), Some(old)) = (found(page, &selector), all(&selector).first()) {
        let _ = old.replace_with_with_node_1(&new);
        complete();
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(url));
        }
    }
}

/// Returns an element of a page. The page is our own, and a template runs nothing.
pub(super) fn found(page: &str, selector: &str) -> Option<web_sys::Element> {
    let template = document().create_element("template").ok()?;
    template.set_inner_html(page);
    let template: &web_sys::HtmlTemplateElement = template.dyn_ref()?;
    template.content().query_selector(selector).ok().flatten()
}
