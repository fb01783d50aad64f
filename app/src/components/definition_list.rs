//! A list of terms and values that describe one object.

use leptos::prelude::*;

#[component]
pub fn DefinitionList(
    /// `Definition` components.
    children: Children,
) -> impl IntoView {
    view! { <dl data-definitions>{children()}</dl> }.into_any()
}

/// A term and its value.
#[component]
pub fn Definition(#[prop(into)] term: String, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children()}</dd>
        </div>
    }
    .into_any()
}
