//! The list of identities: each sign-in, the user that it is linked to, and what is open.

use std::sync::Arc;

use domain::{authorize::Role, ids::PersonId, time::Timestamp};
use leptos::prelude::*;

use super::{
    Cell, Column, DrawContext, Filter, FilterOption, List, Paging, Selecting, SortKey, copy, id,
    muted,
};
use crate::{
    backend::{ChangeForm, IdentityHolder, IdentityRow, IdentityStatus, NoUserFound, UserRef},
    components::{AbsoluteTime, Glyph, PersonLink, Status, StatusBadge, capitalized, clamped},
};

/// What identities are sorted and filtered by.
#[derive(Debug, Clone)]
pub struct IdentityFacts {
    pub person: PersonId,
    /// The name, the username and the name of the user, one line each, in lower case. Of what there is not, the line is empty
    /// or missing.
    pub text: Arc<str>,
    pub kind: IdentityKind,
    pub known_since: Option<Timestamp>,
    pub last_sign_in: Option<Timestamp>,
}

impl IdentityFacts {
    /// Returns a line of the text; an empty one if there is none.
    fn line(&self, place: usize) -> &str {
        self.text.split('\n').nth(place).unwrap_or_default()
    }
}

/// The kind of a status, the most urgent first: what contradicts, then what has no user, then what is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityKind {
    Suspended,
    Claims,
    Refused,
    NoSingleUser,
    NotInDirectory,
    Ended,
    LinkedSoon,
    LinkedByHand,
    Linked,
}

impl IdentityKind {
    pub const fn of(status: &IdentityStatus) -> Self {
        match status {
            IdentityStatus::Suspended { .. } => Self::Suspended,
            IdentityStatus::Claims(_) => Self::Claims,
            IdentityStatus::Unlinked(NoUserFound::Refused) => Self::Refused,
            IdentityStatus::Unlinked(NoUserFound::Unclear(_)) => Self::NoSingleUser,
            IdentityStatus::Unlinked(NoUserFound::NotInDirectory) => Self::NotInDirectory,
            IdentityStatus::Unlinked(NoUserFound::LinkedSoon) => Self::LinkedSoon,
            IdentityStatus::Ended => Self::Ended,
            IdentityStatus::LinkedByHand => Self::LinkedByHand,
            IdentityStatus::Linked => Self::Linked,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Suspended => "Suspended",
            Self::Claims => "Claim",
            Self::Refused => "Claim refused",
            Self::NoSingleUser => "No single user",
            Self::NotInDirectory => "Not in the directory",
            Self::Ended => "Link ended",
            Self::LinkedSoon => "Found in the directory",
            Self::LinkedByHand => "Linked by change",
            Self::Linked => "Linked by ID",
        }
    }

    /// Whether it has no user.
    const fn is_unlinked(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::NoSingleUser
                | Self::NotInDirectory
                | Self::Ended
                | Self::LinkedSoon
        )
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
    order: "Open matters first, then by name",
    default: None,
    columns: &[
        column("identity", "Sign-in")
            .always()
            .sorts(|one| SortKey::text(one.line(1)))
            .cell(sign_in)
            .value(|row| Cell::Text(row.name.clone())),
        column("user", "Linked to")
            .sorts(|one| {
                if one.kind.is_unlinked() {
                    SortKey::Missing
                } else {
                    SortKey::text(one.line(0))
                }
            })
            .cell(linked_to)
            .value(|row| {
                let user = row.user.as_ref();
                user.map_or(Cell::Nothing, |user| Cell::Text(user.id.to_string()))
            }),
        column(STATUS, "Status")
            .sorts(|one| SortKey::Number(one.kind as i64))
            .cell(status)
            .value(|row| IdentityKind::of(&row.status).label().into()),
        column("id", "ID")
            .on_request()
            .cell(|row, _| id(row.person.to_string(), "the ID"))
            .value(|row| Cell::Text(row.person.to_string())),
        column("roles", "Role")
            .cell(|row, _| roles(&row.roles))
            .value(|row| Cell::Words(row.roles.iter().map(|role| role.as_str()).collect())),
        column("username", "Username").value(|row| Cell::optional(row.username.as_ref())),
        column("known_since", "Known since")
            .on_request()
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
            FilterOption::new(UNLINKED, "Without a user", |one| one.kind.is_unlinked()),
            FilterOption::new(BY_HAND, "Linked by change", |one| {
                one.kind == IdentityKind::LinkedByHand
            }),
            FilterOption::new(LINKED, "Linked by ID", |one| {
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
        Some(at) => view! { <AbsoluteTime at now /> }.into_any(),
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

/// The number of characters of an id that tell it from others on a page.
const ID_SHOWN: usize = 8;

/// Renders the name by which somebody signs in. An id is cut: the user beside it says who that is, and its title, its copy and files
/// hold all of it.
fn sign_in(row: &IdentityRow, _: &DrawContext) -> AnyView {
    match row.username.as_deref() {
        Some(id) if is_id(id) => {
            let short: String = id.chars().take(ID_SHOWN).collect();
            view! {
                <span data-id class="font-normal">
                    <code title=id.to_owned()>{short} "…"</code>
                    {copy(id.to_owned(), "the ID of this sign-in")}
                </span>
                <span class="text-muted text-xs">"name not known yet"</span>
            }
            .into_any()
        }
        Some(username) => clamped(username.to_owned()),
        None => clamped(row.name.clone()),
    }
}

/// Renders the user, or that there is none, which is an alarm unless the next crawl links it or people agreed to it.
fn linked_to(row: &IdentityRow, _: &DrawContext) -> AnyView {
    if let Some(user) = row.user.clone() {
        return view! { <PersonLink user /> }.into_any();
    }
    match IdentityKind::of(&row.status) {
        IdentityKind::LinkedSoon => muted("Nobody yet"),
        IdentityKind::Ended => muted("Nobody"),
        _ => view! { <StatusBadge status=Status::Danger label="Nobody" glyph=Glyph::Warning /> }
            .into_any(),
    }
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
    let since = row.since.map(|at| {
        view! { <span class="text-muted text-xs">"since " <AbsoluteTime at now /></span> }
    });
    view! { <div data-reason-cell><StatusBadge status=badge label /> " " {since} {detail}</div> }
        .into_any()
}

/// Returns the badge of a status, and what is to be known about it.
fn described(status: &IdentityStatus) -> (Status, AnyView) {
    let small = |text: String| view! { <p class="text-muted text-xs">{text}</p> }.into_any();
    match status {
        IdentityStatus::Linked | IdentityStatus::LinkedByHand => (Status::Ok, ().into_any()),
        IdentityStatus::Unlinked(why) => {
            let badge = match why {
                NoUserFound::LinkedSoon => Status::Info,
                NoUserFound::Refused | NoUserFound::NotInDirectory | NoUserFound::Unclear(_) => {
                    Status::Pending
                }
            };
            (badge, small(no_user(why)))
        }
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

/// Returns why an identity has no user, as a sentence.
fn no_user(why: &NoUserFound) -> String {
    match why {
        NoUserFound::LinkedSoon => "The next crawl links it.".to_owned(),
        NoUserFound::Refused => {
            "Its keys lead to a user that it is not, as people agreed.".to_owned()
        }
        NoUserFound::NotInDirectory => "The directory contains none of its keys.".to_owned(),
        NoUserFound::Unclear(obstacle) => format!("{}.", capitalized(&obstacle.to_string())),
    }
}

/// A change that can be proposed about an identity.
struct Proposal {
    form: ChangeForm,
    label: &'static str,
    /// What stands between the label and the identity in its accessible name.
    of: &'static str,
}

/// Renders links to the changes that can be proposed about an identity.
fn actions(row: &IdentityRow, context: &DrawContext) -> AnyView {
    if context.selecting == Selecting::NotAllowed {
        return ().into_any();
    }
    let named = row.user.as_ref().map(|user| &user.name);
    let named = named.or(row.username.as_ref()).unwrap_or(&row.name);
    if row.holder == IdentityHolder::Viewer {
        let reason = "Nobody proposes or approves who they are themselves. Another administrator can request it.";
        return view! {
            <span class="text-muted text-xs whitespace-nowrap" title=reason>
                "Your own sign-in" <span class="sr-only">". " {reason}</span>
            </span>
        }
        .into_any();
    }
    // What ends a link that nothing speaks against is seldom wanted.
    let kind = match &row.status {
        IdentityStatus::Linked | IdentityStatus::LinkedByHand => "quiet",
        _ => "secondary",
    };
    let links = proposals(row)
        .into_iter()
        .map(|Proposal { form, label, of }| {
            let name = format!("{label} {of}{named}");
            view! { <li><a href=form.href() data-kind=kind aria-label=name>{label}</a></li> }
        })
        .collect_view();
    view! { <ul data-plain data-row-forms>{links}</ul> }.into_any()
}

fn proposals(row: &IdentityRow) -> Vec<Proposal> {
    let link = |user: Option<&UserRef>| Proposal {
        form: ChangeForm::link(&row.person, user.map(|user| &user.id)),
        label: "Link",
        of: "",
    };
    let end = || Proposal {
        form: ChangeForm::unlink(&row.person),
        label: "Unlink",
        of: "",
    };
    match &row.status {
        IdentityStatus::Linked | IdentityStatus::LinkedByHand => vec![end()],
        IdentityStatus::Unlinked(_) | IdentityStatus::Ended => {
            let withdraw = (row.refused > 0).then(|| Proposal {
                form: ChangeForm::withdraw_refusal(&row.person, []),
                label: "Withdraw the refusal",
                of: "of ",
            });
            [link(None)].into_iter().chain(withdraw).collect()
        }
        IdentityStatus::Claims(user) => {
            let refuse = Proposal {
                form: ChangeForm::refuse_claim(&row.person),
                label: "Refuse the claim",
                of: "of ",
            };
            vec![link(Some(user)), refuse]
        }
        IdentityStatus::Suspended { other, .. } => {
            vec![link(other.as_ref().or(row.user.as_ref())), end()]
        }
    }
}
