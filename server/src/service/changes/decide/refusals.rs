//! Why a decision is not recorded: because of its reason, because approvers saw something else, or because nothing can
//! carry out the change any more.

use std::collections::BTreeSet;

use domain::{
    approval::Decision,
    card_number::holds_card_number,
    change::{InvalidProposal, JUSTIFICATION_BYTES},
    diff::EffectComparison,
    ids::PersonId,
    policies::Evaluation,
    subject::CHANGED_MEANWHILE,
    verdict::{Hit, Persistence, Verdict},
};

use crate::{
    service::{Service, app_state::AppState, changes::evaluation::compared},
    store::{StoreConnection, StoreError, change::StoredChange},
};

/// The minimum length of the reason for a decision, in characters.
const REASON_CHARS: usize = 5;

/// Returns why a change cannot be decided as its approvers saw it, if it cannot.
pub(super) async fn voids_approvals(
    app_state: &AppState,
    conn: &mut StoreConnection,
    stored: &StoredChange,
    now: &Evaluation,
) -> Result<Option<&'static str>, StoreError> {
    // Somebody else may have changed meanwhile what is no access. Its effect does not show that, and nothing undoes it.
    let mut hits = now.verdict.hits.iter();
    if hits.any(|hit| hit.rule == CHANGED_MEANWHILE) {
        return Ok(Some("it is blocked now, so earlier approvals are void"));
    }
    // A narrower effect voids nothing: the approvers saw more.
    let compared = compared(app_state, conn, stored, now).await?;
    Ok((compared == EffectComparison::Exceeds)
        .then_some("its effect exceeds the one to decide on, so earlier approvals are void"))
}

/// Returns why an approval would be of no use: the first hit that nothing lifts, and whether that lasts. A removal starts whatever
/// speaks against it.
pub(super) fn obsolete(
    stored: &StoredChange,
    decision: Decision,
    verdict: &Verdict,
) -> Option<String> {
    if decision != Decision::Approve || stored.change.proposal.only_removes() {
        return None;
    }
    let mut against: Vec<&Hit> = verdict.hits.iter().collect();
    against.retain(|hit| hit.remedy.is_none());
    // What lasts comes first: waiting for the rest to pass would be of no use.
    against.sort_by_key(|hit| hit.persistence);
    let hit = against.first()?;
    let what = match hit.persistence {
        Persistence::Lasting => "This change can no longer be approved",
        Persistence::Passing => "This change cannot be approved now",
    };
    Some(format!(
        "{what}, and your decision was not recorded: {}",
        hit.reason
    ))
}

impl Service {
    /// Returns those who may not make a decision, of the people who gain or whom an item concerns.
    pub(in crate::service::changes) fn barred_from(
        &self,
        stored: &StoredChange,
        decision: Decision,
    ) -> BTreeSet<PersonId> {
        let read_model = self.app_state.read_model();
        let proposal = &stored.change.proposal;
        proposal.barred_from(decision, &stored.gaining, &read_model.snapshot)
    }
}

/// Returns what is wrong with the reason that an approver states.
pub(super) fn wrong_reason(reason: &str) -> Option<String> {
    if reason.len() > JUSTIFICATION_BYTES {
        return Some(format!(
            "The reason is {} bytes long, and the limit is {JUSTIFICATION_BYTES}. Shorten it.",
            reason.len()
        ));
    }
    if reason.chars().count() < REASON_CHARS {
        return Some(format!(
            "Explain your decision in at least {REASON_CHARS} characters. The reason is recorded in the ledger."
        ));
    }
    holds_card_number(reason).then(|| InvalidProposal::CardNumber.to_string())
}
