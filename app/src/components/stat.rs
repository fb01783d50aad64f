//! A number that matters, with the link to the list that produces it.

use leptos::prelude::*;

use super::{Glyph, Icon, Status};

/// The row that holds them.
#[component]
pub fn Stats(
    /// `Stat` after `Stat`.
    children: Children,
) -> impl IntoView {
    view! { <div data-stats>{children()}</div> }.into_any()
}

/// One number.
#[component]
pub fn Stat(
    /// What is counted.
    #[prop(into)]
    label: String,
    /// The number, as it is to be read.
    #[prop(into)]
    value: String,
    /// The filtered list behind it.
    #[prop(into)]
    href: String,
    /// Colours the glyph when the number is good or bad.
    #[prop(optional)]
    status: Option<Status>,
    /// One line on what it means or how it moved.
    #[prop(optional, into)]
    detail: Option<String>,
) -> impl IntoView {
    let glyph = match status {
        Some(Status::Ok) => Some(Glyph::Check),
        Some(Status::Danger | Status::Drift) => Some(Glyph::Warning),
        Some(Status::Pending) => Some(Glyph::Clock),
        _ => None,
    };
    view! {
        <a data-stat data-status=status.map(Status::token) href=href>
            <span data-label>{label} {glyph.map(|glyph| view! { <Icon glyph /> })}</span>
            <span data-value>{value}</span>
            {detail.map(|detail| view! { <span data-detail>{detail}</span> })}
        </a>
    }
    .into_any()
}
