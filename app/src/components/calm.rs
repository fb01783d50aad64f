//! A line that says that nothing needs attention, where a section with an empty table would take a quarter of the page.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// The line, with a check mark.
#[component]
pub fn Calm(children: Children) -> impl IntoView {
    view! { <p data-calm><Icon glyph=Glyph::Check /> <span>{children()}</span></p> }.into_any()
}
