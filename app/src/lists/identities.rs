//! The list of identities: who has signed in, which user each of them is, and what is open.

use std::sync::Arc;

use domain::{authorize::Role, ids::PersonId, time::Timestamp};
use leptos::prelude::*;

use super::{
    Cell, Column, DrawContext, Filter, FilterOption, List, Paging, Selecting, SortKey, id, muted,
};
use crate::{
    backend::{ChangeForm, IdentityRow, IdentityStatus, NoUserFound, UserRef},
    components::{PersonLink, Status, StatusBadge, Time, clamped},
};

/// What identities are sorted and filtered by.
#[derive(Debug, Clone)]
pub struct IdentityFacts {
    pub person: PersonId,
    /// The name, then the other names, in lower case.
    pub text: Arc<str>,
    pub kind: IdentityKind,
    pub known_since: Option<Timestamp>,
    pub last_sign_in: Option<Timestamp>,
}

/// The kind of a status, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityKind {
    Suspended,
    Claims,
    Unlinked,
    Ended,
    LinkedByHand,
    Linked,
}

impl IdentityKind {
    pub const fn of(status: &IdentityStatus) -> Self {
        match status {
            IdentityStatus::Suspended { .. } => Self::Suspended,
            IdentityStatus::Claims(_) => Self::Claims,
            IdentityStatus::Unlinked(_) => Self::Unlinked,
            IdentityStatus::Ended => Self::Ended,
            IdentityStatus::LinkedByHand => Self::LinkedByHand,
            IdentityStatus::Linked => Self::Linked,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Suspended => "Suspended",
            Self::Claims => "Claim",
            Self::Unlinked => "No user",
            Self::Ended => "Link ended",
            Self::LinkedByHand => "Linked by hand",
            Self::Linked => "Linked",
        }
    }
}

/// The filter of the status, and the values to which other pages lead.
pub const STATUS: &str = "status";
/// Identities without a user, also those whose link people ended.
pub const UNLINKED: &str = "unlinked";
pub const CLAIMS: &str = "claims";
pub const SUSPENDED: &str = "suspended";
/// Identities whose link people agreed to.
pub const BY_HAND: &str = "by-hand";
/// Identities that their keys link.
pub const LINKED: &str = "linked";

const fn column(key: &'static str, label: &'static str) -> Column<IdentityFacts, IdentityRow> {
    Column::new(key, label)
}

pub static IDENTITIES: List<IdentityFacts, IdentityRow> = List {
    path: "/identities",
    nouns: ("identity", "identities"),
    order: "Open matters first",
    default: None,
    columns: &[
        column("identity", "Identity")
            .always()
            .sorts(|one| SortKey::text(one.text.split('\n').next().unwrap_or_default()))
            .cell(name)
            .value(|row| Cell::Text(row.name.clone())),
        column("id", "ID")
            .on_request()
            .cell(|row, _| id(row.person.to_string(), "the ID"))
            .value(|row| Cell::Text(row.person.to_string())),
        column("roles", "Role")
            .cell(|row, _| roles(&row.roles))
            .value(|row| Cell::Words(row.roles.iter().map(|role| role.as_str()).collect())),
        column("username", "Username").value(|row| Cell::optional(row.username.as_ref())),
        column(STATUS, "Status")
            .sorts(|one| SortKey::Number(one.kind as i64))
            .cell(status)
            .value(|row| IdentityKind::of(&row.status).label().into()),
        column("user", "Identity Center user")
            .on_request()
            .cell(|row, _| match row.user.clone() {
                Some(user) => view! { <PersonLink user /> }.into_any(),
                None => muted("None"),
            })
            .value(|row| {
                let user = row.user.as_ref();
                user.map_or(Cell::Nothing, |user| Cell::Text(user.id.to_string()))
            }),
        column("known_since", "Known since")
            .newest_first()
            .sorts(|one| time(one.known_since))
            .cell(|row, context| at(row.known_since, "Not known", context))
            .value(|row| Cell::time(row.known_since)),
        column("last_sign_in", "Last sign-in")
            .newest_first()
            .sorts(|one| time(one.last_sign_in))
            .cell(|row, context| at(row.last_sign_in, "Never", context))
            .value(|row| Cell::time(row.last_sign_in)),
        column("actions", "Action").always().cell(actions),
    ],
    filters: &[Filter::options(
        STATUS,
        "Status",
        &[
            FilterOption::new(SUSPENDED, "Suspended", |one: &IdentityFacts| {
                one.kind == IdentityKind::Suspended
            }),
            FilterOption::new(CLAIMS, "Claims", |one| one.kind == IdentityKind::Claims),
            FilterOption::new(UNLINKED, "Without a user", |one| {
                matches!(one.kind, IdentityKind::Unlinked | IdentityKind::Ended)
            }),
            FilterOption::new(BY_HAND, "Linked by hand", |one| {
                one.kind == IdentityKind::LinkedByHand
            }),
            FilterOption::new(LINKED, "Linked by keys", |one| {
                one.kind == IdentityKind::Linked
            }),
        ],
    )],
    text: |one| &one.text,
    paging: Paging::ByNumber,
};

fn time(at: Option<Timestamp>) -> SortKey<'static> {
    at.map_or(SortKey::Missing, |at| SortKey::Number(at.0))
}

fn at(at: Option<Timestamp>, none: &'static str, context: &DrawContext) -> AnyView {
    let now = context.now;
    match at {
        Some(at) => view! { <Time at now /> }.into_any(),
        None => muted(none),
    }
}

fn roles(roles: &[Role]) -> AnyView {
    let words: Vec<&str> = roles
        .iter()
        .map(|role| match role {
            Role::Approver => "Approver",
            Role::Administrator => "Administrator",
            Role::Auditor => "Auditor",
        })
        .collect();
    if words.is_empty() {
        muted("Requester")
    } else {
        words.join(", ").into_any()
    }
}

/// Renders the name, which leads to the user of the identity if they have the same one, and the username below it.
fn name(row: &IdentityRow, _: &DrawContext) -> AnyView {
    // The id of a sign-in names nobody. It is in the column of ids, and in files.
    let username = row.username.clone().filter(|username| !is_id(username));
    let username = match (username, row.last_sign_in) {
        (Some(username), _) => Some(username),
        (None, None) => Some("Has not signed in yet".to_owned()),
        (None, Some(_)) => None,
    };
    let username = username.map(|username| {
        view! { <span class="block text-muted text-xs font-normal break-all">{username}</span> }
    });
    let name = match (&row.user, same_name(row)) {
        (Some(user), true) => view! { <PersonLink user=user.clone() /> }.into_any(),
        _ => clamped(row.name.clone()),
    };
    view! { <span class="block">{name} {username}</span> }.into_any()
}

/// Whether the user of an identity has its name, so that one link says both.
fn same_name(row: &IdentityRow) -> bool {
    let user = row.user.as_ref();
    user.is_some_and(|user| user.name == row.name)
}

/// Whether a name is a UUID, which a user pool gives to who chooses no name.
fn is_id(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    name.len() == 36 && name.bytes().all(is_part)
}

fn status(row: &IdentityRow, context: &DrawContext) -> AnyView {
    let now = context.now;
    let (badge, detail) = described(&row.status);
    let label = IdentityKind::of(&row.status).label();
    let since = row
        .since
        .map(|at| view! { <span class="text-muted text-xs">"since " <Time at now /></span> });
    let user = row.user.clone().filter(|_| !same_name(row));
    let user = user.map(|user| {
        view! { <span class="text-muted text-xs">"User: " <PersonLink user /></span> }
    });
    view! { <div data-reason-cell><StatusBadge status=badge label /> " " {since} " " {user} {detail}</div> }
        .into_any()
}

/// Returns the badge of a status, and what is to be known about it.
fn described(status: &IdentityStatus) -> (Status, AnyView) {
    let small = |text: String| view! { <p class="text-muted text-xs">{text}</p> }.into_any();
    match status {
        IdentityStatus::Linked | IdentityStatus::LinkedByHand => (Status::Ok, ().into_any()),
        IdentityStatus::Unlinked(why) => (Status::Pending, small(no_user(why))),
        IdentityStatus::Ended => (
            Status::Off,
            small("People ended the link. Only another change links this identity again.".into()),
        ),
        IdentityStatus::Claims(user) => {
            let user = user.clone();
            let detail = view! {
                <p class="text-muted text-xs">"Claims to be " <PersonLink user /></p>
            };
            (Status::Drift, detail.into_any())
        }
        IdentityStatus::Suspended { difference, other } => {
            let other = other
                .clone()
                .map(|user| view! { " Other user: " <PersonLink user /> });
            let detail = view! { <p class="text-muted text-xs">{difference.reason()} {other}</p> };
            (Status::Danger, detail.into_any())
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

/// Renders links to the changes that can be proposed about an identity.
fn actions(row: &IdentityRow, context: &DrawContext) -> AnyView {
    let forms = match context.selecting {
        Selecting::Offered => forms(row),
        Selecting::NotAllowed => Vec::new(),
    };
    let links = forms
        .into_iter()
        .map(|(form, words)| {
            // What ends a link that nothing speaks against is seldom wanted.
            let kind = match &row.status {
                IdentityStatus::Linked | IdentityStatus::LinkedByHand => "quiet",
                _ => "secondary",
            };
            view! { <li><a href=form.href() data-kind=kind>{words}</a></li> }
        })
        .collect_view();
    view! { <ul data-plain data-row-forms>{links}</ul> }.into_any()
}

fn forms(row: &IdentityRow) -> Vec<(ChangeForm, &'static str)> {
    let link = |user: Option<&UserRef>| {
        let form = ChangeForm::link(&row.person, user.map(|user| &user.id));
        (form, "Link")
    };
    let end = || (ChangeForm::unlink(&row.person), "Unlink");
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
