//! What the guardrails say of something that exists: a status in the row, and behind it every reason with
//! the control that an assessor asks about. Shows a verdict, never makes one.

use domain::verdict::{Outcome, Tally};
use leptos::prelude::*;

use super::{Status, StatusBadge};
use crate::backend::HitView;

/// Status and words for what stands against access that exists. Its numbers add up to the list behind it.
pub fn held_words(hits: &[HitView]) -> (Status, String) {
    let Tally {
        against,
        unapproved,
    } = Tally::of(hits.iter().map(|hit| hit.outcome));
    let against = match (against, unapproved) {
        (0, 0) => return (Status::Ok, "Within the rules".to_owned()),
        (0, _) => return (Status::Pending, "Not approved here".to_owned()),
        (1, _) => "Against 1 rule".to_owned(),
        (rules, _) => format!("Against {rules} rules"),
    };
    let words = match unapproved {
        0 => against,
        more => format!("{against}, {more} not approved"),
    };
    (Status::Danger, words)
}

/// For a cell: the status, which opens to the reasons.
#[component]
pub fn Hits(
    /// What the guardrails say.
    hits: Vec<HitView>,
) -> impl IntoView {
    let (status, label) = held_words(&hits);
    if hits.is_empty() {
        return view! { <StatusBadge status label /> }.into_any();
    }
    view! {
        <details data-fold>
            <summary><StatusBadge status label /></summary>
            <ul>
                {hits
                    .into_iter()
                    .map(|hit| {
                        let lifted = (hit.outcome == Outcome::NeedsApproval)
                            .then(|| view! { " " <span class="text-muted">"Approvals would lift this."</span> });
                        view! { <li><HitWords hit />{lifted}</li> }
                    })
                    .collect_view()}
            </ul>
        </details>
    }
    .into_any()
}

/// One reason, with its control.
#[component]
pub fn HitWords(
    /// Which.
    hit: HitView,
) -> impl IntoView {
    view! { {hit.reason} " " <span data-control title=format!("Rule {}", hit.rule)>{hit.control}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(outcomes: &[Outcome]) -> Vec<HitView> {
        let hit = |outcome: &Outcome| HitView {
            rule: "rule".into(),
            reason: "as the test says".into(),
            control: "PCI 7.2.1".into(),
            outcome: *outcome,
        };
        outcomes.iter().map(hit).collect()
    }

    #[test]
    fn the_numbers_in_the_label_add_up_to_the_list_behind_it() {
        use Outcome::{NeedsApproval, Refused};
        for (said, label) in [
            (&[][..], "Within the rules"),
            (&[NeedsApproval], "Not approved here"),
            (&[Refused], "Against 1 rule"),
            (&[Refused, Refused], "Against 2 rules"),
            (&[Refused, NeedsApproval], "Against 1 rule, 1 not approved"),
        ] {
            assert_eq!(held_words(&hits(said)).1, label);
        }
    }
}
