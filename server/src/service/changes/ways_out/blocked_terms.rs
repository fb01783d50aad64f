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
    verdict::{Outcome, Verdict},
};

use super::{GAINS, ITEMS, Search};
use crate::service::{
    Service,
    changes::{forms::WINDOWS, scope::Scope},
    evaluation_slots,
};

/// The durations that are blocked.
#[derive(Debug, Default)]
pub(in crate::service::changes) struct BlockedTerms {
    /// As values of the form.
    pub(in crate::service::changes) terms: BTreeSet<String>,
    /// How long the last session lasts, if only together with it the shortest of them is too long.
    pub(in crate::service::changes) with_session: Option<Duration>,
}

impl Service {
    /// Returns the durations that are blocked. Empty for a request that does not only give access, or that is too
    /// large to look for them.
    pub(super) async fn blocked_terms(
        &self,
        person: &PersonId,
        scope: &Scope,
        proposal: &Proposal,
        preview: &Preview,
    ) -> BlockedTerms {
        let items = &proposal.operations;
        let gives = items.iter().all(|item| item.assigns().is_some());
        if !gives || items.len() > ITEMS || preview.gainers.rows > GAINS {
            return BlockedTerms::default();
        }
        let session = Duration::seconds(i64::from(preview.session_seconds));
        let search = self.search(person, scope, proposal);
        let Ok(_slot) = self.app_state.evaluations.take(person).await else {
            return BlockedTerms::default();
        };
        let found =
            evaluation_slots::run(move |budget| search.blocked_terms(session, budget)).await;
        found.unwrap_or_default()
    }
}

impl Search {
    /// Returns the durations that are blocked where sessions last so long.
    fn blocked_terms(
        &self,
        session: Duration,
        budget: Budget<'_>,
    ) -> Result<BlockedTerms, Stopped> {
        let mut blocked = BlockedTerms::default();
        if self.blocks_standing(budget)? {
            blocked.terms.insert(STANDING.to_owned());
        }
        let shortest = self.lasting(&self.snapshot, SHORTEST_WINDOW, budget)?;
        if shortest.outcome == Outcome::Refused {
            let windows = WINDOWS.iter().map(ToString::to_string);
            blocked.terms.extend(windows);
            blocked.terms.insert(OTHER.to_owned());
            return Ok(blocked);
        }
        for minutes in WINDOWS.into_iter().rev() {
            let verdict = self.lasting(&self.snapshot, Duration::minutes(minutes), budget)?;
            if verdict.outcome != Outcome::Refused {
                break;
            }
            blocked.terms.insert(minutes.to_string());
            // That of the shortest one remains.
            blocked.with_session = self.limits_only_sessions(&verdict).then_some(session);
        }
        Ok(blocked)
    }

    /// Whether nothing blocks but what limits access together with the last session in it.
    fn limits_only_sessions(&self, verdict: &Verdict) -> bool {
        let finals = verdict.hits.iter().filter(|hit| hit.remedy.is_none());
        let mut finals = finals.peekable();
        finals.peek().is_some() && finals.all(|hit| self.rules.limits_sessions(&hit.rule))
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
