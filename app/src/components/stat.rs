//! A key figure that links to the list it counts.

use leptos::prelude::*;

use super::{Glyph, Icon, Status};

/// A row of `Stat` components.
#[component]
pub fn Stats(children: Children) -> impl IntoView {
    view! { <div data-stats>{children()}</div> }.into_any()
}

/// A key figure.
#[component]
pub fn Stat(
    /// What is counted.
    #[prop(into)]
    label: String,
    /// The formatted number.
    #[prop(into)]
    value: String,
    /// The URL of the filtered list.
    #[prop(into)]
    href: String,
    /// The status of the icon, if the number is good or bad.
    #[prop(optional)]
    status: Option<Status>,
    /// A line that explains the number.
    #[prop(optional, into)]
    detail: Option<String>,
    /// The icon of a number that is known and not good, if it means something else than a warning.
    #[prop(default = Glyph::Warning)]
    glyph: Glyph,
) -> impl IntoView {
    let glyph = match status {
        Some(Status::Ok) => Some(Glyph::Check),
        Some(Status::Pending | Status::Danger) => Some(glyph),
        Some(Status::Drift) => Some(Glyph::Warning),
        _ => None,
    };
    view! {
        <a data-stat data-status=status.map(Status::token) href=href>
            <span data-label>{glyph.map(|glyph| view! { <Icon glyph /> })} <span>{label}</span></span>
            <span data-value>{value}</span>
            {detail.map(|detail| view! { <span data-detail>{detail}</span> })}
        </a>
    }
    .into_any()
}
