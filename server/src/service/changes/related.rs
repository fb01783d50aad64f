//! Other changes of the subjects of a form: the same request that still waits, and what somebody else changed a moment
//! ago. They inform the requester, and no verdict depends on them, so the search is limited.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{FieldError, RelatedChange, Relation, change_field};
use domain::{
    change::{Operation, Proposal, State},
    ids::PersonId,
    subject::{Part, SubjectKey},
    time::{Duration, Timestamp},
};

use super::{descriptions, person_names::PersonNames, same_form::same_items};
use crate::{
    service::Service,
    store::{
        StoreError,
        change::{self, ChangeTarget, FoundChange, StoredChange},
    },
};

/// How long ago another person's change is still shown.
const RECENT: Duration = Duration::hours(1);
/// The number of subjects whose changes are looked up, and of changes that are compared.
const SUBJECTS: usize = 200;
const COMPARED: i64 = 10;

impl Service {
    /// Returns the changes that a requester of these items has to know of, as far as the viewer may see them.
    pub(super) async fn related(
        &self,
        person: &PersonId,
        proposal: &Proposal,
    ) -> Result<Vec<RelatedChange>, StoreError> {
        let now = self.app_state.clock.now();
        let mut people = PersonNames::new(&self.read_model.snapshot);
        let mut related = Vec::new();
        let concerning = self.concerning(&proposal.operations, now).await?;
        let mut conn = self.connection().await?;
        for stored in concerning {
            let relation = relation(&stored, person, proposal);
            let Some(relation) = relation else { continue };
            let operations = &stored.change.proposal.operations;
            let snapshot = &self.read_model.snapshot;
            let named = people.of_items(&mut conn, operations).await?;
            related.push(RelatedChange {
                title: descriptions::title(snapshot, &named, operations, operations.len()),
                requester: people.name(&mut conn, &stored.change.requester).await?,
                at: match relation {
                    Relation::OwnWaiting | Relation::SameWaiting => stored.change.submitted,
                    Relation::ChangedMeanwhile => stored.updated_at,
                },
                id: stored.change.id,
                relation,
            });
        }
        Ok(related)
    }

    /// Returns the error of a form that requests what the same person has requested already. Another ticket, start or review
    /// date says that it is meant, another justification does not. A removal is never refused for it.
    pub(super) async fn requested_twice(
        &self,
        person: &PersonId,
        proposal: &Proposal,
    ) -> Result<Option<FieldError>, StoreError> {
        if proposal.only_removes() {
            return Ok(None);
        }
        let now = self.app_state.clock.now();
        let concerning = self.concerning(&proposal.operations, now).await?;
        let twin = concerning.into_iter().find(|stored| {
            stored.change.proposal.ticket == proposal.ticket
                && relation(stored, person, proposal) == Some(Relation::OwnWaiting)
        });
        Ok(twin.map(|_| FieldError {
            field: change_field::EFFECT,
            message: "You have already requested exactly this, and it waits for approval. Nothing was saved. Open that \
                      change below, or state another ticket if you need it for something else."
                .into(),
        }))
    }

    /// Returns the error of a form whose effect is no longer the one in its preview. It says who changed it, if a change
    /// explains it.
    pub(super) async fn outdated(
        &self,
        person: &PersonId,
        proposal: &Proposal,
    ) -> Result<FieldError, StoreError> {
        let related = self.related(person, proposal).await?;
        let mut meanwhile = related.into_iter();
        let meanwhile = meanwhile.find(|one| one.relation == Relation::ChangedMeanwhile);
        let why = match meanwhile {
            Some(one) => format!(
                "{} changed this meanwhile, at {} UTC: {}.",
                one.requester,
                one.at.minute(),
                one.title.in_words()
            ),
            None => "The effect of this change is no longer what you were shown.".to_owned(),
        };
        Ok(FieldError {
            field: change_field::EFFECT,
            message: format!("{why} Nothing was saved. Review the new preview, then submit it."),
        })
    }

    /// Returns the newest changes of the same subjects that wait or were changed a moment ago, newest first.
    async fn concerning(
        &self,
        operations: &[Operation],
        now: Timestamp,
    ) -> Result<Vec<StoredChange>, StoreError> {
        let mut by_kind: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for target in operations.iter().take(SUBJECTS).filter_map(target) {
            by_kind.entry(target.kind).or_default().insert(target.value);
        }
        let mut found = BTreeSet::new();
        {
            let mut conn = self.connection().await?;
            for (kind, values) in &by_kind {
                let since = Timestamp(now.0 - RECENT.0);
                found.extend(change::concerning(&mut conn, kind, values, since, COMPARED).await?);
            }
        }
        let mut changes = Vec::new();
        for id in found {
            let stored = self.stored(&id).await?;
            if let Some(stored) = stored.filter(|found| self.may_see_change(found))
                && let FoundChange::Known(stored) = stored
                && stored.altered.is_none()
            {
                changes.push(*stored);
            }
        }
        changes.sort_by_key(|stored| std::cmp::Reverse(stored.updated_at));
        Ok(changes)
    }
}

/// Returns how a stored change concerns somebody who requests these items.
fn relation(stored: &StoredChange, person: &PersonId, proposal: &Proposal) -> Option<Relation> {
    let change = &stored.change;
    if change.state == State::Waiting {
        let dates = |proposal: &Proposal| (proposal.not_before, proposal.review_on);
        let own = change.requester == *person && dates(&change.proposal) == dates(proposal);
        let same = if own {
            Relation::OwnWaiting
        } else {
            Relation::SameWaiting
        };
        return same_items(&change.proposal, proposal).then_some(same);
    }
    let keys: BTreeSet<SubjectKey> = proposal.operations.iter().map(Operation::key).collect();
    let mut items = change.proposal.operations.iter();
    let same_subject = items.any(|item| keys.contains(&item.key()));
    (change.requester != *person && same_subject).then_some(Relation::ChangedMeanwhile)
}

/// Returns a proposal of these items in which nobody stated anything.
pub(super) fn without_words(operations: Vec<Operation>) -> Proposal {
    Proposal {
        operations,
        justification: String::new(),
        ticket: None,
        not_before: None,
        review_on: None,
    }
}

/// Returns the target by which the changes of a subject are found: of those it has, the one with the fewest changes.
fn target(operation: &Operation) -> Option<ChangeTarget> {
    let parts = operation.subject().order();
    let of = |part: &Part| ChangeTarget::of(part);
    let who = |part: &&Part| matches!(part, Part::Principal(_) | Part::Person(_));
    let who = parts.iter().find(who).and_then(of);
    who.or_else(|| parts.iter().find_map(of))
}
