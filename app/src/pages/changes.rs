//! The list of changes: all changes for users who may see them, else the user's own.

use domain::authorize::Action;
use leptos::prelude::*;

use crate::{
    backend::PortResult,
    components::{ButtonKind, Empty, Glyph, LinkButton, ListView, PageHeader},
    lists::{ListChoice, changes::CHANGES},
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&CHANGES, &visit.url);
    let page = visit.backend.changes(&choice).await?;
    let context = super::draw_context(&visit);
    let sees_all = visit.backend.may(Action::SeeChanges).is_ok();
    let proposes = visit.backend.may(Action::ProposeOwn).is_ok();
    Ok(Page::new("Changes", move || {
        let detail = if sees_all {
            "All requested changes, in any state."
        } else {
            "All changes that you requested, in any state."
        };
        let new = proposes
            .then(|| view! { <LinkButton href="/changes/new" kind=ButtonKind::Primary icon=Glyph::Plus>"Request a change"</LinkButton> });
        let list = ListView {
            list: &CHANGES,
            choice,
            dropped,
            page,
            context,
        };
        let body = list.draw_or(|| {
            view! {
                <Empty title="No changes yet" icon=Glyph::Changes>
                    "Requested changes appear here, including those that are blocked by policy."
                </Empty>
            }
            .into_any()
        });
        view! {
            <PageHeader title="Changes" detail=view! { {detail} }.into_any() actions=view! { {new} }.into_any() />
            {body}
        }
        .into_any()
    }))
}
