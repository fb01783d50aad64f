//! Which of the offered durations the policies block for what a form grants: each is evaluated in place of the chosen one. What lasts
//! longer than a duration that is blocked is blocked as well.
//!
//! Decides nothing: whatever is chosen then is evaluated again.

use std::collections::BTreeSet;

use app::backend::{OTHER, Preview, STANDING};
use domain::{
    budget::{Budget, Stopped},
    change::{Operation, Proposal, review_dates},
    grant::{SHORTEST_WINDOW, Term},
    ids::PersonId,
    policies::RequestContext,
    time::{Date, Duration},
    verdict::Outcome,
};

use super::{GAINS, ITEMS, Search};
use crate::service::{
    Service,
    changes::{forms::WINDOWS, scope::Scope},
    evaluation_slots,
};

impl Service {
    /// Returns the durations that are blocked, as values of the form. Empty for a request that does not only give access, or that is too
    /// large to look for them.
    pub(super) async fn blocked_terms(
        &self,
        person: &PersonId,
        scope: &Scope,
        proposal: &Proposal,
        preview: &Preview,
    ) -> BTreeSet<String> {
        let items = &proposal.operations;
        let gives = items.iter().all(|item| item.assigns().is_some());
        if !gives || items.len() > ITEMS || preview.gainers.rows > GAINS {
            return BTreeSet::new();
        }
        let search = self.search(person, scope, proposal);
        let Ok(_slot) = self.app_state.evaluations.take(person).await else {
            return BTreeSet::new();
        };
        let found = evaluation_slots::run(move |budget| search.blocked_terms(budget)).await;
        found.unwrap_or_default()
    }
}

impl Search {
    fn blocked_terms(&self, budget: Budget<'_>) -> Result<BTreeSet<String>, Stopped> {
        let mut blocked = BTreeSet::new();
        if self.blocks_standing(budget)? {
            blocked.insert(STANDING.to_owned());
        }
        if self.blocks(SHORTEST_WINDOW, budget)? {
            blocked.extend(WINDOWS.iter().map(ToString::to_string));
            blocked.insert(OTHER.to_owned());
            return Ok(blocked);
        }
        for minutes in WINDOWS.into_iter().rev() {
            if !self.blocks(Duration::minutes(minutes), budget)? {
                break;
            }
            blocked.insert(minutes.to_string());
        }
        Ok(blocked)
    }

    fn blocks(&self, window: Duration, budget: Budget<'_>) -> Result<bool, Stopped> {
        let verdict = self.lasting(&self.snapshot, window, budget)?;
        Ok(verdict.outcome == Outcome::Refused)
    }

    /// Whether standing access is blocked, whatever date of a review is stated.
    fn blocks_standing(&self, budget: Budget<'_>) -> Result<bool, Stopped> {
        let first = Date::of(self.now).map(|date| review_dates(date).0);
        let asked = RequestContext {
            review_on: self.asked.review_on.or(first),
            ..self.asked.clone()
        };
        let items = self.items.iter().filter_map(Operation::assigns);
        let items = items.map(|(assignment, _)| Operation::Assign {
            assignment: assignment.clone(),
            term: Term::Standing,
        });
        let items: Vec<Operation> = items.collect();
        let evaluation = self.evaluated((&self.snapshot, &asked), &items, budget)?;
        Ok(evaluation.verdict.outcome == Outcome::Refused)
    }
}
