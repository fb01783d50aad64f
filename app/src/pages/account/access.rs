//! Who reaches an account, on its page: every path of every person by assignment, what policies find, and the access that
//! ended lately.

mod people;

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    permission_set::analysis::labels::counted, snapshot::Knowledge, time::Timestamp,
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{
        AccessHolder, AccessRow, EndedAccessRow, EndedListed, HitView, PersonAccessRow, SetRef,
    },
    components::{
        AbsoluteTime, Column, Day, Empty, FindingMark, FoldedHit, Glyph, Hits, ListSection,
        ListView, NotKnown, PrincipalLink, RowAction, RowGroups, Section, SetLink, Status,
        StatusBadge, Table, day_of, directory_link, principal_name,
    },
    lists::{
        ListChoice, ListPlace,
        access::{ACCESS_HEADING, AccessFacts, POLICY, end_of_access},
    },
    pages::Proposing,
};

/// The id of what policies find.
pub(super) const POLICIES: &str = "rules";
const WHO: &str = "Who has access";

/// What a viewer may do about the assignments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offers {
    pub proposing: Proposing,
    pub now: Timestamp,
}

/// Renders who reaches the account, assignment by assignment.
pub(super) fn people_section(
    list: ListView<AccessFacts, PersonAccessRow>,
    place: &ListPlace,
    known: Knowledge,
    rows: Vec<AccessRow>,
    offers: Offers,
) -> AnyView {
    if list.is_empty() {
        let nobody = match known {
            Knowledge::NeverRead => {
                view! { <NotKnown what="Who is assigned to this account" /> }.into_any()
            }
            Knowledge::Read => view! {
                <Empty title="Nobody has access" icon=Glyph::People>"Assignments made through Leastwise or in AWS appear here."</Empty>
            }
            .into_any(),
        };
        return view! { <Section title=WHO>{nobody}</Section> }.into_any();
    }
    let is_standing = known == Knowledge::Read && never_ends(&rows, &list.page.rows);
    let first_seen = same_day(&rows).filter(|_| known == Knowledge::Read);
    let detail = match (is_standing, &first_seen) {
        (true, Some(day)) => Some(format!("all standing, first seen {day}")),
        (true, None) => Some("all standing".to_owned()),
        (false, Some(day)) => Some(format!("all first seen {day}")),
        (false, None) => None,
    };
    let since = if first_seen.is_some() {
        FirstSeen::InHeading
    } else {
        FirstSeen::InRow
    };
    let mut same = Vec::new();
    same.extend(is_standing.then_some("ends"));
    if offers.proposing == Proposing::NotAllowed {
        same.push("action");
    }
    let section = ListSection {
        title: WHO,
        detail,
        id: ACCESS_HEADING,
        same,
        groups: by_assignment(rows, since, offers),
    };
    list.draw_section(place, section)
}

/// Whether nothing of what is listed ends or has to be reviewed by a day, so that no row needs to say so.
fn never_ends(assignments: &[AccessRow], paths: &[PersonAccessRow]) -> bool {
    let of_assignments = assignments.iter().map(|row| (row.ends, row.review_on));
    let of_paths = paths.iter().map(|row| (row.ends, row.review_on));
    of_assignments
        .chain(of_paths)
        .all(|(ends, review_on)| ends.is_none() && review_on.is_none())
}

/// Where it is said when assignments were first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstSeen {
    InRow,
    /// It is the same day for all, and no change of Leastwise gave one of them.
    InHeading,
}

/// Returns the day on which all of several assignments were first seen, if none of them is of a change.
fn same_day(assignments: &[AccessRow]) -> Option<String> {
    let (first, others) = assignments.split_first()?;
    let day = day_of(first.since);
    let is_same = |row: &AccessRow| row.change.is_none() && day_of(row.since) == day;
    (!others.is_empty() && assignments.iter().all(is_same)).then_some(day)
}

/// Returns the groups of the list: an assignment each, by which a group gives access to all its members.
fn by_assignment(
    rows: Vec<AccessRow>,
    since: FirstSeen,
    offers: Offers,
) -> RowGroups<PersonAccessRow> {
    let count = counted(rows.len(), "assignment");
    let keyed = rows
        .into_iter()
        .map(|row| (key(&row.set, row.principal.id()), row));
    let known: BTreeMap<String, AccessRow> = keyed.collect();
    let assignments = Arc::new(known);
    let same = Arc::clone(&assignments);
    RowGroups {
        head: "Permission set, group and people",
        count,
        without: &["permission_set", "through"],
        of: assignment_of,
        cell: Box::new(move |paths, column| {
            let assignment = assignments.get(&assignment_of(paths.first()?))?;
            cell(assignment, column, since, offers)
        }),
        below: Box::new(move |paths| {
            let assignment = same.get(&assignment_of(paths.first()?))?;
            let people = people::people(assignment, paths, offers)?;
            let is_offered = offers.proposing == Proposing::Offered;
            // On a phone, whom it takes access from is read before it is done.
            let actions =
                is_offered.then(|| view! { <div data-below-action>{actions(assignment)}</div> });
            Some(view! { {people} {actions} }.into_any())
        }),
    }
}

fn key(set: &SetRef, principal: &str) -> String {
    format!("{} {principal}", set.key())
}

fn assignment_of(row: &PersonAccessRow) -> String {
    let principal = match (&row.group, &row.holder) {
        (Some((id, _)), _) => id.as_str(),
        (None, AccessHolder::Person(user)) => user.id.as_str(),
        (None, AccessHolder::Nobody(principal)) => principal.id(),
    };
    key(&row.set, principal)
}

fn cell(row: &AccessRow, column: &str, since: FirstSeen, offers: Offers) -> Option<AnyView> {
    match column {
        "person" => Some(assignment_cell(row, since)),
        "ends" => Some(end_of_access(row.ends, row.review_on, offers.now)),
        "findings" => {
            let hits = row.hits.clone();
            let named = named_policies(&hits);
            Some(view! { <span data-reason-cell><Hits hits /> {named}</span> }.into_any())
        }
        "action" => (offers.proposing == Proposing::Offered).then(|| actions(row)),
        _ => None,
    }
}

/// The number of violated policies that are named without a click.
const NAMED_POLICIES: usize = 2;

/// Names the first of the policies that an assignment violates, so that rows differ by more than a number.
fn named_policies(hits: &[HitView]) -> Option<AnyView> {
    let violated = hits.iter().filter(|hit| hit.outcome == Outcome::Refused);
    let titles: Vec<&str> = violated.map(|hit| hit.title.as_str()).collect();
    let (named, others) = titles.split_at(titles.len().min(NAMED_POLICIES));
    let words = match (named, others.len()) {
        ([], _) => return None,
        (named, 0) => named.join(", "),
        (named, more) => format!("{} and {more} more", named.join(", ")),
    };
    Some(view! { <span data-named-policies>{words}</span> }.into_any())
}

/// Renders what is assigned to whom, why no member can be removed, and since when.
fn assignment_cell(row: &AccessRow, said: FirstSeen) -> AnyView {
    let AccessRow {
        set,
        principal,
        since,
        as_of,
        change,
        outdated,
        members_fixed,
        ..
    } = row.clone();
    let asked = format!("Read from AWS at {} UTC", as_of.minute());
    let by = change
        .map(|change| view! { " " <a href=format!("/changes/{change}")>"by this change"</a> });
    let since = (said == FirstSeen::InRow)
        .then(|| view! { <span>"First seen " <Day at=since /> {by}</span> });
    // Why there is no action beside any of them. The assignment itself can be removed.
    let fixed = members_fixed.map(|why| view! { <span title=why.reason>{why.title}</span> });
    view! {
        <span data-assignment>
            <span>
                <SetLink set />
                {outdated.then(|| view! { <StatusBadge status=Status::Drift label="Provisioning out of date" /> })}
            </span>
            <span data-to title=asked>
                <PrincipalLink principal />
                {fixed}
                {since}
            </span>
        </span>
    }
    .into_any()
}

/// Renders what can be done about an assignment: first what mends what policies find.
fn actions(row: &AccessRow) -> AnyView {
    let (set, principal) = (&row.set.name, principal_name(&row.principal));
    let approve = row.adoption.as_ref().map(|form| {
        let object = format!("of {set} for {principal}");
        view! { <RowAction label="Request approval" object href=form.href() refused=None /> }
    });
    let object = format!("of {set} from {principal}");
    let (href, refused) = (row.removal.href(), row.refused.clone());
    view! {
        <span data-row-forms>{approve} <RowAction label="Remove assignment" object href refused /></span>
    }
    .into_any()
}

/// Renders what policies find in the assignments: the policies that they violate, and then those that want an approval.
pub(super) fn policies(rows: &[AccessRow], base: &str) -> Option<AnyView> {
    let mut found: BTreeMap<&str, (&HitView, usize)> = BTreeMap::new();
    for hit in rows.iter().flat_map(|row| &row.hits) {
        let (worst, count) = found.entry(&hit.rule).or_insert((hit, 0));
        if hit.outcome > worst.outcome {
            *worst = hit;
        }
        *count += 1;
    }
    let mut found: Vec<(&HitView, usize)> = found.into_values().collect();
    if found.is_empty() {
        return None;
    }
    found.sort_by(|(a, n), (b, m)| {
        let gravest = b.outcome.cmp(&a.outcome);
        gravest.then(m.cmp(n)).then(a.rule.cmp(&b.rule))
    });
    let kinds = found
        .chunk_by(|(one, _), (next, _)| one.outcome == next.outcome)
        .map(|alike| findings_of_a_kind(alike, base))
        .collect_view();
    let section = view! {
        <div id=POLICIES>
            <Section title="Policy findings">{kinds}</Section>
        </div>
    };
    Some(section.into_any())
}

/// Renders the policies that find the same, the mark once above them.
fn findings_of_a_kind(found: &[(&HitView, usize)], base: &str) -> Option<AnyView> {
    let (first, _) = found.first()?;
    let lines = found
        .iter()
        .map(|(hit, count)| policy(hit, *count, base))
        .collect_view();
    let kind = view! {
        <h3 data-kind-of-finding><FindingMark outcome=first.outcome /></h3>
        <ul data-lines>{lines}</ul>
    };
    Some(kind.into_any())
}

/// Renders one policy, with a link to the assignments that it concerns: there they can be removed or approved.
fn policy(hit: &HitView, count: usize, base: &str) -> AnyView {
    let list = ListChoice::only(POLICY, &hit.rule).href(base);
    let href = format!("{list}#{ACCESS_HEADING}");
    let assignments = counted(count, "assignment");
    let label = format!("{assignments}: {}", hit.title);
    view! {
        <li data-violation>
            <FoldedHit hit=hit.clone() />
            <a href=href aria-label=label>{assignments}</a>
        </li>
    }
    .into_any()
}

/// Renders the access that ended lately. When it ended lies between two reads.
pub(super) fn ended_section(
    rows: Vec<EndedAccessRow>,
    listed: EndedListed,
    now: Timestamp,
) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let detail = match listed {
        EndedListed::All => "within the last 90 days".to_owned(),
        EndedListed::Latest => format!("the last {} within 90 days", rows.len()),
    };
    let columns = vec![
        Column::new("Who"),
        Column::new("Permission set"),
        Column::new("How it ended"),
        Column::new("First seen").wide_only(),
        Column::new("Last seen"),
        Column::new("Gone by"),
    ];
    let lines = rows
        .into_iter()
        .map(|row| {
            let how = match row.left {
                None => "Assignment removed".into_any(),
                Some((id, name)) => {
                    let group = directory_link(format!("/groups/{id}"), name);
                    view! { "Left " {group} }.into_any()
                }
            };
            let sets = row
                .sets
                .into_iter()
                .map(|set| view! { <li><SetLink set /></li> })
                .collect_view();
            view! {
                <tr>
                    <th scope="row"><PrincipalLink principal=row.principal /></th>
                    <td data-sets><ul data-plain>{sets}</ul></td>
                    <td>{how}</td>
                    <td data-wide><Day at=row.first_seen /></td>
                    <td><AbsoluteTime at=row.last_seen now /></td>
                    <td><AbsoluteTime at=row.gone_by now /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Access that ended" detail>
            <Table caption="Access to this account that ended" columns id="ended">{lines}</Table>
        </Section>
    }
    .into_any()
}
