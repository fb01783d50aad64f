//! The policies that existing access violates, as a table before the rows: first those that forbid it, then those
//! whose approval it lacks, each with its control and how far it reaches.

use domain::{snapshot::Figure, verdict::Outcome};
use leptos::prelude::*;

use super::controls;
use crate::{
    backend::{FindingGroup, escape},
    components::{Column, Empty, FindingMark, Glyph, Narrow, NotKnown, Section, Table},
};

/// Renders the table.
pub(super) fn section(violations: Vec<FindingGroup>, people: Figure) -> AnyView {
    let body = if !violations.is_empty() {
        table(violations)
    } else if people == Figure::NotKnown {
        view! { <NotKnown what="What policies say about existing access" /> }.into_any()
    } else {
        view! { <Empty title="No policy is violated" icon=Glyph::Check>"Every path agrees with the policies and has the approvals that it needs."</Empty> }
            .into_any()
    };
    let detail = format!(
        "Over the whole report. Controls are requirements of {}.",
        controls::STANDARD
    );
    view! {
        <div id="violations">
            <Section title="Findings by policy" detail>{body}</Section>
        </div>
    }
    .into_any()
}

/// The number of columns.
const WIDTH: usize = 5;

/// Renders the policies in two parts: those that forbid access, and those that only ask for an approval.
fn table(violations: Vec<FindingGroup>) -> AnyView {
    let columns = vec![
        Column::new("Policy"),
        Column::new("Control"),
        Column::new("Accounts").numeric(),
        Column::new("People").numeric(),
        Column::new("Assignments").numeric(),
    ];
    let (unapproved, against): (Vec<_>, Vec<_>) = violations
        .into_iter()
        .partition(|one| one.hit.outcome == Outcome::NeedsApproval);
    let parts = [
        (Outcome::Refused, against),
        (Outcome::NeedsApproval, unapproved),
    ];
    let rows = parts
        .into_iter()
        .filter(|(_, policies)| !policies.is_empty())
        .map(|(outcome, policies)| {
            let lines = policies.into_iter().map(line).collect_view();
            view! {
                <tr data-group><th scope="rowgroup" colspan=WIDTH.to_string()><FindingMark outcome /></th></tr>
                {lines}
            }
        })
        .collect_view();
    view! { <Table caption="Findings by policy" columns id="violated" narrow=Narrow::Cards>{rows}</Table> }
        .into_any()
}

/// Renders a policy, with the accounts of the assignments that it finds behind their number.
fn line(found: FindingGroup) -> AnyView {
    let FindingGroup {
        hit,
        assignments,
        unapproved,
        people,
        account_count,
        ..
    } = found;
    let also = (hit.outcome == Outcome::NeedsApproval)
        .then(|| also_violating(assignments, unapproved))
        .flatten();
    let (number, control) = (
        controls::number(&hit.control).to_owned(),
        controls::title(&hit.control),
    );
    let href = format!("/accounts?policy={}", escape(&hit.rule));
    let of = format!(" assignments: {}", hit.title);
    view! {
        <tr>
            <th scope="row">
                <span title=format!("Policy {}", hit.rule)>{hit.title}</span>
                {also.map(|words| view! { <p class="text-muted text-xs font-normal">{words}</p> })}
            </th>
            <td data-label="Control"><span data-requirement><b>{number}</b> " " <span class="text-muted">{control}</span></span></td>
            <td data-label=noun(account_count, ["Account", "Accounts"]) data-numeric>{account_count.to_string()}</td>
            <td data-label=noun(people, ["Person", "People"]) data-numeric>{people.to_string()}</td>
            <td data-label=noun(assignments, ["Assignment", "Assignments"]) data-numeric>
                <a href=href>{assignments.to_string()}<span class="sr-only">{of}</span></a>
            </td>
        </tr>
    }
    .into_any()
}

/// Returns the noun of a number, which stands behind it on a narrow screen.
fn noun(count: Figure, [one, several]: [&'static str; 2]) -> &'static str {
    match count {
        Figure::Known(1) => one,
        Figure::Known(_) | Figure::NotKnown => several,
    }
}

/// Says how many of the assignments that lack an approval violate a policy as well. The others are those that the tile counts.
fn also_violating(assignments: Figure, unapproved: Figure) -> Option<String> {
    let (Figure::Known(all), Figure::Known(only)) = (assignments, unapproved) else {
        return None;
    };
    let also = all.saturating_sub(only);
    match (also, all) {
        (0, _) => None,
        (1, 1) => Some("The assignment violates a policy as well".to_owned()),
        (also, all) if also == all => Some("All of them violate a policy as well".to_owned()),
        (1, all) => Some(format!("1 of {all} assignments violates a policy as well")),
        (also, all) => Some(format!(
            "{also} of {all} assignments violate a policy as well"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_counts_besides_what_the_tile_counts_is_said() {
        let said = |all: usize, only: usize| also_violating(all.into(), only.into());
        assert_eq!(said(3, 3), None);
        assert_eq!(
            said(27, 1).as_deref(),
            Some("26 of 27 assignments violate a policy as well")
        );
        assert_eq!(
            said(2, 1).as_deref(),
            Some("1 of 2 assignments violates a policy as well")
        );
        assert_eq!(
            said(2, 0).as_deref(),
            Some("All of them violate a policy as well")
        );
        assert_eq!(also_violating(Figure::NotKnown, Figure::NotKnown), None);
    }
}
