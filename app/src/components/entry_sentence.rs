//! A sentence about an entry of the ledger, with its names as links.

use leptos::prelude::*;

use super::directory_link;
use crate::backend::SentencePart;

/// The number of characters up to which a name stays on one line: it does not break at its hyphens.
const KEPT: usize = 24;

#[component]
pub fn EntrySentence(sentence: Vec<SentencePart>) -> impl IntoView {
    let parts = sentence
        .into_iter()
        .map(|part| match part {
            SentencePart::Text(words) => view! { <span>{words}</span> }.into_any(),
            SentencePart::User { id, name } => named(format!("/people/{id}"), name),
            SentencePart::Group { id, name } => named(format!("/groups/{id}"), name),
            SentencePart::Account { id, name } => named(format!("/accounts/{id}"), name),
            SentencePart::PermissionSet { key, name } => {
                named(format!("/permission-sets/{key}"), name)
            }
            SentencePart::Change { id, name } => {
                view! { <a href=format!("/changes/{id}")>{name}</a> }.into_any()
            }
        })
        .collect_view();
    view! { <span data-sentence>{parts}</span> }.into_any()
}

/// Renders a name as a link.
fn named(href: String, name: String) -> AnyView {
    let is_short = name.chars().count() <= KEPT;
    let link = directory_link(href, name);
    if is_short {
        view! { <span data-keep>{link}</span> }.into_any()
    } else {
        link
    }
}
