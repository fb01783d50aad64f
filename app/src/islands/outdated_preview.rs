//! Marks a preview as outdated and disables the button that submits it, with the reason beside it, while the form differs from
//! it. Without this island the server refuses what the preview does not show, and shows the preview of it.

use leptos::prelude::*;

use super::{all, listen, query};

/// Watches the fields in `data-previewed`, and marks the section `preview`.
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
            for button in all("#send button") {
                let _ = button.toggle_attribute_with_force("disabled", differs);
            }
        });
    });
}

/// Returns what the preview depends on.
fn chosen() -> String {
    query(all("[data-previewed] :is(select, input, textarea)"))
}
