//! The rows of the report, by account or by person.

use domain::{org::AccountState, permission_set::analysis::Capability};
use leptos::prelude::*;

use super::{controls, href};
use crate::{
    backend::{FindingKind, Grouping, Page, ReportChoice, ReportRow},
    components::{
        ApprovalMissing, CapabilityBadge, Column, Narrow, PagePosition, Section, Status,
        StatusBadge, Table, account_state_words, pages, violated_words,
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
        Column::new("Duration"),
        Column::new("Policy status"),
    ];
    let title = match grouping {
        Grouping::Account => "Every path, by account",
        Grouping::Person => "Every path, by person",
    };
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
            <Section title detail="A row for each person, account, permission set and path, and for each orphaned assignment.">
                <Table caption="Who can reach production PCI, by path" columns id="report" narrow=Narrow::Cards>{lines}</Table>
                {pages(place, "paths", to)}
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
                {allows(&capabilities)}
            </td>
            <td data-label="Path">{path}</td>
            <td data-label="Duration">{long} " " <span data-start>{start} " " <time datetime=since>{day}</time></span></td>
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

/// Renders what a permission set allows in full, because paper cannot be opened: the most dangerous capability, and the others in
/// words.
fn allows(capabilities: &[Capability]) -> Option<AnyView> {
    let mut named = Capability::named(capabilities).into_iter();
    let capability = named.next()?;
    let others: Vec<&str> = named.map(Capability::label).collect();
    let others = (!others.is_empty()).then(|| view! { " " <span>{others.join(", ")}</span> });
    Some(
        view! { <span data-capabilities><CapabilityBadge capability /> {others}</span> }.into_any(),
    )
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

/// Returns the requirements that policies are the control for, each once with its policies, in the order of the first of them.
fn by_control(policies: &[Violated]) -> Vec<(&str, Vec<&Violated>)> {
    let mut found: Vec<(&str, Vec<&Violated>)> = Vec::new();
    for policy in policies {
        let number = controls::number(&policy.control);
        match found.iter_mut().find(|(known, _)| *known == number) {
            Some((_, all)) => all.push(policy),
            None => found.push((number, vec![policy])),
        }
    }
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
            ]
        );
    }
}
