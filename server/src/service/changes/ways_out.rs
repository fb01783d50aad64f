//! What would lift the block of a request: other durations, shorter sessions and other permission sets, each evaluated by the
//! same policies. A policy states its cure for every request that it matches; this says which cures help this one.
//!
//! Decides nothing: whatever is chosen then is evaluated again.

mod blocked_terms;
mod other_sets;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use app::backend::{PortResult, Preview, WayOut, WaysOut};
use domain::{
    budget::{Budget, Stopped},
    change::{Operation, Proposal, State, review_dates},
    grant::{LONGEST_WINDOW, SHORTEST_SESSION, SHORTEST_WINDOW, Term},
    ids::{PermissionSetArn, PersonId, UserId},
    policies::{Evaluation, RequestContext, Rules, evaluate},
    snapshot::Snapshot,
    time::{Date, Duration, Timestamp},
    verdict::{Outcome, Verdict},
};

use self::blocked_terms::BlockedTerms;
use super::{
    forms::{ParsedForm, asks_for_review},
    scope::Scope,
    trouble,
};
use crate::{
    service::{Service, evaluation_slots},
    store::change::StoredChange,
};

/// The largest request that is looked at: each way out is an evaluation of its own.
const ITEMS: usize = 10;
const GAINS: usize = 200;

/// What is found of a form; nothing if it is not filled in.
#[derive(Default)]
pub(super) struct FormPreview {
    pub preview: Option<Preview>,
    /// The policy that asks for a date of a review, whether or not the form states one. None if others block the request, whatever
    /// date it states.
    pub reviewed_by: Option<String>,
    pub blocked: BlockedTerms,
}

impl Service {
    /// Returns the preview of a form, with what would lift its block, and with what of the form the policies block or ask for.
    pub(super) async fn preview_of_form(
        &self,
        person: &PersonId,
        scope: &Scope,
        reading: &ParsedForm,
    ) -> PortResult<FormPreview> {
        let proposal = reading.proposal();
        let slot = self.app_state.evaluations.take(person).await?;
        let preview = self.preview_of(person, &proposal).await;
        drop(slot);
        let preview = preview.map_err(trouble)?;
        let found = (&preview.verdict, preview.gainers.rows);
        let ways_out = self.ways_out(person, scope, &proposal, found).await;
        let reviewed_by = if self.is_blocked_otherwise(&proposal, &preview.verdict, &ways_out) {
            None
        } else {
            self.reviewed_by(person, scope, &proposal, &preview.verdict)
                .await
        };
        let preview = Preview {
            ways_out,
            ..preview
        };
        Ok(FormPreview {
            blocked: self.blocked_terms(person, scope, &proposal, &preview).await,
            preview: Some(preview),
            reviewed_by,
        })
    }

    /// Whether a date of a review cannot lift the block of a request, because other policies block it as well.
    fn is_blocked_otherwise(
        &self,
        proposal: &Proposal,
        verdict: &Verdict,
        found: &WaysOut,
    ) -> bool {
        if verdict.outcome != Outcome::Refused {
            return false;
        }
        if !found.ways.is_empty() {
            return !found.ways.contains(&WayOut::ReviewDate);
        }
        // Nothing was found, or looked for.
        let (items, rules) = (&proposal.operations, &self.read_model.rules);
        let mut finals = verdict.hits.iter().filter(|hit| hit.remedy.is_none());
        finals.any(|hit| !asks_for_review(hit, items, rules))
    }

    /// Returns what would lift the block of a change that the viewer requested, by the policies in force. Empty for any other
    /// change, and for one that differs from the ledger.
    pub(super) async fn ways_out_of_change(&self, stored: &StoredChange) -> WaysOut {
        let change = &stored.change;
        let is_blocked = change.state == State::Refused && stored.altered.is_none();
        if !is_blocked || !self.caller.is(&change.requester) {
            return WaysOut::default();
        }
        let (Ok(person), Ok(scope)) = (self.person(), self.scope()) else {
            return WaysOut::default();
        };
        let mut items = change.proposal.operations.iter();
        if !items.all(|item| scope.covers(item)) {
            return WaysOut::default();
        }
        let found = (&change.verdict, stored.effect.gained.len());
        self.ways_out(&person, &scope, &change.proposal, found)
            .await
    }

    /// Returns the title and the control of the policy that asks for a date of a review. A policy that is satisfied by the date
    /// of the request matches the same request without one.
    async fn reviewed_by(
        &self,
        person: &PersonId,
        scope: &Scope,
        proposal: &Proposal,
        verdict: &Verdict,
    ) -> Option<String> {
        let rules = &self.read_model.rules;
        let items = &proposal.operations;
        let named = |verdict: &Verdict| {
            let hit = verdict
                .hits
                .iter()
                .find(|hit| asks_for_review(hit, items, rules))?;
            Some(format!("{} ({})", rules.title(&hit.rule), hit.control))
        };
        let found = named(verdict);
        if found.is_some() || proposal.review_on.is_none() {
            return found;
        }
        let search = self.search(person, scope, proposal);
        let _slot = self.app_state.evaluations.take(person).await.ok()?;
        let verdict = evaluation_slots::run(move |budget| search.without_a_review_date(budget));
        let verdict = verdict.await.ok()?;
        // What exists already has a date by another check, which the verdict above holds with and without a date.
        let hits = verdict.hits.into_iter();
        named(&Verdict {
            hits: hits
                .filter(|hit| rules.asks_for_review(&hit.rule))
                .collect(),
            ..verdict
        })
    }

    /// Returns what would lift the block of a request that gives access. Empty if nothing was found, or the request is too
    /// large to look for it.
    async fn ways_out(
        &self,
        person: &PersonId,
        scope: &Scope,
        proposal: &Proposal,
        (verdict, gains): (&Verdict, usize),
    ) -> WaysOut {
        let items = &proposal.operations;
        let gives = items.iter().all(|item| item.assigns().is_some());
        if verdict.outcome != Outcome::Refused || !gives {
            return WaysOut::default();
        }
        let rules = &self.read_model.rules;
        let dated = verdict
            .hits
            .iter()
            .find(|hit| hit.remedy.is_none() && asks_for_review(hit, items, rules));
        let dated = dated.map(|hit| hit.rule.clone());
        let session_limit = verdict
            .hits
            .iter()
            .find(|hit| hit.remedy.is_none() && rules.limits_sessions(&hit.rule));
        let session_limit = session_limit.map(|hit| hit.rule.clone());
        let found = if items.len() > ITEMS || gains > GAINS {
            None
        } else {
            let search = self.search(person, scope, proposal);
            match self.app_state.evaluations.take(person).await {
                Ok(_slot) => evaluation_slots::run(move |budget| search.ways(budget))
                    .await
                    .ok(),
                Err(_) => None,
            }
        };
        // Without it, the page shows the cures that the policies state.
        WaysOut {
            dated,
            session_limit,
            ..found.unwrap_or_default()
        }
    }

    fn search(&self, person: &PersonId, scope: &Scope, proposal: &Proposal) -> Search {
        let mut asked = self.asked(person, None, proposal.review_on);
        if let Scope::Own { user, .. } = scope {
            // The link may be newer than the snapshot.
            asked.new_persons = BTreeMap::from([(UserId::clone(user), person.clone())]);
            asked.new_user = Some(UserId::clone(user));
        }
        Search {
            snapshot: self.read_model.snapshot.clone(),
            items: proposal.operations.clone(),
            asked,
            rules: Arc::clone(&self.read_model.rules),
            now: self.app_state.clock.now(),
        }
    }
}

/// A request, to be evaluated with something else than what was chosen.
struct Search {
    snapshot: Snapshot,
    items: Vec<Operation>,
    asked: RequestContext,
    rules: Arc<Rules>,
    now: Timestamp,
}

impl Search {
    fn ways(&self, budget: Budget<'_>) -> Result<WaysOut, Stopped> {
        let mut ways = Vec::new();
        let mut needed = BTreeSet::new();
        if let Some(approvals) = self.with_a_review_date(budget)? {
            ways.push(WayOut::ReviewDate);
            needed.insert(approvals);
        }
        if self
            .lasting(&self.snapshot, SHORTEST_WINDOW, budget)?
            .outcome
            != Outcome::Refused
        {
            let (longest, approvals) = self.longest(&self.snapshot, budget)?;
            ways.push(WayOut::Duration { longest });
            needed.insert(approvals);
        }
        if !ways.is_empty() {
            return Ok(WaysOut {
                ways,
                approvals: only(&needed),
                dated: None,
                session_limit: None,
            });
        }
        // What a duration lifts is no use as long as the permission set is blocked with every duration.
        let Some(sessions) = self.shorter_sessions(budget)? else {
            return self.other_sets(budget);
        };
        // Shorter sessions help without them as well.
        let others = self.other_sets(budget).unwrap_or_default();
        let approvals = if others.ways.is_empty() || others.approvals == sessions.approvals {
            sessions.approvals
        } else {
            None
        };
        Ok(WaysOut {
            ways: [sessions.ways, others.ways].concat(),
            approvals,
            dated: None,
            session_limit: None,
        })
    }

    /// Returns the approvals that are needed if standing access has a review date; none if it has one, or is blocked anyway.
    fn with_a_review_date(&self, budget: Budget<'_>) -> Result<Option<u8>, Stopped> {
        let stands = self.items.iter().any(Operation::gives_standing);
        let Some(date) = Date::of(self.now).filter(|_| stands && self.asked.review_on.is_none())
        else {
            return Ok(None);
        };
        let (first, _) = review_dates(date);
        let asked = RequestContext {
            review_on: Some(first),
            ..self.asked.clone()
        };
        let evaluation = self.evaluated((&self.snapshot, &asked), &self.items, budget)?;
        let verdict = evaluation.verdict;
        Ok((verdict.outcome != Outcome::Refused).then_some(verdict.approvals))
    }

    fn without_a_review_date(&self, budget: Budget<'_>) -> Result<Verdict, Stopped> {
        let asked = RequestContext {
            review_on: None,
            ..self.asked.clone()
        };
        let evaluation = self.evaluated((&self.snapshot, &asked), &self.items, budget)?;
        Ok(evaluation.verdict)
    }

    /// Returns the longest duration that is not blocked in this snapshot, and the approvals that it needs.
    fn longest(&self, snapshot: &Snapshot, budget: Budget<'_>) -> Result<(Duration, u8), Stopped> {
        let steps = LONGEST_WINDOW.as_seconds() / SHORTEST_WINDOW.as_seconds();
        let of = |steps: i64| Duration::seconds(steps * SHORTEST_WINDOW.as_seconds());
        // The first is not blocked; what lasts longer than one that is blocked is blocked as well.
        let (mut fits, mut blocked) = (1, steps + 1);
        while blocked - fits > 1 {
            let middle = fits.midpoint(blocked);
            let verdict = self.lasting(snapshot, of(middle), budget)?;
            if verdict.outcome == Outcome::Refused {
                blocked = middle;
            } else {
                fits = middle;
            }
        }
        let approvals = self.lasting(snapshot, of(fits), budget)?.approvals;
        Ok((of(fits), approvals))
    }

    /// Returns the durations that fit if sessions of the permission set last as short as AWS allows.
    fn shorter_sessions(&self, budget: Budget<'_>) -> Result<Option<WaysOut>, Stopped> {
        let sets: BTreeSet<&PermissionSetArn> = self.sets().collect();
        let Some(set) = sets.first().filter(|_| sets.len() == 1) else {
            return Ok(None);
        };
        let mut parts = self.snapshot.parts().clone();
        let Some(shortened) = parts.sets.get_mut(set) else {
            return Ok(None);
        };
        let session = Duration::seconds(i64::from(shortened.content.session_seconds));
        if session <= SHORTEST_SESSION {
            return Ok(None);
        }
        let name = shortened.name.clone();
        shortened.content.session_seconds =
            u32::try_from(SHORTEST_SESSION.as_seconds()).unwrap_or(u32::MAX);
        let (snapshot, _) = self.snapshot.updated(parts);
        let shortest = self.lasting(&snapshot, SHORTEST_WINDOW, budget)?;
        if shortest.outcome == Outcome::Refused {
            return Ok(None);
        }
        let (longest, approvals) = self.longest(&snapshot, budget)?;
        let way = WayOut::Sessions {
            set: name,
            session,
            shortened: SHORTEST_SESSION,
            longest,
        };
        Ok(Some(WaysOut {
            ways: vec![way],
            approvals: Some(approvals),
            dated: None,
            session_limit: None,
        }))
    }

    fn sets(&self) -> impl Iterator<Item = &PermissionSetArn> {
        let assigned = self.items.iter().filter_map(Operation::assigns);
        assigned.map(|(assignment, _)| &assignment.pair.set)
    }

    /// Returns the verdict if the access lasts so long.
    fn lasting(
        &self,
        snapshot: &Snapshot,
        window: Duration,
        budget: Budget<'_>,
    ) -> Result<Verdict, Stopped> {
        let items = self.items.iter().filter_map(Operation::assigns);
        let items = items.map(|(assignment, _)| Operation::Assign {
            assignment: assignment.clone(),
            term: Term::For(window),
        });
        let items: Vec<Operation> = items.collect();
        Ok(self
            .evaluated((snapshot, &self.asked), &items, budget)?
            .verdict)
    }

    fn evaluated(
        &self,
        (snapshot, asked): (&Snapshot, &RequestContext),
        items: &[Operation],
        budget: Budget<'_>,
    ) -> Result<Evaluation, Stopped> {
        evaluate(snapshot, &[], items, asked, &self.rules, self.now, budget)
    }
}

/// Returns the number of approvals, if it is always the same.
fn only(needed: &BTreeSet<u8>) -> Option<u8> {
    needed.first().copied().filter(|_| needed.len() == 1)
}
