//! Marks a preview as outdated and disables its submit button while the selection above differs from it. Without this
//! island the form still submits exactly what the preview shows.

use leptos::prelude::*;

use super::{all, listen, query};

/// Watches the form `choose` and marks the section `preview`.
#[island]
pub fn OutdatedPreview() -> impl IntoView {
    Effect::new(|_| {
        let shown = chosen();
        listen(&document(), "input", move |_: web_sys::Event| {
            let differs = chosen() != shown;
            for note in all("[data-outdated-note]") {
                let _ = note.toggle_attribute_with_force("hidden", !differs);
            }
            for part in all("#preview") {
                let _ = part.toggle_attribute_with_force("data-outdated", differs);
            }
            for button in all("#preview form button") {
                let _ = button.toggle_attribute_with_force("disabled", differs);
            }
        });
    });
    view! {
        <p role="status" data-outdated-note hidden>
            "The selection has changed. Update the preview to see its effect."
        </p>
    }
}

/// Returns what the form holds.
fn chosen() -> String {
    query(all("#choose select, #choose input, #choose textarea"))
}
