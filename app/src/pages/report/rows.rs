//! The rows of the report, by account or by person.

use domain::org::AccountState;
use leptos::prelude::*;

use super::{controls, href};
use crate::{
    backend::{FindingKind, Grouping, Page, ReportChoice, ReportRow},
    components::{
        BadgeWeight, CapabilityList, Column, Glyph, Narrow, PagePosition, Section, Status,
        StatusBadge, Table, account_state_words, pages,
    },
};

/// Renders a page of the rows.
pub(super) fn section(page: Page<ReportRow>, groups: Vec<usize>, choice: &ReportChoice) -> AnyView {
    let grouping = choice.grouping;
    let place = PagePosition::of(page.number, page.size, page.rows.len(), page.total);
    let first = match grouping {
        Grouping::Account => "Person",
        Grouping::Person => "Account",
    };
    let columns = vec![
        Column::new(first),
        Column::new("Permission set"),
        Column::new("Path"),
        Column::new("Start"),
        Column::new("Duration"),
        Column::new("Policy status"),
    ];
    let width = columns.len();
    let mut counts = groups.into_iter();
    let mut lines = Vec::new();
    let mut current: Option<String> = None;
    for row in page.rows {
        let key = key(&row, grouping);
        if current.as_ref() != Some(&key) {
            let rows = counts.next().unwrap_or_default();
            lines.push(group(&row, grouping, rows, width));
            current = Some(key);
        }
        lines.push(line(row, grouping));
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
            <Section title="Rows" detail="one for each person, account, permission set and path, and one for each orphaned assignment">
                <Table caption="Who can reach production PCI, by path" columns id="report" narrow=Narrow::Cards>{lines}</Table>
                {pages(place, "rows", to)}
            </Section>
        </div>
    }
    .into_any()
}

/// Returns what the rows of a group have in common.
fn key(row: &ReportRow, grouping: Grouping) -> String {
    match grouping {
        Grouping::Account => row.account_id.clone(),
        Grouping::Person if row.orphaned => String::new(),
        Grouping::Person => row.person_id.clone(),
    }
}

/// Renders the head of a group.
fn group(row: &ReportRow, grouping: Grouping, rows: usize, width: usize) -> AnyView {
    let name = match grouping {
        Grouping::Account => account(row),
        Grouping::Person if row.orphaned => {
            view! { "Orphaned assignments: their user or group is deleted" }.into_any()
        }
        Grouping::Person => person(row),
    };
    let count = match rows {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
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

fn line(row: ReportRow, grouping: Grouping) -> AnyView {
    let first = match grouping {
        Grouping::Account => person(&row),
        Grouping::Person => account(&row),
    };
    // Whose assignment it was belongs to each row of deleted users and groups.
    let whose =
        (grouping == Grouping::Person && row.orphaned).then(|| view! { <div>{person(&row)}</div> });
    let ReportRow {
        permission_set,
        permission_set_arn,
        path,
        standing,
        since,
        start_known,
        capabilities,
        findings,
        finding_titles,
        finding_controls,
        finding_kinds,
        ..
    } = row;
    let set = permission_set_arn
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let day: String = since.chars().take(10).collect();
    let start = if start_known { "Since" } else { "First seen" };
    let long = if standing { "Standing" } else { "Ends" };
    let violated: Vec<Violated> = findings
        .into_iter()
        .zip(finding_titles)
        .zip(finding_controls)
        .zip(finding_kinds)
        .map(|(((rule, title), control), kind)| Violated {
            rule,
            title,
            control,
            kind,
        })
        .collect();
    view! {
        <tr>
            <th scope="row">{first} {whose}</th>
            <td data-label="Permission set">
                <a href=format!("/permission-sets/{set}")>{permission_set}</a>
                " "
                <CapabilityList capabilities />
            </td>
            <td data-label="Path">{path}</td>
            <td data-label="Start"><span data-start>{start} " " <time datetime=since>{day}</time></span></td>
            <td data-label="Duration">{long}</td>
            <td data-label="Policy status">{broken(violated)}</td>
        </tr>
    }
    .into_any()
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

/// Renders the policies that find something of a row: the short name with the control.
fn broken(violated: Vec<Violated>) -> AnyView {
    if violated.is_empty() {
        return view! { <StatusBadge status=Status::Ok label="No violations" /> }.into_any();
    }
    let items = violated
        .into_iter()
        .map(|one| {
            let Violated {
                rule,
                title,
                control,
                kind,
            } = one;
            let number = controls::number(&control).to_owned();
            let (status, glyph) = match kind {
                FindingKind::Violation => (Status::Danger, None),
                FindingKind::ApprovalMissing => (Status::Pending, Some(Glyph::Approval)),
            };
            view! {
                <li title=format!("Policy {rule}")>
                    <StatusBadge status label=title weight=BadgeWeight::Plain glyph />
                    " "
                    <span data-control>{number}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul data-plain data-violated>{items}</ul> }.into_any()
}
