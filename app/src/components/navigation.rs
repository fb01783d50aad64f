//! The one navigation: a column on a wide screen, a disclosure on a phone. It shows the entries that it is
//! given; who may see which is not decided here.

use leptos::prelude::*;

use super::{Count, Glyph, Icon};

/// One entry.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// Where it leads.
    pub href: String,
    /// Its words.
    pub label: String,
    /// Its icon.
    pub icon: Glyph,
    /// Whether the page on screen belongs to it.
    pub current: bool,
    /// How many things wait there; `None` or 0 draws nothing.
    pub count: Option<u32>,
}

/// The list of entries.
#[component]
pub fn Navigation(
    /// From top to bottom.
    items: Vec<NavItem>,
) -> impl IntoView {
    let entries = items
        .into_iter()
        .map(|item| {
            let count = item
                .count
                .filter(|n| *n > 0)
                .map(|value| view! { <Count value /> });
            view! {
                <li>
                    <a href=item.href aria-current=item.current.then_some("page")>
                        <Icon glyph=item.icon />
                        <span>{item.label}</span>
                        {count}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! { <ul data-nav>{entries}</ul> }.into_any()
}
