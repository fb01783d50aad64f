//! The list of people in the directory, with counts of their access.

use domain::snapshot::{Figure, Knowledge};
use leptos::prelude::*;

use crate::{
    backend::{ListQuery, ListsRead, Page as Rows, PersonRow, PortResult},
    components::{
        Column, Empty, EmptyFiltered, FreshnessNotice, Glyph, LinkButton, ListBar, NotKnown,
        PageHeader, PersonLink, Table, list_href, pages,
    },
    routes::{Page, Visit},
};

use super::filters::{UnknownFilter, chips_of, holds, known_query};

/// The filters of the list.
const FILTERS: [(&str, &str); 5] = [
    ("", "Everyone"),
    ("production-pci", "Access to production PCI"),
    ("powerful", "Powerful access to production PCI"),
    ("disabled", "Disabled"),
    ("idle", "No access"),
];

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (query, unknown) = known_query(&visit, |only| holds(&FILTERS, only));
    let people = visit.backend.people(&query).await?;
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let lists = freshness.lists;
    Ok(Page::new("People", move || {
        let identities =
            view! { <LinkButton href="/identities">"Identities and sign-ins"</LinkButton> };
        view! {
            <PageHeader title="People" detail=view! { "All users in the directory and the accounts that they can reach by any path." }.into_any() actions=identities.into_any() />
            {unknown.map(UnknownFilter::notice)}
            <FreshnessNotice freshness now />
            {draw(query, people, lists)}
        }
        .into_any()
    }))
}

fn draw(query: ListQuery, people: Rows<PersonRow>, lists: ListsRead) -> AnyView {
    if people.total == 0 && lists.users == Knowledge::NeverRead {
        return view! { <NotKnown what="The list of users" /> }.into_any();
    }
    let unfiltered = query.words.is_empty() && query.only.is_none();
    if people.total == 0 && unfiltered {
        return view! { <Empty title="No users" icon=Glyph::People>"Identity Center users appear after the first read."</Empty> }
            .into_any();
    }
    let chips = chips_of(&FILTERS);
    let place = (&people).into();
    let table = (people.pages() == 1 && query.words.is_empty()).then_some("people");
    let bar = view! { <ListBar path="/people" query=query.clone() chips label="Search people" table=table /> };
    if people.total == 0 {
        return view! { {bar} <EmptyFiltered noun="people" clear_href="/people" /> }.into_any();
    }
    let columns = vec![
        Column::new("Name"),
        Column::new("Sign-in name").wide_only(),
        Column::new("Title").wide_only(),
        Column::new("Groups").numeric(),
        Column::new("Accounts").numeric(),
        Column::new("Production PCI").numeric(),
    ];
    let rows = people.rows.into_iter().map(row).collect_view();
    view! {
        {bar}
        <div data-card>
            <Table caption="People" columns id="people">{rows}</Table>
            {pages(place, "people", move |page| list_href("/people", &query.words, query.only.as_deref(), page))}
        </div>
    }
    .into_any()
}

fn row(row: PersonRow) -> impl IntoView {
    let PersonRow {
        user,
        user_name,
        email,
        title,
        groups,
        accounts,
        production_pci,
    } = row;
    let guarded = match production_pci {
        Figure::NotKnown => view! { <span class="text-muted">"Not known"</span> }.into_any(),
        Figure::Known(0) => view! { <span class="text-muted">"0"</span> }.into_any(),
        Figure::Known(some) => view! { <a href=format!("/people/{}?only=production-pci", user.id) class="font-semibold">{some}</a> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><PersonLink user /></th>
            <td data-wide><span title=email>{user_name}</span></td>
            <td data-wide class="text-muted">{title}</td>
            <td data-numeric>{groups.to_string()}</td>
            <td data-numeric>{accounts.to_string()}</td>
            <td data-numeric>{guarded}</td>
        </tr>
    }
}
