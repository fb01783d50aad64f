//! The policies that existing access to production PCI violates, one line each.

use domain::{
    snapshot::Figure,
    verdict::{Outcome, Tally},
};
use leptos::prelude::*;

use crate::{
    backend::{FindingGroup, escape},
    components::{Column, Empty, FindingMark, FoldedHit, Glyph, Narrow, NotKnown, Section, Table},
};

/// The number of policies listed. The report has all.
const LISTED: usize = 5;

/// Whether there are findings, and each is a violation, not only a missing approval.
fn are_violated(listed: &[FindingGroup]) -> bool {
    let mut outcomes = listed.iter().map(|found| found.hit.outcome);
    !listed.is_empty() && outcomes.all(|outcome| outcome == Outcome::Refused)
}

/// Renders the section. `all` is where the report lists every policy; without it, all are here.
pub(super) fn findings(
    findings: Vec<FindingGroup>,
    against: Figure<Tally>,
    all: Option<&'static str>,
) -> AnyView {
    // A mark that all rows have stands in the heading.
    let total = findings.len();
    let listed = if all.is_some() {
        LISTED.min(total)
    } else {
        total
    };
    let all_violated = are_violated(&findings[..listed]);
    let title = if all_violated {
        "Policy violations"
    } else {
        "Policy findings"
    };
    if findings.is_empty() && against == Figure::NotKnown {
        return view! { <Section title><NotKnown what="Part of the access to production PCI" /></Section> }
            .into_any();
    }
    if findings.is_empty() {
        return view! {
            <Section title>
                <Empty title="No policy findings" icon=Glyph::Check>"Every assignment in production PCI was evaluated against the policies in effect."</Empty>
            </Section>
        }
        .into_any();
    }
    let all = all.filter(|_| total > LISTED).map(|href| {
        let words = format!("All {total} findings in the report");
        view! { <a href=href>{words}</a> }
    });
    let mut columns = vec![Column::new("Policy")];
    if !all_violated {
        columns.push(Column::new("Finding"));
    }
    columns.push(Column::new("Assignments").numeric());
    columns.push(Column::new("People").numeric());
    let rows = findings
        .into_iter()
        .take(listed)
        .map(|found| {
            let href = format!("/accounts?policy={}", escape(&found.hit.rule));
            let outcome = found.hit.outcome;
            let mark = (!all_violated)
                .then(|| view! { <td data-label="Finding"><FindingMark outcome /></td> });
            view! {
                <tr>
                    <th scope="row" data-folded-hit><FoldedHit hit=found.hit /></th>
                    {mark}
                    <td data-label="Assignments" data-numeric><a href=href>{found.assignments.to_string()}</a></td>
                    <td data-label="People" data-numeric>{found.people.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title detail="in production PCI, those of the most people first" actions=all.into_any()>
            <Table caption="Policy findings on existing access" columns id="findings" narrow=Narrow::Cards>{rows}</Table>
        </Section>
    }
    .into_any()
}
