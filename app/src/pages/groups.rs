//! The list of groups.

use domain::snapshot::Knowledge;
use leptos::prelude::*;

use crate::{
    backend::PortResult,
    components::{Empty, FreshnessNotice, Glyph, ListView, NotKnown, PageHeader},
    lists::{ListChoice, groups::GROUPS},
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&GROUPS, &visit.url);
    let page = visit.backend.groups(&choice).await?;
    let context = super::draw_context(&visit);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("Groups", move || {
        let groups = freshness.lists.groups;
        let list = ListView {
            list: &GROUPS,
            choice,
            dropped,
            page,
            context,
        };
        let body = match (list.is_empty(), groups) {
            (true, Knowledge::NeverRead) => view! { <NotKnown what="The list of groups" /> }.into_any(),
            (true, Knowledge::Read) => view! { <Empty title="No groups" icon=Glyph::Groups>"Identity Center groups appear after the first read."</Empty> }.into_any(),
            (false, _) => list.draw(),
        };
        view! {
            <PageHeader title="Groups" detail=view! { "Every member of a group has all access that is assigned to it." }.into_any() />
            <FreshnessNotice freshness now />
            {body}
        }
        .into_any()
    }))
}
