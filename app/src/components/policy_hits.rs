//! Policy findings on existing access: a status in the row that expands to every reason with its control. Displays an
//! evaluation and never makes one.

use domain::verdict::{Outcome, Tally};
use leptos::prelude::*;

use super::{Glyph, PolicyLine, PolicyReason, PolicyWords, Status, StatusBadge};
use crate::backend::HitView;

/// Returns how many policies forbid existing access, and whether an approval is missing that would permit it.
pub fn held(hits: &[HitView]) -> (usize, bool) {
    let Tally {
        against,
        unapproved,
    } = Tally::of(hits.iter().map(|hit| hit.outcome));
    (against, unapproved > 0)
}

/// The mark of an approval that is missing. No other meaning has its icon.
#[component]
pub fn ApprovalMissing() -> impl IntoView {
    view! { <StatusBadge status=Status::Pending label="Approval missing" glyph=Glyph::Approval /> }
}

/// The mark of one finding.
#[component]
pub fn FindingMark(outcome: Outcome) -> impl IntoView {
    match outcome {
        Outcome::Refused => {
            view! { <StatusBadge status=Status::Danger label="Violation" /> }.into_any()
        }
        Outcome::NeedsApproval => view! { <ApprovalMissing /> }.into_any(),
        Outcome::Allowed => ().into_any(),
    }
}

/// Returns the words for a number of policies that are violated; none for no violation.
pub fn violated_words(policies: usize) -> Option<String> {
    match policies {
        0 => None,
        1 => Some("Violates 1 policy".to_owned()),
        some => Some(format!("Violates {some} policies")),
    }
}

/// A table cell: what policies find, the violations first, which expands to the reasons.
#[component]
pub fn Hits(hits: Vec<HitView>) -> impl IntoView {
    let (violated, lacks_approval) = held(&hits);
    if violated == 0 && !lacks_approval {
        return view! { <StatusBadge status=Status::Ok label="No violations" /> }.into_any();
    }
    let violated =
        violated_words(violated).map(|label| view! { <StatusBadge status=Status::Danger label /> });
    let reasons = hits
        .into_iter()
        .map(|hit| view! { <li><HitWords hit /></li> })
        .collect_view();
    view! {
        <details data-fold data-found>
            <summary>
                <span>{violated} {lacks_approval.then(|| view! { <ApprovalMissing /> })}</span>
            </summary>
            <ul data-policies>{reasons}</ul>
        </details>
    }
    .into_any()
}

/// A finding: the policy's title, its reason and the cure.
#[component]
pub fn HitWords(hit: HitView) -> impl IntoView {
    view! { <PolicyReason words=words_of(hit) /> }.into_any()
}

/// A finding as one line, which opens to the reason and the cure.
#[component]
pub fn FoldedHit(hit: HitView) -> impl IntoView {
    view! { <PolicyLine words=words_of(hit) /> }.into_any()
}

/// Returns what the policy of a finding says.
fn words_of(hit: HitView) -> PolicyWords {
    let HitView {
        rule,
        title,
        reason,
        control,
        outcome,
    } = hit;
    PolicyWords {
        rule,
        title,
        reason,
        control,
        applies_to: None,
        remedy: (outcome == Outcome::NeedsApproval).then(|| "An approval permits this.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(outcomes: &[Outcome]) -> Vec<HitView> {
        let hit = |outcome: &Outcome| HitView {
            rule: "rule".into(),
            title: "Rule".into(),
            reason: "a reason".into(),
            control: "PCI 7.2.1".into(),
            outcome: *outcome,
        };
        outcomes.iter().map(hit).collect()
    }

    #[test]
    fn violations_are_counted_and_an_approval_that_is_missing_is_said_beside_them() {
        use Outcome::{NeedsApproval, Refused};
        for (found, label, lacks_approval) in [
            (&[][..], None, false),
            (&[NeedsApproval], None, true),
            (&[Refused], Some("Violates 1 policy"), false),
            (&[Refused, Refused], Some("Violates 2 policies"), false),
            (&[Refused, NeedsApproval], Some("Violates 1 policy"), true),
        ] {
            let (violated, lacks) = held(&hits(found));
            assert_eq!(violated_words(violated).as_deref(), label);
            assert_eq!(lacks, lacks_approval, "{found:?}");
        }
    }
}
