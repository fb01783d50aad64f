//! Cells that several lists show.

use domain::snapshot::Figure;
use leptos::prelude::*;

use crate::components::{Glyph, Icon};

/// Where findings are counted, below the heads of their columns. Where these have no room, once above the rows.
pub const IN_PRODUCTION_PCI: &str = "in production PCI";

/// A number. Zero stands back, and what is not known is said.
pub fn number(figure: Figure) -> AnyView {
    match figure {
        Figure::NotKnown => view! { <span class="text-muted">"Not known"</span> }.into_any(),
        Figure::Known(0) => view! { <span class="text-muted">"0"</span> }.into_any(),
        Figure::Known(some) => some.to_string().into_any(),
    }
}

/// A number that somebody should look at, with a link to what it counts.
pub fn exposed(figure: Figure, href: impl FnOnce() -> String) -> AnyView {
    match figure {
        Figure::Known(some) if some > 0 => {
            view! { <a href=href() class="font-semibold text-text">{some}</a> }.into_any()
        }
        other => number(other),
    }
}

/// A secondary text.
pub fn muted(text: impl Into<String>) -> AnyView {
    let text: String = text.into();
    view! { <span class="text-muted">{text}</span> }.into_any()
}

/// An id, with a button that copies it where the browser can.
pub fn id(value: impl Into<String>, what: &str) -> AnyView {
    let value: String = value.into();
    view! {
        <span data-id>
            <code>{value.clone()}</code>
            {copy(value, what)}
        </span>
    }
    .into_any()
}

/// A button that copies a value. Without JavaScript there is none.
pub fn copy(value: impl Into<String>, what: &str) -> AnyView {
    let value: String = value.into();
    let label = format!("Copy {what}");
    view! {
        <button type="button" data-copy=value aria-label=label.clone() title=label><Icon glyph=Glyph::Copy /></button>
    }
    .into_any()
}

/// A link to the console of AWS.
pub fn console_link(href: String, what: &str) -> AnyView {
    let label = format!("Open {what} in the AWS console");
    view! {
        <a href=href data-external target="_blank" rel="noreferrer" aria-label=label.clone() title=label>
            <Icon glyph=Glyph::External />
        </a>
    }
    .into_any()
}

/// What a row offers: the ids to copy, and its page in the AWS console.
pub fn row_links(links: Vec<AnyView>) -> AnyView {
    view! { <span data-row-links>{links}</span> }.into_any()
}
