//! The list of people in the directory, with counts of their access.

use domain::snapshot::Knowledge;
use leptos::prelude::*;

use crate::{
    backend::PortResult,
    components::{Empty, FreshnessNotice, Glyph, LinkButton, ListView, NotKnown, PageHeader},
    lists::{ListChoice, people::PEOPLE},
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&PEOPLE, &visit.url);
    let page = visit.backend.people(&choice).await?;
    let context = super::draw_context(&visit);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("People", move || {
        let users = freshness.lists.users;
        let list = ListView {
            list: &PEOPLE,
            choice,
            dropped,
            page,
            context,
        };
        let body = match (list.is_empty(), users) {
            (true, Knowledge::NeverRead) => view! { <NotKnown what="The list of users" /> }.into_any(),
            (true, Knowledge::Read) => view! { <Empty title="No users" icon=Glyph::People>"Identity Center users appear after the first read."</Empty> }.into_any(),
            (false, _) => list.draw(),
        };
        let identities = view! { <LinkButton href="/identities">"Sign-ins and links"</LinkButton> };
        view! {
            <PageHeader title="People" detail=view! { "All users in the directory and the accounts that they can reach by any path." }.into_any() actions=identities.into_any() />
            <FreshnessNotice freshness now />
            {body}
        }
        .into_any()
    }))
}
