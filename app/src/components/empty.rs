//! The two kinds of nothing: there never was any, and the filter left none. They must not look alike, or
//! somebody takes a filter for an all-clear.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// There is nothing of this kind.
#[component]
pub fn Empty(
    /// An icon for the kind of thing.
    #[prop(default = Glyph::Inbox)]
    icon: Glyph,
    /// "Nothing waits for you".
    #[prop(into)]
    title: String,
    /// What would appear here, and how; may hold a link.
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

/// The filter leaves nothing.
#[component]
pub fn EmptyFiltered(
    /// "accounts".
    #[prop(into)]
    noun: String,
    /// The list without its filter.
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
