//! What every page opens with: breadcrumb, the one `<h1>`, marks beside it, actions.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// One step of the breadcrumb, from the outside in. The page itself is not one.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// Where it leads.
    pub href: String,
    /// Its words.
    pub label: String,
}

impl Crumb {
    /// A step.
    pub fn new(href: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            label: label.into(),
        }
    }
}

/// Breadcrumb, title, marks, actions.
#[component]
pub fn PageHeader(
    /// The object's name: `<h1>`.
    #[prop(into)]
    title: String,
    /// From the outside in.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// One line under the title: an id, an owner, a sentence.
    #[prop(optional)]
    detail: Option<AnyView>,
    /// Environment, PCI, status: beside the title.
    #[prop(optional)]
    marks: Option<AnyView>,
    /// Buttons on the right.
    #[prop(optional)]
    actions: Option<AnyView>,
) -> impl IntoView {
    let crumbs = (!crumbs.is_empty()).then(|| {
        let steps = crumbs
            .into_iter()
            .map(|crumb| {
                view! {
                    <li>
                        <a href=crumb.href>{crumb.label}</a>
                        <Icon glyph=Glyph::ChevronRight />
                    </li>
                }
            })
            .collect_view();
        view! { <nav aria-label="Breadcrumb" data-crumbs><ol>{steps}</ol></nav> }
    });
    view! {
        <header data-page-header>
            {crumbs}
            <div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
                <div class="min-w-0">
                    <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
                        <h1>{title}</h1>
                        {marks}
                    </div>
                    {detail.map(|detail| view! { <div class="text-muted mt-1 max-w-[72ch]">{detail}</div> })}
                </div>
                {actions.map(|actions| view! { <div class="flex flex-wrap items-center gap-2">{actions}</div> })}
            </div>
        </header>
    }
    .into_any()
}

/// A part of a page with a heading of its own, and a border around it.
#[component]
pub fn Section(
    /// `<h2>`.
    #[prop(into)]
    title: String,
    /// One muted line beside the heading.
    #[prop(optional, into)]
    detail: Option<String>,
    /// Links or buttons on the right of the heading.
    #[prop(optional)]
    actions: Option<AnyView>,
    /// Tables sit flush; everything else is padded by `data-body`.
    children: Children,
) -> impl IntoView {
    view! {
        <section data-card>
            <header>
                <div class="flex flex-wrap items-baseline gap-x-3 min-w-0">
                    <h2>{title}</h2>
                    {detail.map(|detail| view! { <span class="text-muted">{detail}</span> })}
                </div>
                {actions.map(|actions| view! { <div class="flex items-center gap-2">{actions}</div> })}
            </header>
            {children()}
        </section>
    }
    .into_any()
}
