//! The policies that existing access violates, as a table before the rows: each with its control, and how far it reaches.

use domain::{snapshot::Figure, verdict::Outcome};
use leptos::prelude::*;

use super::controls;
use crate::{
    backend::{FindingGroup, escape},
    components::{
        BadgeWeight, Column, Empty, Glyph, Narrow, NotKnown, Section, Status, StatusBadge, Table,
    },
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
        "over the whole report; controls are requirements of {}",
        controls::STANDARD
    );
    view! {
        <div id="violations">
            <Section title="Violations by policy" detail>{body}</Section>
        </div>
    }
    .into_any()
}

fn table(violations: Vec<FindingGroup>) -> AnyView {
    let columns = vec![
        Column::new("Policy"),
        Column::new("Control"),
        Column::new("Finding"),
        Column::new("Accounts").numeric(),
        Column::new("People").numeric(),
        Column::new("Assignments").numeric(),
    ];
    let rows = violations
        .into_iter()
        .map(|one| {
            let FindingGroup {
                hit,
                assignments,
                unapproved,
                people,
                account_count,
                ..
            } = one;
            let also = (hit.outcome == Outcome::NeedsApproval)
                .then(|| also_violating(assignments, unapproved))
                .flatten();
            let (number, control) = (
                controls::number(&hit.control).to_owned(),
                controls::title(&hit.control),
            );
            let href = format!("/accounts?policy={}", escape(&hit.rule));
            let (status, label) = match hit.outcome {
                Outcome::NeedsApproval => (Status::Pending, "Approval missing"),
                Outcome::Refused | Outcome::Allowed => (Status::Danger, "Violation"),
            };
            view! {
                <tr>
                    <th scope="row"><a href=href title=format!("Policy {}", hit.rule)>{hit.title}</a></th>
                    <td data-label="Control"><span data-requirement><b>{number}</b> " " <span class="text-muted">{control}</span></span></td>
                    <td data-label="Finding">
                        <StatusBadge status label weight=BadgeWeight::Plain />
                        {also.map(|words| view! { <p class="text-muted text-xs">{words}</p> })}
                    </td>
                    <td data-label="Accounts" data-numeric>{account_count.to_string()}</td>
                    <td data-label="People" data-numeric>{people.to_string()}</td>
                    <td data-label="Assignments" data-numeric>{assignments.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    view! { <Table caption="Violations by policy" columns narrow=Narrow::Cards>{rows}</Table> }
        .into_any()
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
