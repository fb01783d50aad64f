//! Facts about one object, as terms and values.

use leptos::prelude::*;

/// The list; its children are `Definition`s.
#[component]
pub fn DefinitionList(
    /// `Definition` after `Definition`.
    children: Children,
) -> impl IntoView {
    view! { <dl data-definitions>{children()}</dl> }.into_any()
}

/// One fact.
#[component]
pub fn Definition(
    /// What it is.
    #[prop(into)]
    term: String,
    /// Its value.
    children: Children,
) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children()}</dd>
        </div>
    }
    .into_any()
}
