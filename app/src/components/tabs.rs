//! Views of one object, each with a URL of its own: links in a `<nav>`, not the ARIA tab pattern, which is
//! for panels that swap without a page load.

use leptos::prelude::*;

use super::Count;

/// One view.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Its URL.
    pub href: String,
    /// Its words.
    pub label: String,
    /// Whether it is the one on screen.
    pub current: bool,
    /// How many things it holds, when that is worth saying.
    pub count: Option<u32>,
}

/// The row of links.
#[component]
pub fn Tabs(
    /// What the views are of.
    #[prop(into)]
    label: String,
    /// From left to right.
    tabs: Vec<Tab>,
) -> impl IntoView {
    let links = tabs
        .into_iter()
        .map(|tab| {
            view! {
                <li>
                    <a href=tab.href aria-current=tab.current.then_some("page")>
                        {tab.label}
                        {tab.count.map(|value| view! { <Count value /> })}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! { <nav data-tabs aria-label=label><ul>{links}</ul></nav> }.into_any()
}
