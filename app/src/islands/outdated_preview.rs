//! Says so when something else is chosen than what the preview below is about, and holds its submit button
//! back until it is one again. Without this island the form still submits what the preview shows, and no more.

use leptos::prelude::*;

use super::{all, listen};

/// Watches the form `choose`, beside the section `preview`.
#[island]
pub fn OutdatedPreview() -> impl IntoView {
    let (outdated, mark) = signal(false);
    Effect::new(move |_| {
        let shown = chosen();
        listen(&document(), "input", move |_: web_sys::Event| {
            let differs = chosen() != shown;
            mark.set(differs);
            for part in all("#preview") {
                let _ = part.toggle_attribute_with_force("data-outdated", differs);
            }
            for button in all("#preview form button") {
                let _ = button.toggle_attribute_with_force("disabled", differs);
            }
        });
    });
    view! {
        <p role="status" data-outdated-note hidden=move || !outdated.get()>
            "You have chosen something else. Update the preview to see what that would do."
        </p>
    }
}

/// What the form holds now.
fn chosen() -> Vec<Option<String>> {
    all("#choose select, #choose input")
        .iter()
        .map(|field| {
            let value = js_sys::Reflect::get(field, &"value".into()).ok();
            value.and_then(|value| value.as_string())
        })
        .collect()
}
