//! Three empty states: no objects exist, no object matches the filter, and nothing was read. They must look different, so
//! that neither a filter nor a failed read is mistaken for an absence.

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

/// The state in which nothing was read, so that it is not known whether an object of this kind exists.
#[component]
pub fn NotKnown(
    /// What was not read, as the subject of a sentence, such as "The list of users".
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! {
        <div data-empty>
            <Icon glyph=Glyph::Warning />
            <p class="font-semibold text-text">"Not known"</p>
            <p class="max-w-[48ch]">{what} " has not been read from AWS yet. The notice at the top of the page says why."</p>
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
