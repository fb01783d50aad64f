//! The list of identities: who has signed in, which Identity Center user each of them is, and the changes that settle what
//! is open.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::{
        ChangeForm, IdentityRow, IdentityStatus, ListQuery, NoUserFound, Page as Rows, PortResult,
        UserRef, identity_filter,
    },
    components::{
        Column, Crumb, Empty, EmptyFiltered, FreshnessNotice, Glyph, ListBar, Narrow, PageHeader,
        PersonLink, Status, StatusBadge, Table, Time, list_href, pages,
    },
    routes::{Page, Visit},
};

use super::{
    Proposing,
    filters::{Filters, UnknownFilter, chips_of, holds, known_query},
};

const PATH: &str = "/identities";

/// The filters of the list.
const FILTERS: &Filters = &[
    ("", "All"),
    (identity_filter::UNLINKED, "Without a user"),
    (identity_filter::CLAIMS, "Claims"),
    (identity_filter::SUSPENDED, "Suspended"),
    (identity_filter::BY_HAND, "Linked by hand"),
];

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (query, unknown) = known_query(&visit, |only| holds(FILTERS, only));
    let rows = visit.backend.identities(&query).await?;
    let proposing = Proposing::of(&visit);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("Identities", move || {
        let detail = "Everybody who has signed in, and the Identity Center user that each of them is. What is open comes first.";
        view! {
            <PageHeader title="Identities" crumbs=vec![Crumb::new("/people", "People")] detail=view! { {detail} }.into_any() />
            {unknown.map(UnknownFilter::notice)}
            <FreshnessNotice freshness now />
            {draw(query, rows, proposing, now)}
        }
        .into_any()
    }))
}

fn draw(
    query: ListQuery,
    rows: Rows<IdentityRow>,
    proposing: Proposing,
    now: Timestamp,
) -> AnyView {
    if rows.total == 0 && query.words.is_empty() && query.only.is_none() {
        return view! {
            <Empty title="Nobody has signed in yet" icon=Glyph::People>
                "A person appears here after the first sign-in."
            </Empty>
        }
        .into_any();
    }
    let place = (&rows).into();
    let chips = chips_of(FILTERS);
    let bar = view! { <ListBar path=PATH query=query.clone() chips label="Search identities" /> };
    if rows.total == 0 {
        let all_well = query.words.is_empty().then(|| none_of(&query)).flatten();
        let body = match all_well {
            Some((title, text)) => {
                view! { <Empty title icon=Glyph::Check>{text}</Empty> }.into_any()
            }
            None => view! { <EmptyFiltered noun="identities" clear_href=PATH /> }.into_any(),
        };
        return view! { {bar} {body} }.into_any();
    }
    let columns = vec![
        Column::new("Identity"),
        Column::new("Status"),
        Column::new("Identity Center user"),
        Column::new("Known since").wide_only(),
        Column::new("Last sign-in").wide_only(),
        Column::new("Action").unlabelled(),
    ];
    let lines = rows
        .rows
        .into_iter()
        .map(|row| line(row, proposing, now))
        .collect_view();
    view! {
        {bar}
        <div data-card>
            <Table caption="Identities" columns id="identities" narrow=Narrow::Cards>{lines}</Table>
            {pages(place, "identities", move |page| list_href(PATH, &query.words, query.only.as_deref(), page))}
        </div>
        <p data-note>
            "Identities of an identity alarm, and a stored link that was altered, are confirmed on the host with "
            <code>"leastwise identity"</code> "."
        </p>
    }
    .into_any()
}

/// Returns what an empty filter means, if that is good news.
fn none_of(query: &ListQuery) -> Option<(&'static str, &'static str)> {
    match query.only.as_deref() {
        Some(identity_filter::UNLINKED) => Some((
            "Every identity has a user",
            "A sign-in whose keys lead to no single user of the directory appears here.",
        )),
        Some(identity_filter::CLAIMS) => Some((
            "No open claims",
            "A sign-in that leads to a user who is or was another identity appears here.",
        )),
        Some(identity_filter::SUSPENDED) => Some((
            "No identity is suspended",
            "An identity that differs from the directory appears here, with the difference.",
        )),
        Some(identity_filter::BY_HAND) => Some((
            "No link was made by hand",
            "Links that two people agreed to appear here.",
        )),
        _ => None,
    }
}

fn line(row: IdentityRow, proposing: Proposing, now: Timestamp) -> AnyView {
    let actions = match proposing {
        Proposing::Offered => actions(&row),
        Proposing::NotAllowed => Vec::new(),
    };
    let links = actions
        .into_iter()
        .map(|(form, words)| view! { <li><a href=form.href() data-kind="quiet">{words}</a></li> })
        .collect_view();
    let (badge, label, detail) = described(&row.status);
    let since = row
        .since
        .map(|at| view! { <span class="text-muted text-xs">"since " <Time at now /></span> });
    let user = match row.user {
        Some(user) => view! { <PersonLink user /> }.into_any(),
        None => view! { <span class="text-muted">"None"</span> }.into_any(),
    };
    let last = match row.last_sign_in {
        Some(at) => view! { <Time at now /> }.into_any(),
        None => view! { <span class="text-muted">"Not recorded"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                {row.name}
                {row.username.map(|username| view! { <p class="text-muted text-xs font-normal break-all">{username}</p> })}
            </th>
            <td data-reason-cell data-label="Status"><StatusBadge status=badge label /> " " {since} {detail}</td>
            <td data-label="User">{user}</td>
            <td data-wide>{row.known_since.map(|at| view! { <Time at now /> })}</td>
            <td data-wide>{last}</td>
            <td data-numeric><ul data-plain>{links}</ul></td>
        </tr>
    }
    .into_any()
}

/// Returns the badge of a status, and what is to be known about it.
fn described(status: &IdentityStatus) -> (Status, &'static str, AnyView) {
    let small = |text: String| view! { <p class="text-muted text-xs">{text}</p> }.into_any();
    match status {
        IdentityStatus::Linked => (Status::Ok, "Linked", ().into_any()),
        IdentityStatus::LinkedByHand => (Status::Ok, "Linked by hand", ().into_any()),
        IdentityStatus::Unlinked(why) => (Status::Pending, "No user", small(no_user(why))),
        IdentityStatus::Ended => (
            Status::Off,
            "Link ended",
            small("People ended the link. Only another change links this identity again.".into()),
        ),
        IdentityStatus::Claims(user) => {
            let user = user.clone();
            let detail = view! {
                <p class="text-muted text-xs">"Claims to be " <PersonLink user /></p>
            };
            (Status::Drift, "Claim", detail.into_any())
        }
        IdentityStatus::Suspended { difference, other } => {
            let other = other
                .clone()
                .map(|user| view! { " Other user: " <PersonLink user /> });
            let detail = view! { <p class="text-muted text-xs">{difference.reason()} {other}</p> };
            (Status::Danger, "Suspended", detail.into_any())
        }
    }
}

/// Returns why an identity has no user, as a clause.
fn no_user(why: &NoUserFound) -> String {
    match why {
        NoUserFound::LinkedSoon => "the next crawl links it".to_owned(),
        NoUserFound::Refused => "its claim was refused".to_owned(),
        NoUserFound::NotInDirectory => "the directory contains none of its keys".to_owned(),
        NoUserFound::Unclear(obstacle) => obstacle.to_string(),
    }
}

/// Returns the changes that can be proposed about an identity.
fn actions(row: &IdentityRow) -> Vec<(ChangeForm, &'static str)> {
    let link = |user: Option<&UserRef>| {
        let form = ChangeForm::link(&row.person, user.map(|user| &user.id));
        (form, "Link")
    };
    let end = || (ChangeForm::unlink(&row.person), "End the link");
    match &row.status {
        IdentityStatus::Linked | IdentityStatus::LinkedByHand => vec![end()],
        IdentityStatus::Unlinked(_) | IdentityStatus::Ended => {
            let withdraw = (row.refused > 0).then(|| {
                let form = ChangeForm::withdraw_refusal(&row.person, []);
                (form, "Withdraw the refusal")
            });
            [link(None)].into_iter().chain(withdraw).collect()
        }
        IdentityStatus::Claims(user) => vec![
            link(Some(user)),
            (ChangeForm::refuse_claim(&row.person), "Refuse the claim"),
        ],
        IdentityStatus::Suspended { other, .. } => {
            vec![link(other.as_ref().or(row.user.as_ref())), end()]
        }
    }
}
