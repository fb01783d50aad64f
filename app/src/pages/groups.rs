//! The list of groups.

use domain::snapshot::Knowledge;
use leptos::prelude::*;

use crate::{
    backend::{GroupRow, ListQuery, ListsRead, Page as Rows, PortResult},
    components::{
        Column, Empty, EmptyFiltered, FreshnessNotice, Glyph, ListBar, NotKnown, PageHeader,
        Status, StatusBadge, Table, list_href, pages,
    },
    routes::{Page, Visit},
};

use super::filters::{UnknownFilter, chips_of, holds, known_query};

/// The filters of the list.
const FILTERS: [(&str, &str); 4] = [
    ("", "All"),
    ("production-pci", "Access to production PCI"),
    ("external", "From the identity provider"),
    ("empty", "Empty"),
];

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (query, unknown) = known_query(&visit, |only| holds(&FILTERS, only));
    let groups = visit.backend.groups(&query).await?;
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let lists = freshness.lists;
    Ok(Page::new("Groups", move || {
        view! {
            <PageHeader title="Groups" detail=view! { "Every member of a group has all access that is assigned to it." }.into_any() />
            {unknown.map(UnknownFilter::notice)}
            <FreshnessNotice freshness now />
            {draw(query, groups, lists)}
        }
        .into_any()
    }))
}

fn draw(query: ListQuery, groups: Rows<GroupRow>, lists: ListsRead) -> AnyView {
    if groups.total == 0 && lists.groups == Knowledge::NeverRead {
        return view! { <NotKnown what="The list of groups" /> }.into_any();
    }
    if groups.total == 0 && query.words.is_empty() && query.only.is_none() {
        return view! { <Empty title="No groups" icon=Glyph::Groups>"Identity Center groups appear after the first read."</Empty> }.into_any();
    }
    let chips = chips_of(&FILTERS);
    let place = (&groups).into();
    let table = (groups.pages() == 1 && query.words.is_empty()).then_some("groups");
    let bar = view! { <ListBar path="/groups" query=query.clone() chips label="Search groups" table=table /> };
    if groups.total == 0 {
        return view! { {bar} <EmptyFiltered noun="groups" clear_href="/groups" /> }.into_any();
    }
    let columns = vec![
        Column::new("Name"),
        Column::new("Managed by").wide_only(),
        Column::new("Members").numeric(),
        Column::new("Accounts").numeric(),
        Column::new("Production PCI").numeric(),
    ];
    let rows = groups.rows.into_iter().map(row).collect_view();
    view! {
        {bar}
        <div data-card>
            <Table caption="Groups" columns id="groups">{rows}</Table>
            {pages(place, "groups", move |page| list_href("/groups", &query.words, query.only.as_deref(), page))}
        </div>
    }
    .into_any()
}

fn row(row: GroupRow) -> impl IntoView {
    let GroupRow {
        id,
        name,
        origin,
        members,
        accounts,
        production_pci,
    } = row;
    let kept = match origin {
        domain::directory::Origin::IdentityCenter => "Identity Center",
        domain::directory::Origin::External => "Identity provider",
    };
    let waits = (members == 0 && accounts > 0).then(
        || view! { " " <StatusBadge status=Status::Drift label="Empty, with assignments" /> },
    );
    let guarded = if production_pci > 0 {
        "font-semibold"
    } else {
        "text-muted"
    };
    view! {
        <tr>
            <th scope="row"><a href=format!("/groups/{id}")>{name}</a> {waits}</th>
            <td data-wide class="text-muted">{kept}</td>
            <td data-numeric>{members.to_string()}</td>
            <td data-numeric>{accounts.to_string()}</td>
            <td data-numeric><span class={guarded}>{production_pci.to_string()}</span></td>
        </tr>
    }
}
