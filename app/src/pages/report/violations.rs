//! The policies that existing access violates, as a table before the rows: each with its control, and how far it reaches.

use domain::{snapshot::Figure, verdict::Outcome};
use leptos::prelude::*;

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
    view! {
        <div id="violations">
            <Section title="Violations by policy" detail="over the whole report">{body}</Section>
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
                people,
                account_count,
                ..
            } = one;
            let href = format!("/accounts?policy={}", escape(&hit.rule));
            let (status, label) = match hit.outcome {
                Outcome::NeedsApproval => (Status::Pending, "Approval missing"),
                Outcome::Refused | Outcome::Allowed => (Status::Danger, "Violation"),
            };
            view! {
                <tr>
                    <th scope="row"><a href=href title=format!("Policy {}", hit.rule)>{hit.title}</a></th>
                    <td data-label="Control"><span data-control>{hit.control}</span></td>
                    <td data-label="Finding"><StatusBadge status label weight=BadgeWeight::Plain /></td>
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
