//! Who reaches an account, on its page: the assignments, every path of every person, the policies that they violate, and the
//! access that ended lately.

use std::collections::BTreeMap;

use domain::{snapshot::Knowledge, time::Timestamp, verdict::Outcome};
use leptos::prelude::*;

use crate::{
    backend::{
        AccessRow, EndedAccessRow, EndedListed, HitView, PathCounts, PersonAccessRow, PrincipalRef,
    },
    components::{
        AbsoluteTime, Column, Day, Empty, FoldedHit, Glyph, ListView, Narrow, NotKnown,
        PrincipalLink, RowAction, Section, SetLink, Status, StatusBadge, Table, Time,
        directory_link, fixed_groups, held_words, principal_name, relative,
    },
    lists::{
        ListChoice, ListPlace,
        access::{AccessFacts, POLICY},
    },
    pages::Proposing,
};

use super::{assignment_words, path_words};

/// The id of the heading of the list of paths, to which numbers lead.
pub(super) const LIST_TITLE: &str = "access-title";

/// Renders who reaches the account, person by person. `fixed` are the assigned groups whose members cannot be removed here.
pub(super) fn people_section(
    list: ListView<AccessFacts, PersonAccessRow>,
    place: &ListPlace,
    known: Knowledge,
    fixed: Option<AnyView>,
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
        return view! { <Section title="Who has access">{nobody}</Section> }.into_any();
    }
    view! {
        <section aria-labelledby=LIST_TITLE>
            <h2 id=LIST_TITLE data-list-title>"Who has access"</h2>
            {fixed}
            {list.draw_at(place, |rows| rows)}
        </section>
    }
    .into_any()
}

/// Renders the assigned groups whose members cannot be removed here.
pub(super) fn fixed(rows: &[AccessRow]) -> Option<AnyView> {
    fixed_groups(rows.iter().filter_map(|row| match &row.principal {
        PrincipalRef::Group { id, name, .. } => {
            Some((id.as_str(), name.as_str(), row.members_fixed.as_ref()?))
        }
        _ => None,
    }))
}

/// Renders each policy that this account violates once, with what it concerns; then those that only want an approval.
pub(super) fn policies(rows: &[AccessRow], paths: &PathCounts, base: &str) -> AnyView {
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
            .map(|(hit, count)| policy(hit, count, paths, base))
            .collect_view();
        (total > 0).then(|| {
            view! { <Section title detail=total.to_string()><ul data-lines>{lines}</ul></Section> }
        })
    };
    view! {
        <div id="rules">
            {section("Policies violated", violated)}
            {section("Approvals missing", lacking)}
        </div>
    }
    .into_any()
}

fn policy(hit: &HitView, count: usize, paths: &PathCounts, base: &str) -> AnyView {
    let list = ListChoice::only(POLICY, &hit.rule).href(base);
    let href = format!("{list}#{LIST_TITLE}");
    let paths = paths.by_policy.get(&hit.rule).copied().unwrap_or_default();
    let words = format!("{}, {}", assignment_words(count), path_words(paths));
    let label = format!("{words}: {}", hit.title);
    view! {
        <li data-violation>
            <FoldedHit hit=hit.clone() />
            <a href=href aria-label=label>{words}</a>
        </li>
    }
    .into_any()
}

/// Renders the assignments: by one of them, a group gives access to all its members.
pub(super) fn assigned(rows: Vec<AccessRow>, proposing: Proposing, now: Timestamp) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let oldest = rows.iter().map(|row| row.as_of).min().unwrap_or_default();
    let detail = format!("{}, read from AWS {}", rows.len(), relative(oldest, now));
    let columns = vec![
        Column::new("Permission set"),
        Column::new("Assigned to"),
        Column::new("People").numeric(),
        Column::new("Policy status"),
        Column::new("First seen").wide_only(),
        Column::new("Ends"),
        Column::new("Action").unlabelled(),
    ];
    let lines = rows
        .into_iter()
        .map(|row| line(row, proposing, now).into_any())
        .collect_view();
    view! {
        <Section title="Assignments" detail>
            <Table caption="Assignments, by permission set" columns id="who" narrow=Narrow::Cards>{lines}</Table>
        </Section>
    }
    .into_any()
}

fn line(row: AccessRow, proposing: Proposing, now: Timestamp) -> impl IntoView {
    let AccessRow {
        set,
        principal,
        people,
        since,
        as_of,
        ends,
        change,
        review_on,
        outdated,
        hits,
        removal,
        refused,
        members_fixed,
    } = row;
    let ends = match ends {
        Some(at) => view! { <Time at now /> }.into_any(),
        None => view! { <span class="text-muted">"Never"</span> }.into_any(),
    };
    let review = review_on.map(|day| {
        view! { <div class="text-muted text-xs">{format!("Review by {day}")}</div> }
    });
    let asked = format!("Read from AWS at {} UTC", as_of.minute());
    let object = format!("{} from {}", set.name, principal_name(&principal));
    let remove = (proposing == Proposing::Offered).then(|| {
        view! { <RowAction label="Remove" object href=removal.href() refused /> }
    });
    let (status, label) = held_words(&hits);
    let glyph = (status == Status::Pending).then_some(Glyph::Approval);
    let fixed = members_fixed
        .map(|why| view! { <div class="text-muted text-xs" title=why.reason>{why.title}</div> });
    view! {
        <tr>
            <th scope="row">
                <SetLink set />
                {outdated.then(|| view! { <div><StatusBadge status=Status::Drift label="Provisioning out of date" /></div> })}
            </th>
            <td data-label="Assigned to"><PrincipalLink principal /> {fixed}</td>
            <td data-numeric data-label="People">{people.to_string()}</td>
            <td data-label="Policy status"><StatusBadge status label glyph /></td>
            <td data-wide data-label="First seen">
                <span title=asked><Day at=since /></span>
                {change.map(|change| view! { <div><a href=format!("/changes/{change}")>"by this change"</a></div> })}
            </td>
            <td data-label="Ends">{ends} {review}</td>
            <td>{remove}</td>
        </tr>
    }
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
