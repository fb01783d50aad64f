//! Who reaches an account, on its page: every path of every person, the violations, the assignments, and the access that
//! ended lately.

use std::collections::BTreeMap;

use domain::{snapshot::Knowledge, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{AccessRow, EndedAccessRow, EndedListed, HitView, PathCounts, PersonAccessRow},
    components::{
        AbsoluteTime, Column, Day, Empty, Glyph, HitWords, ListView, NotKnown, PrincipalLink,
        RowAction, Section, SetLink, Status, StatusBadge, Table, Time, directory_link,
        principal_name, relative,
    },
    lists::{
        ListChoice, ListPlace,
        access::{AccessFacts, POLICY},
    },
    pages::Proposing,
};

use super::path_words;

/// Renders who reaches the account, person by person.
pub(super) fn people_section(
    list: ListView<AccessFacts, PersonAccessRow>,
    place: &ListPlace,
    known: Knowledge,
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
        <section aria-labelledby="access-title">
            <h2 id="access-title" data-list-title>"Who has access"</h2>
            {list.draw_at(place, |rows| rows)}
        </section>
    }
    .into_any()
}

/// Renders each policy with violations on this account once, with the assignments concerned.
pub(super) fn violations(rows: &[AccessRow], paths: &PathCounts, base: &str) -> AnyView {
    let mut found: BTreeMap<&str, (&HitView, usize)> = BTreeMap::new();
    for hit in rows.iter().flat_map(|row| &row.hits) {
        let (worst, count) = found.entry(&hit.rule).or_insert((hit, 0));
        if hit.outcome > worst.outcome {
            *worst = hit;
        }
        *count += 1;
    }
    if found.is_empty() {
        return ().into_any();
    }
    let mut found: Vec<(&HitView, usize)> = found.into_values().collect();
    found.sort_by(|(a, n), (b, m)| {
        b.outcome
            .cmp(&a.outcome)
            .then(m.cmp(n))
            .then(a.rule.cmp(&b.rule))
    });
    let total = found.len();
    let lines = found
        .into_iter()
        .map(|(hit, count)| {
            let href = ListChoice::only(POLICY, &hit.rule).href(base);
            let words = if count == 1 {
                "1 assignment".to_owned()
            } else {
                format!("{count} assignments")
            };
            let paths = paths.by_policy.get(&hit.rule).copied().unwrap_or_default();
            let words = format!("{words}, {}", path_words(paths));
            let label = format!("{words}: {}", hit.title);
            view! {
                <li data-violation>
                    <HitWords hit=hit.clone() />
                    <a href=href aria-label=label>{words}</a>
                </li>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div id="rules">
            <Section title="Violations" detail=total.to_string()>
                <ul data-lines>{lines}</ul>
            </Section>
        </div>
    }
    .into_any()
}

/// Renders the assignments: by one of them, a group gives access to all its members.
pub(super) fn assigned(rows: Vec<AccessRow>, proposing: Proposing, now: Timestamp) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let oldest = rows.iter().map(|row| row.as_of).min().unwrap_or_default();
    let detail = format!(
        "{} to people and groups, read from AWS {}",
        rows.len(),
        relative(oldest, now)
    );
    let columns = vec![
        Column::new("Permission set"),
        Column::new("Assigned to"),
        Column::new("People").numeric(),
        Column::new("Since").wide_only(),
        Column::new("Ends"),
        Column::new("Action").unlabelled(),
    ];
    let lines = rows
        .into_iter()
        .map(|row| line(row, proposing, now).into_any())
        .collect_view();
    view! {
        <Section title="Assignments" detail>
            <Table caption="Assignments, by permission set" columns id="who">{lines}</Table>
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
        hits: _,
        removal,
        refused,
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
    view! {
        <tr>
            <th scope="row">
                <SetLink set />
                {outdated.then(|| view! { <div><StatusBadge status=Status::Drift label="Provisioning out of date" /></div> })}
            </th>
            <td><PrincipalLink principal /></td>
            <td data-numeric>{people.to_string()}</td>
            <td data-wide>
                <span title=asked><Day at=since /></span>
                {change.map(|change| view! { <div><a href=format!("/changes/{change}")>"by this change"</a></div> })}
            </td>
            <td>{ends} {review}</td>
            <td data-numeric>{remove}</td>
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
