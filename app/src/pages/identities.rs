//! The list of identities: each sign-in, the Identity Center user that it is linked to, and the changes that settle what is
//! open.

use leptos::prelude::*;

use crate::{
    backend::{IdentityRow, IdentityStatus, ListPage, PortResult},
    components::{Crumb, Empty, FreshnessNotice, Glyph, ListView, Notice, PageHeader, Status},
    lists::{
        FilterKind, ListChoice,
        identities::{BY_HAND, CLAIMS, IDENTITIES, LINKED, STATUS, SUSPENDED, UNLINKED},
    },
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&IDENTITIES, &visit.url);
    let page = visit.backend.identities(&choice).await?;
    let mut context = super::draw_context(&visit);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("Identities", move || {
        let detail = "A sign-in is linked to a user by the ID they share, or by an approved change. Without a link, a person has read-only access. Linking and unlinking are changes, with a preview first.";
        context.order = all_linked(&choice, &page);
        let is_suspended =
            |row: &IdentityRow| matches!(row.status, IdentityStatus::Suspended { .. });
        let on_the_host = page.rows.iter().any(is_suspended).then(on_the_host);
        let well = none_of(&choice).filter(|_| page.total == 0);
        let well =
            well.map(|(title, text)| view! { <Empty title icon=Glyph::Check>{text}</Empty> });
        let list = ListView {
            list: &IDENTITIES,
            choice,
            dropped,
            page,
            context,
        };
        let body = list.draw_or(|| {
            view! {
                <Empty title="Nobody has signed in yet" icon=Glyph::People>
                    "A person appears here after the first sign-in."
                </Empty>
            }
            .into_any()
        });
        view! {
            <PageHeader title="Identities" crumbs=vec![Crumb::new("/people", "People")] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            {on_the_host}
            {well}
            {body}
        }
        .into_any()
    }))
}

/// Returns the order of the rows if every identity is linked, so that nothing is open.
fn all_linked(choice: &ListChoice, page: &ListPage<IdentityRow>) -> Option<&'static str> {
    let mut filters = IDENTITIES.filters.iter();
    let status = filters.position(|one| one.key == STATUS)?;
    let FilterKind::Options(options) = IDENTITIES.filters[status].kind else {
        return None;
    };
    let linked = options.iter().enumerate();
    let linked = linked.filter(|(_, option)| [BY_HAND, LINKED].contains(&option.value));
    let linked: usize = linked
        .filter_map(|(place, _)| page.counts.get(status, place))
        .sum();
    let by_hand = options.iter().position(|option| option.value == BY_HAND)?;
    let all = !choice.is_filtered() && page.known > 1 && linked == page.known;
    all.then(|| match page.counts.get(status, by_hand) {
        Some(0) => "All linked, by person",
        _ => "All linked, those by a change first",
    })
}

/// Renders how an identity is confirmed that differs from the directory, if no change can do it.
fn on_the_host() -> AnyView {
    view! {
        <Notice status=Status::Pending title="Suspended identities differ from the directory">
            <p>
                "A change that two people approve links an identity again. One of an identity alarm, or with a stored link that was altered, is confirmed on the host with "
                <code>"leastwise identity confirm"</code> "."
            </p>
        </Notice>
    }
    .into_any()
}

/// Returns what it means that no identity has a status, if that is good news.
fn none_of(choice: &ListChoice) -> Option<(&'static str, &'static str)> {
    let values = choice.values(STATUS);
    match values.as_slice() {
        _ if !choice.words.is_empty() => None,
        [UNLINKED] => Some((
            "Every identity has a user",
            "A sign-in whose keys lead to no single user of the directory appears here.",
        )),
        [CLAIMS] => Some((
            "No open claims",
            "A sign-in that leads to a user who is or was another identity appears here.",
        )),
        [SUSPENDED] => Some((
            "No identity is suspended",
            "An identity that differs from the directory appears here, with the difference.",
        )),
        [BY_HAND] => Some((
            "No link was made by a change",
            "Links that two people agreed to appear here.",
        )),
        _ => None,
    }
}
