//! Policy findings on existing access: a status in the row that expands to every reason with its control. Displays an
//! evaluation and never makes one.

use domain::verdict::{Outcome, Tally};
use leptos::prelude::*;

use super::{Glyph, PolicyLine, PolicyReason, PolicyWords, Status, StatusBadge};
use crate::backend::HitView;

/// Returns the status and label for the policy findings on existing access: how many policies forbid it, and whether an
/// approval is missing that would permit it.
pub fn held_words(hits: &[HitView]) -> (Status, String) {
    let Tally {
        against,
        unapproved,
    } = Tally::of(hits.iter().map(|hit| hit.outcome));
    let against = match (against, unapproved) {
        (0, 0) => return (Status::Ok, "No violations".to_owned()),
        (0, _) => return (Status::Pending, "Approval missing".to_owned()),
        (1, _) => "Violates 1 policy".to_owned(),
        (rules, _) => format!("Violates {rules} policies"),
    };
    let words = match unapproved {
        0 => against,
        _ => format!("{against}, approval missing"),
    };
    (Status::Danger, words)
}

/// A table cell: the status, which expands to the reasons.
#[component]
pub fn Hits(hits: Vec<HitView>) -> impl IntoView {
    let (status, label) = held_words(&hits);
    if hits.is_empty() {
        return view! { <StatusBadge status label /> }.into_any();
    }
    let glyph = (status == Status::Pending).then_some(Glyph::Approval);
    view! {
        <details data-fold>
            <summary><StatusBadge status label glyph /></summary>
            <ul data-policies>
                {hits
                    .into_iter()
                    .map(|hit| {
                        view! { <li><HitWords hit /></li> }
                    })
                    .collect_view()}
            </ul>
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
    fn the_label_counts_violations_and_says_that_an_approval_is_missing() {
        use Outcome::{NeedsApproval, Refused};
        for (said, label) in [
            (&[][..], "No violations"),
            (&[NeedsApproval], "Approval missing"),
            (&[Refused], "Violates 1 policy"),
            (&[Refused, Refused], "Violates 2 policies"),
            (
                &[Refused, NeedsApproval],
                "Violates 1 policy, approval missing",
            ),
        ] {
            assert_eq!(held_words(&hits(said)).1, label);
        }
    }
}
