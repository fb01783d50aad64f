//! Two empty states: no objects exist, and no object matches the filter. They must look different, so that a filter is
//! not mistaken for an absence of findings.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// The state in which no object of this kind exists.
#[component]
pub fn Empty(
    /// An icon for the kind of object.
    #[prop(default = Glyph::Inbox)]
    icon: Glyph,
    /// Such as "No groups".
    #[prop(into)]
    title: String,
    /// What appears here, and when; may contain a link.
    children: Children,
) -> impl IntoView {
    view! {
        <div data-empty>
            <Icon glyph=icon />
            <p class="font-semibold text-text">{title}</p>
            <p class="max-w-[48ch]">{children()}</p>
        </div>
    }
    .into_any()
}

/// The state in which no object matches the filter.
#[component]
pub fn EmptyFiltered(
    /// The plural noun, such as "accounts".
    #[prop(into)]
    noun: String,
    /// The URL of the list without the filter.
    #[prop(into)]
    clear_href: String,
) -> impl IntoView {
    view! {
        <div data-empty>
            <Icon glyph=Glyph::Filter />
            <p class="font-semibold text-text">"No " {noun} " match this filter"</p>
            <p><a href=clear_href>"Clear the filter"</a></p>
        </div>
    }
    .into_any()
}
