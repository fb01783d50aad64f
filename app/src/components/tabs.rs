//! Links to the views of one object, each with its own URL. A `<nav>` and not the ARIA tab pattern, which is for panels
//! that switch without a page load.

use leptos::prelude::*;

use super::Count;

/// A tab, which links to one view of the object.
#[derive(Debug, Clone)]
pub struct Tab {
    pub href: String,
    pub label: String,
    /// Whether it is the current view.
    pub current: bool,
    /// The number of objects in the view, if it is to be shown.
    pub count: Option<u32>,
}

/// The row of links.
#[component]
pub fn Tabs(
    /// The accessible name of the navigation.
    #[prop(into)]
    label: String,
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
