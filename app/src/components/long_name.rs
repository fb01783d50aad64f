//! Names as long as a directory allows: two lines of one are shown, and its title is the whole name.

use leptos::prelude::*;

/// The number of characters up to which a name is shown as it is.
const SHORT: usize = 60;

/// Renders a name.
pub fn clamped(name: String) -> AnyView {
    if name.chars().count() <= SHORT {
        return name.into_any();
    }
    let title = name.clone();
    view! { <span data-clamp title=title>{name}</span> }.into_any()
}
