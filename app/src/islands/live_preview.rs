//! Shows beside the form of a new change what it would do as it is filled in: asks the server for the page of what is chosen,
//! and replaces the preview and what depends on it by those of the answer. Never sends what somebody typed as a reason.
//! Without this island a button does the same.

use leptos::prelude::*;

use super::{all, listen, live_search};

/// What is replaced.
const PARTS: [&str; 3] = ["dependent", "preview", "send"];

/// Watches the fields in `#selection`, and hides the button that it replaces.
#[island]
pub fn LivePreview() -> impl IntoView {
    let (said, say) = signal("");
    Effect::new(move |_| {
        let shown = StoredValue::new(chosen());
        let busy = StoredValue::new(false);
        for button in all("[data-without-script]") {
            let _ = button.set_attribute("hidden", "");
        }
        for event in ["input", "change"] {
            listen(&document(), event, move |_: web_sys::Event| {
                if chosen() == shown.get_value() || busy.get_value() {
                    return;
                }
                busy.set_value(true);
                outdated(true);
                say.set("The preview is being updated.");
                wasm_bindgen_futures::spawn_local(async move {
                    catch_up(shown, say).await;
                    busy.set_value(false);
                });
            });
        }
    });
    view! { <p role="status" class="sr-only">{said}</p> }
}

/// Asks until the preview is that of what is chosen.
async fn catch_up(shown: StoredValue<String>, say: WriteSignal<&'static str>) {
    loop {
        live_search::pause().await;
        let query = chosen();
        if query != shown.get_value() {
            let url = format!("/changes/new?{query}");
            let Some(page) = live_search::fetched(&url).await else {
                // Whoever is not signed in any more, or whom the server does not answer, has the button.
                for button in all("[data-without-script]") {
                    let _ = button.remove_attribute("hidden");
                }
                say.set("The preview could not be updated. Use the button.");
                return;
            };
            shown.set_value(query.clone());
            if chosen() != query {
                continue;
            }
            replace(&page);
            if let Ok(history) = window().history() {
                let _ =
                    history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&url));
            }
        }
        if chosen() == shown.get_value() {
            outdated(false);
            say.set("The preview is up to date.");
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
    let fields = all("#selection input, #selection select");
    let fields = fields.iter().filter_map(|field| {
        let of = |name: &str| js_sys::Reflect::get(field, &name.into()).ok();
        let is_radio = field.get_attribute("type").as_deref() == Some("radio");
        let is_checked = of("checked")?.as_bool().unwrap_or(false);
        let value = of("value")?.as_string()?;
        let sent = (!is_radio || is_checked) && !value.is_empty();
        let value = String::from(js_sys::encode_uri_component(&value));
        sent.then(|| Some(format!("{}={value}", field.get_attribute("name")?)))?
    });
    fields.collect::<Vec<_>>().join("&")
}

fn replace(page: &str) {
    for part in PARTS {
        let selector = format!("#{part}");
        let Some(new) = live_search::found(page, &selector) else {
            continue;
        };
        let focused = document().active_element();
        for old in all(&selector) {
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
