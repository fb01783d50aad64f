//! Other changes of what a form is about: the same request that waits, and what somebody else changed a moment ago.
//! Informs only; whether a second request is accepted is decided by the service.

use domain::time::Timestamp;
use leptos::prelude::*;

use super::{Notice, Status, Time};
use crate::backend::{RelatedChange, Relation};

/// The notices, with links to the changes.
#[component]
pub fn RelatedChanges(related: Vec<RelatedChange>, now: Timestamp) -> impl IntoView {
    let (waiting, meanwhile): (Vec<_>, Vec<_>) = related
        .into_iter()
        .partition(|one| one.relation == Relation::SameWaiting);
    let list = move |all: Vec<RelatedChange>| {
        let rows = all.into_iter().map(move |one| {
            let href = format!("/changes/{}", one.id);
            view! { <li><a href=href>{one.title.in_words()}</a> ", by " {one.requester} ", " <Time at=one.at now /></li> }
        });
        view! { <ul>{rows.collect_view()}</ul> }
    };
    let waiting = (!waiting.is_empty()).then(|| {
        view! {
            <Notice status=Status::Pending title="The same change already waits for approval">{list(waiting)}</Notice>
        }
    });
    let meanwhile = (!meanwhile.is_empty()).then(|| {
        view! {
            <Notice status=Status::Info title="Somebody else changed this within the last hour">{list(meanwhile)}</Notice>
        }
    });
    view! { {waiting} {meanwhile} }.into_any()
}
