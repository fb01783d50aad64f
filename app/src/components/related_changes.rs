//! Other changes of what a form is about: the same request that waits, and what somebody else changed a moment ago.
//! Informs only; whether a second request is accepted is decided by the service.

use domain::time::Timestamp;
use leptos::prelude::*;

use super::{Glyph, Notice, Status, Time};
use crate::backend::{RelatedChange, Relation};

/// The notices, with links to the changes.
#[component]
pub fn RelatedChanges(related: Vec<RelatedChange>, now: Timestamp) -> impl IntoView {
    let (meanwhile, waiting): (Vec<_>, Vec<_>) = related
        .into_iter()
        .partition(|one| one.relation == Relation::ChangedMeanwhile);
    let (own, waiting): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .partition(|one| one.relation == Relation::OwnWaiting);
    let list = move |all: Vec<RelatedChange>| {
        let rows = all.into_iter().map(move |one| {
            let href = format!("/changes/{}", one.id);
            view! { <li><a href=href>{one.title.in_words()}</a> ", by " {one.requester} ", " <Time at=one.at now /></li> }
        });
        view! { <ul>{rows.collect_view()}</ul> }
    };
    let own = (!own.is_empty()).then(|| {
        view! {
            <Notice status=Status::Pending title="You have already requested exactly this" glyph=Glyph::Approval>
                {list(own)}
                <p class="mt-2">"It waits for approval, and a second request for the same is not accepted. If you need it for something else, state another ticket."</p>
            </Notice>
        }
    });
    let waiting = (!waiting.is_empty()).then(|| {
        view! {
            <Notice status=Status::Pending title="The same change already waits for approval" glyph=Glyph::Approval>{list(waiting)}</Notice>
        }
    });
    let meanwhile = (!meanwhile.is_empty()).then(|| {
        view! {
            <Notice status=Status::Info title="Somebody else changed this within the last hour">{list(meanwhile)}</Notice>
        }
    });
    view! { {own} {waiting} {meanwhile} }.into_any()
}
