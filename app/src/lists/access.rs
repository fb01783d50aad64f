//! The list of who reaches one account: a row for each path of each person, and one for each assignment that gives nobody
//! access.

use std::sync::Arc;

use domain::{
    policies::Holder,
    time::{Date, Timestamp},
    verdict::{Hit, Tally},
};
use leptos::prelude::*;

use super::{
    Cell, Column, DrawContext, Filter, FilterOption, List, Paging, Selecting, SortKey, id, muted,
};
use crate::{
    backend::{AccessHolder, AccountStatus, PersonAccessRow, PrincipalRef},
    components::{
        Day, Glyph, Hits, PersonLink, PrincipalLink, SetLink, ShortRowAction, Status, StatusBadge,
        Time, directory_link,
    },
};

/// What paths are sorted and filtered by.
#[derive(Debug, Clone)]
pub struct AccessFacts {
    /// The names of the person, the permission set and the group, and ids: one line each, in lower case.
    pub text: Arc<str>,
    pub holder: Holder,
    /// The policies that it violates, or that want an approval.
    pub hits: Arc<[Hit]>,
    pub tally: Tally,
    pub status: AccountStatus,
    pub since: Timestamp,
    pub ends: Option<Timestamp>,
    pub review_on: Option<Date>,
}

impl AccessFacts {
    fn line(&self, line: usize) -> SortKey<'_> {
        SortKey::text(self.text.split('\n').nth(line).unwrap_or_default())
    }

    fn badness(&self) -> i64 {
        let Tally {
            against,
            unapproved,
        } = self.tally;
        i64::try_from(against * 1_000 + unapproved).unwrap_or(i64::MAX)
    }

    /// Whether an approval would resolve all that policies find.
    pub fn only_lacks_an_approval(&self) -> bool {
        self.tally.against == 0 && self.tally.unapproved > 0
    }

    fn is_through_a_group(&self) -> bool {
        match &self.holder {
            Holder::Person { reach } => {
                matches!(reach.principal(), domain::ids::Principal::Group(_))
            }
            Holder::EmptyGroup { .. } => true,
            Holder::Orphan { .. } => false,
        }
    }
}

/// The id of its heading, to which numbers and other pages lead.
pub const ACCESS_HEADING: &str = "access-title";
/// The filter by policy: the violations of an account lead to it.
pub const POLICY: &str = "policy";
/// The filter by how long access lasts.
pub const TERM: &str = "term";
pub const STANDING: &str = "standing";
pub const TEMPORARY: &str = "temporary";
/// Standing access that somebody has to review.
pub const REVIEWED: &str = "reviewed";
/// The filter by what policies find.
pub const FINDINGS: &str = "findings";
pub const VIOLATIONS: &str = "violations";
pub const UNAPPROVED: &str = "unapproved";

const fn column(key: &'static str, label: &'static str) -> Column<AccessFacts, PersonAccessRow> {
    Column::new(key, label)
}

pub static ACCESS: List<AccessFacts, PersonAccessRow> = List {
    path: "/accounts/access",
    nouns: ("path", "paths"),
    order: "Worst violations first",
    default: None,
    columns: &[
        column("person", "Person")
            .always()
            .sorts(|path| path.line(0))
            .cell(|row, _| who(row))
            .value(|row| Cell::Text(row.holder.name().to_owned())),
        column("person_id", "ID")
            .on_request()
            .cell(|row, _| match &row.holder {
                AccessHolder::Person(user) => id(user.id.to_string(), "the ID"),
                AccessHolder::Nobody(_) => muted("None"),
            })
            .value(|row| match &row.holder {
                AccessHolder::Person(user) => Cell::Text(user.id.to_string()),
                AccessHolder::Nobody(_) => Cell::Nothing,
            }),
        column("status", "Status").value(|row| match &row.holder {
            AccessHolder::Person(user) => status(user.status).into(),
            AccessHolder::Nobody(_) => Cell::Nothing,
        }),
        column("permission_set", "Permission set")
            .sorts(|path| path.line(1))
            .cell(|row, _| view! { <SetLink set=row.set.clone() /> }.into_any())
            .value(|row| Cell::Text(row.set.name.clone())),
        column("through", "Through")
            .sorts(|path| path.line(2))
            .cell(|row, _| through(row))
            .value(|row| match &row.group {
                Some((_, name)) => Cell::Text(format!("group: {name}")),
                None => "direct".into(),
            }),
        column("since", "First seen")
            .on_request()
            .newest_first()
            .sorts(|path| SortKey::Number(path.since.0))
            .cell(|row, _| since(row))
            .value(|row| Cell::Time(row.since)),
        column("ends", "Ends")
            .sorts(|path| {
                path.ends
                    .map_or(SortKey::Missing, |at| SortKey::Number(at.0))
            })
            .cell(ends)
            .value(|row| Cell::time(row.ends)),
        column("review_by", "Review by").value(|row| {
            let day = row.review_on.map(|day| day.to_string());
            Cell::optional(day.as_ref())
        }),
        column("findings", "Policy status")
            .newest_first()
            .sorts(|path| SortKey::Number(path.badness()))
            .cell(|row, _| {
                view! { <span data-reason-cell><Hits hits=row.hits.clone() /></span> }.into_any()
            })
            .value(|row| {
                let rules: Vec<&str> = row.hits.iter().map(|hit| hit.rule.as_str()).collect();
                Cell::Text(rules.join(" "))
            }),
        column("action", "Action").always().cell(action),
    ],
    filters: &[
        Filter::options(
            FINDINGS,
            "Policy status",
            &[
                FilterOption::new(VIOLATIONS, "Violations", |path: &AccessFacts| {
                    path.tally.against > 0
                }),
                FilterOption::new(
                    UNAPPROVED,
                    "Only an approval missing",
                    AccessFacts::only_lacks_an_approval,
                ),
                FilterOption::new("none", "No violations", |path| path.badness() == 0),
            ],
        ),
        Filter::offered(
            POLICY,
            "Policy",
            |value| !value.is_empty(),
            |path, value| path.hits.iter().any(|hit| hit.rule == value),
        ),
        Filter::options(
            TERM,
            "Ends",
            &[
                FilterOption::new(STANDING, "Never", |path: &AccessFacts| path.ends.is_none()),
                FilterOption::new(TEMPORARY, "At a time", |path| path.ends.is_some()),
                FilterOption::new(REVIEWED, "With a review date", |path| {
                    path.review_on.is_some()
                }),
            ],
        )
        .folded(),
        Filter::options(
            "through",
            "Through",
            &[
                FilterOption::new("direct", "Assigned directly", |path: &AccessFacts| {
                    !path.is_through_a_group()
                }),
                FilterOption::new("group", "A group", AccessFacts::is_through_a_group),
            ],
        )
        .folded(),
        Filter::options(
            "status",
            "Status",
            &[
                FilterOption::new("enabled", "Enabled user", |path: &AccessFacts| {
                    path.status == AccountStatus::Enabled
                }),
                FilterOption::new("disabled", "Disabled user", |path| {
                    path.status == AccountStatus::Disabled
                }),
                FilterOption::new("nobody", "Gives nobody access", |path| {
                    !matches!(path.holder, Holder::Person { .. })
                }),
            ],
        )
        .folded(),
    ],
    text: |path| &path.text,
    paging: Paging::ByNumber,
};

const fn status(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Enabled => "enabled",
        AccountStatus::Disabled => "disabled",
        AccountStatus::Gone => "deleted",
        AccountStatus::NotRead => "not read",
    }
}

fn who(row: &PersonAccessRow) -> AnyView {
    match row.holder.clone() {
        AccessHolder::Person(user) => view! { <PersonLink user /> }.into_any(),
        AccessHolder::Nobody(PrincipalRef::Group { .. }) => muted("Future members"),
        AccessHolder::Nobody(principal) => view! { <PrincipalLink principal /> }.into_any(),
    }
}

fn through(row: &PersonAccessRow) -> AnyView {
    match &row.group {
        Some((id, name)) => directory_link(format!("/groups/{id}"), name.clone()),
        None => muted("Assigned directly"),
    }
}

fn since(row: &PersonAccessRow) -> AnyView {
    let change = row
        .change
        .as_ref()
        .map(|change| view! { " " <a href=format!("/changes/{change}")>"by this change"</a> });
    view! { <span><Day at=row.since /> {change}</span> }.into_any()
}

fn ends(row: &PersonAccessRow, context: &DrawContext) -> AnyView {
    end_of_access(row.ends, row.review_on, context.now)
}

/// Renders when access ends, or by when somebody reviews it.
pub fn end_of_access(ends: Option<Timestamp>, review_on: Option<Date>, now: Timestamp) -> AnyView {
    if let Some(at) = ends {
        return view! { <span><Time at now /></span> }.into_any();
    }
    let review = review_on.map(|day| {
        let has_passed = Date::of(now).is_some_and(|today| day < today);
        if has_passed {
            let label = format!("Review was due on {day}");
            view! { <StatusBadge status=Status::Danger label glyph=Glyph::Reviews /> }.into_any()
        } else {
            view! { <span class="block text-muted text-xs">{format!("Review by {day}")}</span> }
                .into_any()
        }
    });
    view! { <span><span class="text-muted">"Never"</span> {review}</span> }.into_any()
}

fn action(row: &PersonAccessRow, context: &DrawContext) -> AnyView {
    match context.selecting {
        Selecting::NotAllowed => ().into_any(),
        Selecting::Offered => removal(row),
    }
}

/// Renders the link to the form that ends a path, or why there is none.
pub fn removal(row: &PersonAccessRow) -> AnyView {
    let (who, set) = (row.holder.name().to_owned(), &row.set.name);
    let object = match (&row.group, &row.holder) {
        (Some((_, group)), AccessHolder::Person(_)) => format!("{who} from the group {group}"),
        (Some((_, group)), AccessHolder::Nobody(_)) => format!("{set} from {group}"),
        (None, _) => format!("{set} from {who}"),
    };
    let (href, refused) = (row.removal.href(), row.refused.clone());
    view! { <ShortRowAction label="Remove" object href refused /> }.into_any()
}
