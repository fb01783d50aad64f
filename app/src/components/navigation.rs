//! The main navigation: a column on a wide screen, a `<details>` on a narrow one. The caller selects the entries by
//! permission.

use leptos::prelude::*;

use super::{Count, Glyph, Icon};

/// A navigation entry.
#[derive(Debug, Clone)]
pub struct NavItem {
    pub href: String,
    pub label: String,
    pub icon: Glyph,
    /// Whether the current page belongs to it.
    pub current: bool,
    /// The number of pending objects; `None` and 0 are not shown.
    pub count: Option<u32>,
}

/// The list of entries.
#[component]
pub fn Navigation(items: Vec<NavItem>) -> impl IntoView {
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
