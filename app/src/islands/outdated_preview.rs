//! Marks a preview as outdated and disables its submit button while the selection above differs from it. Without this
//! island the form still submits exactly what the preview shows.

use leptos::prelude::*;

use super::{all, listen};

/// Watches the form `choose` and marks the section `preview`.
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
            "The selection has changed. Update the preview to see its effect."
        </p>
    }
}

/// Returns the current values of the form.
fn chosen() -> Vec<Option<String>> {
    all("#choose select, #choose input, #choose textarea")
        .iter()
        .map(|field| {
            let value = js_sys::Reflect::get(field, &"value".into()).ok();
            value.and_then(|value| value.as_string())
        })
        .collect()
}
