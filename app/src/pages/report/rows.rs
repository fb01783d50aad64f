//! The rows of the report, by account or by person. Rows that differ only in the person, or only in the account, are one block:
//! what they share is said once, and each of them is listed below it. Never leaves out a row.

use std::{cmp::Reverse, collections::BTreeMap};

use domain::{ids::GroupId, org::AccountState, permission_set::analysis::Capability};
use leptos::prelude::*;

use super::{controls, href};
use crate::{
    backend::{FindingKind, Grouping, Page, ReportChoice, ReportRow},
    components::{
        ApprovalMissing, CapabilityBadge, Column, Glyph, Icon, Narrow, PagePosition, Section,
        Status, StatusBadge, Table, account_state_words, pages, violated_words,
    },
};

/// Renders a page of the rows.
pub(super) fn section(page: Page<ReportRow>, groups: Vec<usize>, choice: &ReportChoice) -> AnyView {
    let grouping = choice.grouping;
    let place = PagePosition::of(page.number, page.size, page.rows.len(), page.total);
    let columns = vec![
        Column::new("Permission set and path"),
        Column::new("Duration"),
        Column::new("Policy status"),
    ];
    let (title, detail) = match grouping {
        Grouping::Account => (
            "Every path, by account",
            "Each permission set with the people who hold it by one path, the most violations first.",
        ),
        Grouping::Person => (
            "Every path, by person",
            "Each permission set with the accounts that it reaches by one path, the most violations first.",
        ),
    };
    let width = columns.len();
    let mut counts = groups.into_iter();
    let mut lines = Vec::new();
    let in_groups = page
        .rows
        .chunk_by(|one, next| key(one, grouping) == key(next, grouping));
    for rows in in_groups {
        let Some(first) = rows.first() else { continue };
        lines.push(head(
            first,
            grouping,
            counts.next().unwrap_or_default(),
            width,
        ));
        let blocks = blocks(rows).into_iter();
        lines.extend(blocks.filter_map(|block| lines_of(&block, grouping, width)));
    }
    let choice = choice.clone();
    let to = move |page: usize| {
        href(&ReportChoice {
            page,
            ..choice.clone()
        })
    };
    view! {
        <div id="rows">
            <Section title detail>
                <Table caption="Who can reach production PCI, by path" columns id="report" narrow=Narrow::Cards>{lines}</Table>
                {pages(place, "paths", to)}
            </Section>
        </div>
    }
    .into_any()
}

/// Returns what the rows of a group have in common.
fn key(row: &ReportRow, grouping: Grouping) -> &str {
    match grouping {
        Grouping::Account => &row.account_id,
        Grouping::Person if row.orphaned => "",
        Grouping::Person => &row.person_id,
    }
}

/// What the rows of a block share, in the order of the blocks: those with the most violations are first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Shared<'a> {
    violations: Reverse<usize>,
    findings: Reverse<usize>,
    /// The name and the ARN.
    set: [&'a str; 2],
    path: (&'a str, Option<&'a GroupId>),
    /// Whether it has no end, since when, and whether that is its start.
    duration: (bool, &'a str, bool),
    /// The policies, each with what it finds.
    found: Vec<(&'a str, &'static str)>,
}

impl<'a> Shared<'a> {
    fn of(row: &'a ReportRow) -> Self {
        let violations = row.finding_kinds.iter();
        let violations = violations.filter(|kind| **kind == FindingKind::Violation);
        let kinds = row.finding_kinds.iter().map(|kind| kind.as_str());
        Self {
            violations: Reverse(violations.count()),
            findings: Reverse(row.findings.len()),
            set: [&row.permission_set, &row.permission_set_arn],
            path: (&row.path, row.group.as_ref().map(|(id, _)| id)),
            duration: (row.standing, &row.since, row.start_known),
            found: row.findings.iter().map(String::as_str).zip(kinds).collect(),
        }
    }
}

/// Returns the rows of a group in blocks.
fn blocks(rows: &[ReportRow]) -> Vec<Vec<&ReportRow>> {
    let mut found: BTreeMap<Shared<'_>, Vec<&ReportRow>> = BTreeMap::new();
    for row in rows {
        found.entry(Shared::of(row)).or_default().push(row);
    }
    found.into_values().collect()
}

/// Renders the head of a group.
fn head(row: &ReportRow, grouping: Grouping, rows: usize, width: usize) -> AnyView {
    let name = match grouping {
        Grouping::Account => account(row),
        Grouping::Person if row.orphaned => {
            view! { "Orphaned assignments: their user or group is deleted" }.into_any()
        }
        Grouping::Person => view! { {person(row)} " " {title(row)} }.into_any(),
    };
    let count = match rows {
        1 => "1 path".to_owned(),
        rows => format!("{rows} paths"),
    };
    view! {
        <tr data-group>
            <th scope="rowgroup" colspan=width.to_string()>
                <span data-group-name>{name} <span class="text-muted font-normal">{count}</span></span>
            </th>
        </tr>
    }
    .into_any()
}

fn account(row: &ReportRow) -> AnyView {
    let state = state(&row.account_state);
    view! {
        <a href=format!("/accounts/{}", row.account_id)>{row.account.clone()}</a>
        " "
        <span class="text-muted font-mono text-xs" data-account-id>{row.account_id.clone()}</span>
        {state.map(|label| view! { " " <StatusBadge status=Status::Off label /> })}
    }
    .into_any()
}

fn person(row: &ReportRow) -> AnyView {
    if row.orphaned {
        let (kind, id) = row
            .person
            .rsplit_once(' ')
            .unwrap_or(("Orphaned", &row.person));
        return view! {
            <span data-person>
                <StatusBadge status=Status::Drift label=kind.to_owned() />
                " "
                <span class="text-muted font-mono text-xs break-all">{id.to_owned()}</span>
            </span>
        }
        .into_any();
    }
    let mark = match row.enabled {
        Some(true) => None,
        Some(false) => Some((Status::Off, "Disabled")),
        None => Some((Status::Drift, "Not read")),
    };
    let name = row.person.clone();
    let name = if row.enabled.is_none() {
        view! { <span class="font-mono text-xs" data-person>{name}</span> }.into_any()
    } else {
        view! { <a href=format!("/people/{}", row.person_id) data-person>{name}</a> }.into_any()
    };
    view! {
        {name}
        {mark.map(|(status, label)| view! { " " <StatusBadge status label /> })}
    }
    .into_any()
}

/// Renders the title of a person, by which an assessor knows what the access is for.
fn title(row: &ReportRow) -> Option<AnyView> {
    let title = row.title.clone()?;
    Some(
        view! { <span data-title class="text-muted text-xs font-normal">{title}</span> }.into_any(),
    )
}

/// Renders a block in two rows of the table: what its rows share, and below it each of them, in the width of the table.
fn lines_of(block: &[&ReportRow], grouping: Grouping, width: usize) -> Option<AnyView> {
    let first = *block.first()?;
    let set = first.permission_set_arn.rsplit('/').next();
    let href = format!("/permission-sets/{}", set.unwrap_or_default());
    let since = first.since.clone();
    let day: String = since.chars().take(10).collect();
    let start = if first.start_known {
        "Since"
    } else {
        "First seen"
    };
    let long = if first.standing { "Standing" } else { "Ends" };
    let each = block.iter().map(|row| {
        let what = match grouping {
            Grouping::Account => view! { {person(row)} " " {title(row)} }.into_any(),
            // Whose assignment it was belongs to each row of deleted users and groups.
            Grouping::Person if row.orphaned => {
                view! { {person(row)} " " {account(row)} }.into_any()
            }
            Grouping::Person => account(row),
        };
        view! { <li>{what}</li> }
    });
    let each = each.collect_view();
    Some(
        view! {
            <tr data-block>
                <th scope="row">
                    <span data-set-and-path><a href=href data-set>{first.permission_set.clone()}</a> " " {path(first)}</span>
                    {allows(&first.capabilities)}
                </th>
                <td data-label="Duration">{long} " " <span data-start>{start} " " <time datetime=since>{day}</time></span></td>
                <td data-label="Policy status">{broken(violated(first))}</td>
            </tr>
            <tr data-below><td colspan=width.to_string()><ul data-each-path>{each}</ul></td></tr>
        }
        .into_any(),
    )
}

/// Renders through what a path leads.
fn path(row: &ReportRow) -> AnyView {
    match &row.group {
        Some((id, name)) => view! {
            <span data-through>
                <Icon glyph=Glyph::Groups />
                <span class="sr-only">"group: "</span>
                <a href=format!("/groups/{id}")>{name.clone()}</a>
            </span>
        }
        .into_any(),
        None => view! { <span data-through>{row.path.clone()}</span> }.into_any(),
    }
}

/// Returns the policies that find something of a row.
fn violated(row: &ReportRow) -> Vec<Violated> {
    let rules = row.findings.iter().zip(&row.finding_titles);
    let kinds = row.finding_controls.iter().zip(&row.finding_kinds);
    rules
        .zip(kinds)
        .map(|((rule, title), (control, kind))| Violated {
            rule: rule.clone(),
            title: title.clone(),
            control: control.clone(),
            kind: *kind,
        })
        .collect()
}

/// Returns the words for the state of an account that is not in use, given AWS's name for it.
fn state(name: &str) -> Option<&'static str> {
    let states = [
        AccountState::PendingActivation,
        AccountState::Active,
        AccountState::Suspended,
        AccountState::PendingClosure,
        AccountState::Closed,
    ];
    account_state_words(states.into_iter().find(|state| state.as_str() == name))
}

/// A policy that finds something of a row.
struct Violated {
    rule: String,
    title: String,
    control: String,
    kind: FindingKind,
}

/// Renders what a permission set allows in full, because paper cannot be opened: the most dangerous capability, and the others in
/// words.
fn allows(capabilities: &[Capability]) -> Option<AnyView> {
    let mut named = Capability::named(capabilities).into_iter();
    let capability = named.next()?;
    let others: Vec<&str> = named.map(Capability::label).collect();
    let others = (!others.is_empty()).then(|| format!(", {}", others.join(", ")));
    Some(view! { <span data-capabilities><CapabilityBadge capability />{others}</span> }.into_any())
}

/// Renders what policies find in a row: what they forbid, and what lacks an approval.
fn broken(violated: Vec<Violated>) -> AnyView {
    if violated.is_empty() {
        return view! { <StatusBadge status=Status::Ok label="No violations" /> }.into_any();
    }
    let (against, unapproved): (Vec<_>, Vec<_>) = violated
        .into_iter()
        .partition(|one| one.kind == FindingKind::Violation);
    let against = violated_words(against.len()).map(|label| {
        let list = requirements(&against);
        view! { <div><p><StatusBadge status=Status::Danger label /></p> {list}</div> }
    });
    let unapproved = (!unapproved.is_empty()).then(|| {
        let list = requirements(&unapproved);
        view! { <div><p><ApprovalMissing /></p> {list}</div> }
    });
    view! { <div data-found-in>{against} {unapproved}</div> }.into_any()
}

/// Returns the requirements that policies are the control for, each once with its policies, in the order of their numbers.
fn by_control(policies: &[Violated]) -> Vec<(&str, Vec<&Violated>)> {
    let mut found: Vec<(&str, Vec<&Violated>)> = Vec::new();
    for policy in policies {
        let number = controls::number(&policy.control);
        match found.iter_mut().find(|(known, _)| *known == number) {
            Some((_, all)) => all.push(policy),
            None => found.push((number, vec![policy])),
        }
    }
    found.sort_by_key(|one| controls::place(one.0));
    found
}

/// Renders policies behind their requirements.
fn requirements(policies: &[Violated]) -> AnyView {
    let lines = by_control(policies)
        .into_iter()
        .map(|(number, policies)| {
            let titles = policies
                .into_iter()
                .enumerate()
                .map(|(at, policy)| {
                    let rule = format!("Policy {}", policy.rule);
                    let title = policy.title.clone();
                    view! { {(at > 0).then_some(", ")} <span title=rule>{title}</span> }
                })
                .collect_view();
            view! { <li><b>{number.to_owned()}</b> " " <span>{titles}</span></li> }
        })
        .collect_view();
    view! { <ul data-violated>{lines}</ul> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_named_once_with_all_its_policies() {
        let policy = |title: &str, control: &str| Violated {
            rule: title.to_lowercase(),
            title: title.to_owned(),
            control: control.to_owned(),
            kind: FindingKind::Violation,
        };
        let policies = [
            policy("Tampering with logs", "PCI 10.3.2"),
            policy("Granting rights", "PCI 7.2.2"),
            policy("Standing access to data", "PCI 7.2.6"),
            policy("Administrator access", "PCI 7.2.2"),
        ];
        let found: Vec<(&str, Vec<&str>)> = by_control(&policies)
            .into_iter()
            .map(|(number, policies)| {
                let titles = policies.into_iter().map(|one| one.title.as_str());
                (number, titles.collect())
            })
            .collect();
        assert_eq!(
            found,
            [
                ("7.2.2", vec!["Granting rights", "Administrator access"]),
                ("7.2.6", vec!["Standing access to data"]),
                ("10.3.2", vec!["Tampering with logs"]),
            ]
        );
    }

    fn row(person: &str, set: &str, findings: &[FindingKind]) -> ReportRow {
        ReportRow {
            person_id: person.to_lowercase(),
            person: person.to_owned(),
            title: None,
            enabled: Some(true),
            orphaned: false,
            account_id: "111122223333".to_owned(),
            account: "cards-prod".to_owned(),
            account_state: AccountState::Active.as_str().to_owned(),
            environment: "production".to_owned(),
            pci: "in".to_owned(),
            permission_set: set.to_owned(),
            permission_set_arn: format!("arn:aws:sso:::permissionSet/ssoins-1/{set}"),
            path: "direct".to_owned(),
            group: None,
            standing: true,
            since: "2026-12-01T00:00:00Z".to_owned(),
            start_known: false,
            review_by: None,
            capabilities: Vec::new(),
            findings: findings.iter().map(|kind| kind.as_str().into()).collect(),
            finding_titles: findings.iter().map(|_| "A policy".into()).collect(),
            finding_controls: findings.iter().map(|_| "PCI 7.2.2".into()).collect(),
            finding_kinds: findings.to_vec(),
        }
    }

    #[test]
    fn rows_that_differ_only_in_the_person_are_one_block_and_the_most_violations_are_first() {
        use FindingKind::{ApprovalMissing, Violation};
        let rows = [
            row("Ann", "Metrics", &[ApprovalMissing]),
            row("Ann", "Operator", &[Violation]),
            row("Ben", "Metrics", &[]),
            row("Cem", "Operator", &[Violation]),
            row("Dora", "Operator", &[Violation, ApprovalMissing]),
        ];
        let found = blocks(&rows);
        let found: Vec<Vec<&str>> = found
            .iter()
            .map(|block| block.iter().map(|row| row.person.as_str()).collect())
            .collect();
        assert_eq!(
            found,
            [vec!["Dora"], vec!["Ann", "Cem"], vec!["Ann"], vec!["Ben"]]
        );
    }

    #[test]
    fn what_differs_in_what_is_said_of_a_block_makes_another_one() {
        let one = row("Ann", "Operator", &[]);
        let differing = [
            ReportRow {
                path: "group: operators".to_owned(),
                ..one.clone()
            },
            ReportRow {
                since: "2026-12-02T00:00:00Z".to_owned(),
                ..one.clone()
            },
            ReportRow {
                start_known: true,
                ..one.clone()
            },
            ReportRow {
                standing: false,
                ..one.clone()
            },
        ];
        for other in differing {
            assert_eq!(blocks(&[one.clone(), other.clone()]).len(), 2, "{other:?}");
        }
    }
}
