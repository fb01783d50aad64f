//! The header of every page: breadcrumb, the only `<h1>`, badges and actions.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// The number of characters from which a title is a sentence or a long name, in smaller letters.
const SENTENCE: usize = 60;
/// The number of characters up to which a title is shown in full. Beyond, a name is most of it.
const WHOLE: usize = 160;

/// A step of the breadcrumb. The current page is not part of it.
#[derive(Debug, Clone)]
pub struct Crumb {
    pub href: String,
    pub label: String,
}

impl Crumb {
    /// Creates a step.
    pub fn new(href: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            label: label.into(),
        }
    }
}

#[component]
pub fn PageHeader(
    /// The `<h1>`: the name of the object.
    #[prop(into)]
    title: String,
    /// The address of what the title names, if the page is a list with one item: the keys that go through a list find it.
    #[prop(optional, into)]
    item: Option<String>,
    /// From the outermost level inward.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// One line below the title, such as an id or a sentence.
    #[prop(optional)]
    detail: Option<AnyView>,
    /// Badges next to the title: environment, PCI scope, status.
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
    let characters = title.chars().count();
    let is_long = (characters > SENTENCE).then_some("");
    let is_clamped = (characters > WHOLE).then_some("");
    let full = is_clamped.map(|_| title.clone());
    let title = match item {
        None => title.into_any(),
        Some(href) => view! { <a href=href data-item aria-current="true">{title}</a> }.into_any(),
    };
    view! {
        <header data-page-header>
            {crumbs}
            <div class="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
                <div class="min-w-0">
                    <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
                        <h1 data-long=is_long title=full><bdi dir="ltr" data-clamp=is_clamped>{title}</bdi></h1>
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

/// A bordered section of a page with its own heading.
#[component]
pub fn Section(
    /// The `<h2>`.
    #[prop(into)]
    title: String,
    /// A muted line next to the heading.
    #[prop(optional, into)]
    detail: Option<String>,
    /// Links or buttons on the right of the heading.
    #[prop(optional)]
    actions: Option<AnyView>,
    /// Tables have no padding; other content needs an element with `data-body`.
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
