//! A sentence about an entry of the ledger, with its names as links.

use leptos::prelude::*;

use super::directory_link;
use crate::backend::SentencePart;

#[component]
pub fn EntrySentence(sentence: Vec<SentencePart>) -> impl IntoView {
    let parts = sentence
        .into_iter()
        .map(|part| match part {
            SentencePart::Text(words) => view! { <span>{words}</span> }.into_any(),
            SentencePart::User { id, name } => directory_link(format!("/people/{id}"), name),
            SentencePart::Group { id, name } => directory_link(format!("/groups/{id}"), name),
            SentencePart::Account { id, name } => directory_link(format!("/accounts/{id}"), name),
            SentencePart::PermissionSet { key, name } => {
                directory_link(format!("/permission-sets/{key}"), name)
            }
            SentencePart::Change { id, name } => {
                view! { <a href=format!("/changes/{id}")>{name}</a> }.into_any()
            }
        })
        .collect_view();
    view! { <span data-sentence>{parts}</span> }.into_any()
}
