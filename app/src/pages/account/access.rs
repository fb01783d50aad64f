//! Who reaches an account, on its page: every path of every person by assignment, the policies that they violate, and the
//! access that ended lately.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    permission_set::analysis::labels::counted,
    snapshot::Knowledge,
    time::Timestamp,
    verdict::{Outcome, Tally},
};
use leptos::prelude::*;

use crate::{
    backend::{
        AccessHolder, AccessRow, EndedAccessRow, EndedListed, HitView, PersonAccessRow,
        PrincipalRef, SetRef,
    },
    components::{
        AbsoluteTime, Column, Day, Empty, FoldedHit, Glyph, Hits, ListSection, ListView, NotKnown,
        PrincipalLink, RowAction, RowGroups, Section, SetLink, Status, StatusBadge, Table,
        directory_link, fixed_groups, held_words, principal_name,
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
    /// Whether existing access can be requested for approval.
    pub adopting: Proposing,
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
    let lead = match offers.proposing {
        Proposing::Offered => fixed(&rows),
        Proposing::NotAllowed => None,
    };
    let section = ListSection {
        title: WHO,
        id: ACCESS_HEADING,
        lead,
        groups: by_assignment(rows, offers),
    };
    list.draw_section(place, section)
}

/// Renders the assigned groups whose members cannot be removed here.
fn fixed(rows: &[AccessRow]) -> Option<AnyView> {
    fixed_groups(rows.iter().filter_map(|row| match &row.principal {
        PrincipalRef::Group { id, name, .. } => {
            Some((id.as_str(), name.as_str(), row.members_fixed.as_ref()?))
        }
        _ => None,
    }))
}

/// Returns the headings of the list: an assignment each, by which a group gives access to all its members.
fn by_assignment(rows: Vec<AccessRow>, offers: Offers) -> RowGroups<PersonAccessRow> {
    let keyed = rows
        .into_iter()
        .map(|row| (key(&row.set, row.principal.id()), row));
    let known: BTreeMap<String, AccessRow> = keyed.collect();
    let assignments = Arc::new(known);
    let same = Arc::clone(&assignments);
    RowGroups {
        without: &["permission_set", "through"],
        of: assignment_of,
        is_whole: |row| row.group.is_none(),
        cell: Box::new(move |row, column| {
            let assignment = assignments.get(&assignment_of(row))?;
            heading(assignment, column, offers)
        }),
        says: Box::new(move |row, column| {
            let assignment = same.get(&assignment_of(row));
            assignment.is_some_and(|assignment| says(assignment, row, column))
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

/// Whether a cell of a path would repeat what the heading of its assignment says.
fn says(assignment: &AccessRow, path: &PersonAccessRow, column: &str) -> bool {
    match column {
        "ends" => (assignment.ends, assignment.review_on) == (path.ends, path.review_on),
        "findings" => held_words(&assignment.hits) == held_words(&path.hits),
        // The heading names why, for all members alike.
        "action" => path.refused.is_some() && assignment.members_fixed.is_some(),
        _ => false,
    }
}

fn heading(row: &AccessRow, column: &str, offers: Offers) -> Option<AnyView> {
    match column {
        "person" => Some(assignment_cell(row)),
        "ends" => Some(end_of_access(row.ends, row.review_on, offers.now)),
        "findings" => {
            let hits = row.hits.clone();
            Some(view! { <span data-reason-cell><Hits hits /></span> }.into_any())
        }
        "action" => Some(actions(row, offers)),
        _ => None,
    }
}

/// Renders what is assigned to whom, and since when.
fn assignment_cell(row: &AccessRow) -> AnyView {
    let AccessRow {
        set,
        principal,
        people,
        since,
        as_of,
        change,
        outdated,
        members_fixed,
        ..
    } = row.clone();
    let members = match principal {
        PrincipalRef::Group { .. } => people.known().map(|people| match people {
            1 => "1 person".to_owned(),
            people => format!("{people} people"),
        }),
        PrincipalRef::User(_) | PrincipalRef::Orphan(_) | PrincipalRef::NotRead(_) => None,
    };
    let fixed = members_fixed.map(|why| view! { <span title=why.reason>{why.title}</span> });
    let asked = format!("Read from AWS at {} UTC", as_of.minute());
    let by = change
        .map(|change| view! { " " <a href=format!("/changes/{change}")>"by this change"</a> });
    view! {
        <span data-assignment>
            <span>
                <SetLink set />
                {outdated.then(|| view! { <StatusBadge status=Status::Drift label="Provisioning out of date" /> })}
            </span>
            <span data-to>
                <PrincipalLink principal />
                {members.map(|members| view! { <span>{members}</span> })}
                {fixed}
                <span title=asked>"First seen " <Day at=since /> {by}</span>
            </span>
        </span>
    }
    .into_any()
}

fn actions(row: &AccessRow, offers: Offers) -> AnyView {
    if offers.proposing == Proposing::NotAllowed {
        return ().into_any();
    }
    let (set, principal) = (&row.set.name, principal_name(&row.principal));
    let approve = can_be_approved(row, offers).then(|| {
        let object = format!("of {set} for {principal}");
        let href = row.removal.to_adopt().href();
        view! { <RowAction label="Request approval" object href refused=None /> }
    });
    let object = format!("of {set} from {principal}");
    let (href, refused) = (row.removal.href(), row.refused.clone());
    view! {
        <span data-row-forms>{approve} <RowAction label="Remove assignment" object href refused /></span>
    }
    .into_any()
}

/// Whether approvals would resolve all that policies find in access without a record.
fn can_be_approved(row: &AccessRow, offers: Offers) -> bool {
    let exists = matches!(
        row.principal,
        PrincipalRef::User(_) | PrincipalRef::Group { .. }
    );
    let lacks = HitView::strictest(&row.hits) == Outcome::NeedsApproval;
    offers.adopting == Proposing::Offered && exists && lacks && row.change.is_none()
}

/// Returns each policy that the assignments violate once, with their number; then those that only want an approval.
pub(super) fn policies(rows: &[AccessRow], base: &str) -> AnyView {
    let mut found: BTreeMap<&str, (&HitView, usize)> = BTreeMap::new();
    for hit in rows.iter().flat_map(|row| &row.hits) {
        let (worst, count) = found.entry(&hit.rule).or_insert((hit, 0));
        if hit.outcome > worst.outcome {
            *worst = hit;
        }
        *count += 1;
    }
    let mut found: Vec<(&HitView, usize)> = found.into_values().collect();
    found.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.rule.cmp(&b.rule)));
    let (lacking, violated): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(hit, _)| hit.outcome == Outcome::NeedsApproval);
    let section = |title: &'static str, found: Vec<(&HitView, usize)>| {
        let total = found.len();
        let lines = found
            .into_iter()
            .map(|(hit, count)| policy(hit, count, base))
            .collect_view();
        (total > 0).then(|| {
            view! { <Section title detail=total.to_string()><ul data-lines>{lines}</ul></Section> }
        })
    };
    view! {
        <div id=POLICIES>
            {section("Policies violated", violated)}
            {section("Approval policies not met", lacking)}
        </div>
    }
    .into_any()
}

/// Whether policies find anything in the assignments.
pub(super) fn are_found(rows: &[AccessRow]) -> bool {
    let tally = Tally::of(rows.iter().map(|row| HitView::strictest(&row.hits)));
    tally.against + tally.unapproved > 0
}

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
