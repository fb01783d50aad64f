//! Evaluates a change by the policies, against the current read model and every approved change whose result the last
//! reads cannot show yet.
//!
//! Never decides anything itself, and never lets the delay between reads of AWS hide what Leastwise has already
//! written.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    change::{Change, Operation, State},
    diff::{self, ApprovedEffect, EffectComparison},
    engine::ItemResult,
    identity::IdentityRecord,
    ids::{Assignment, ChangeId, PersonId, UserId},
    ledger::projection::{ChangeMismatch, Lifecycle},
    policies::{EARLIER, Evaluation, RequestContext, Rules, evaluate},
    snapshot::Snapshot,
    subject::SubjectStates,
    time::Timestamp,
};

use super::{controllers, subject_states};
use crate::{
    service::{
        app_state::AppState, evaluation_slots, identities::is_oneself, moved_accounts::Current,
    },
    store::{
        StoreConnection, StoreError,
        change::{self, FoundChange, PeopleOfRemovals, StoredChange, SubmittedWithin},
        engine, identity, identity_link, person,
    },
};

/// Evaluates requested operations on a blocking thread. The caller holds an evaluation slot. `stored` is the change that
/// these are the operations of, if it is stored.
pub(super) async fn evaluate_now(
    app_state: &AppState,
    conn: &mut StoreConnection,
    current: &Current,
    operations: &[Operation],
    asked: &RequestContext,
    stored: Option<&Change>,
) -> Result<Evaluation, StoreError> {
    let now = app_state.clock.now();
    let snapshot = current.snapshot(conn, now).await?;
    let UnderWay {
        operations: under_way,
        finished,
    } = under_way(conn, &snapshot, stored.map(|change| &change.id)).await?;
    let evaluated = Evaluated {
        rules: Arc::clone(&app_state.rules),
        under_way,
        operations: operations.to_vec(),
        now,
        snapshot,
    };
    let snapshot = &evaluated.snapshot;
    let earlier = if operations.iter().any(Operation::removes) {
        earlier_removals(conn, &asked.requester, stored, evaluated.now).await?
    } else {
        PeopleOfRemovals::default()
    };
    let mut states =
        subject_states::read(conn, snapshot, &asked.requester, operations, evaluated.now).await?;
    controllers::add(
        conn,
        snapshot,
        operations,
        // What finished is in the database, which is read.
        &evaluated.under_way[finished..],
        &mut states,
    )
    .await?;
    let mut asked = RequestContext {
        ours: current.given(conn, requested(operations)).await?,
        earlier_removals: earlier.alone,
        agreed_removals: earlier.agreed,
        states,
        ..asked.clone()
    };
    let record = identity::record(conn, &asked.requester).await?;
    let (evaluation, links) = evaluated.by(&asked, &record).await?;
    let Links::Missing { own } = links else {
        return Ok(evaluation);
    };
    let new = new_links(conn, snapshot, &evaluation, &asked.requester).await?;
    asked.new_persons = new.persons;
    let own = own.into_iter().map(|user| (user, asked.requester.clone()));
    asked.new_persons.extend(own);
    asked.new_user = new.own;
    if asked.new_persons.is_empty() {
        return Ok(evaluation);
    }
    let (evaluation, _) = evaluated.by(&asked, &record).await?;
    Ok(evaluation)
}

/// What is evaluated.
#[derive(Clone)]
struct Evaluated {
    snapshot: Snapshot,
    rules: Arc<Rules>,
    under_way: Vec<Operation>,
    operations: Vec<Operation>,
    now: Timestamp,
}

/// Whether the snapshot shows the person of the requester and of everybody who gains.
enum Links {
    Known,
    /// Some are missing.
    Missing {
        /// The users who gain and are the requester, although the snapshot does not say so.
        own: Vec<UserId>,
    },
}

impl Links {
    fn of(
        snapshot: &Snapshot,
        evaluation: &Evaluation,
        requester: &PersonId,
        record: &IdentityRecord,
    ) -> Self {
        let gaining = evaluation.effect.gaining();
        let own: Vec<UserId> = gaining
            .iter()
            .filter(|user| snapshot.person(user) != Some(requester))
            .filter(|user| is_oneself(record, snapshot, user))
            .map(|user| (*user).clone())
            .collect();
        let known = snapshot.user_of(requester).is_some()
            && gaining.iter().all(|user| snapshot.person(user).is_some());
        if known && own.is_empty() {
            Self::Known
        } else {
            Self::Missing { own }
        }
    }
}

impl Evaluated {
    async fn by(
        &self,
        asked: &RequestContext,
        record: &IdentityRecord,
    ) -> Result<(Evaluation, Links), StoreError> {
        let (this, asked, record) = (self.clone(), asked.clone(), record.clone());
        evaluation_slots::run(move |budget| {
            let snapshot = &this.snapshot;
            let evaluation = evaluate(
                snapshot,
                &this.under_way,
                &this.operations,
                &asked,
                &this.rules,
                this.now,
                budget,
            )?;
            let links = Links::of(snapshot, &evaluation, &asked.requester, &record);
            Ok((evaluation, links))
        })
        .await
    }
}

/// Evaluates a stored change again, with the roles that its requester holds now according to the ledger.
pub(crate) async fn re_evaluate(
    app_state: &AppState,
    conn: &mut StoreConnection,
    stored: &StoredChange,
    approvals: BTreeSet<PersonId>,
) -> Result<Evaluation, StoreError> {
    let current = Current::of(app_state);
    let held = person::everyone_with_a_role(conn).await?;
    let requester = &stored.change.requester;
    let asked = RequestContext {
        requester: requester.clone(),
        roles: held
            .into_iter()
            .filter(|(person, _)| person == requester)
            .map(|(_, grant)| grant.role)
            .collect(),
        mfa: stored.mfa,
        ticket: stored.change.proposal.ticket.is_some(),
        review_on: stored.change.proposal.review_on,
        approvals,
        ours: BTreeSet::new(),
        new_persons: BTreeMap::new(),
        new_user: None,
        earlier_removals: BTreeSet::new(),
        states: SubjectStates::default(),
        agreed_removals: BTreeSet::new(),
    };
    let operations = &stored.change.proposal.operations;
    evaluate_now(
        app_state,
        conn,
        &current,
        operations,
        &asked,
        Some(&stored.change),
    )
    .await
}

/// Returns the people who lose access by the requester's earlier removals. Later ones do not count: a removal that needed
/// no approval when it was submitted is not held up by what its requester did afterwards.
async fn earlier_removals(
    conn: &mut StoreConnection,
    requester: &PersonId,
    stored: Option<&Change>,
    now: Timestamp,
) -> Result<PeopleOfRemovals, StoreError> {
    let (submitted, last) = stored.map_or((now, Timestamp(i64::MAX)), |change| {
        (change.submitted, change.submitted)
    });
    let submitted = SubmittedWithin {
        after: submitted - EARLIER,
        last,
    };
    change::people_of_removals(conn, requester, submitted, stored.map(|change| &change.id)).await
}

/// Compares the effect of a stored change now with the one that its approvers saw. The stored effect and its hash are as
/// in the ledger; the caller has checked `altered`.
pub(crate) async fn compared(
    app_state: &AppState,
    conn: &mut StoreConnection,
    stored: &StoredChange,
    now: &Evaluation,
) -> Result<EffectComparison, StoreError> {
    if now.hash == stored.change.effect {
        return Ok(EffectComparison::Same);
    }
    let snapshot = Current::of(app_state);
    let snapshot = snapshot.snapshot(conn, app_state.clock.now()).await?;
    let rules = Arc::clone(&app_state.rules);
    let proposal = &stored.change.proposal;
    let (operations, review_on) = (proposal.operations.clone(), proposal.review_on);
    let (effect, hash) = (stored.effect.clone(), stored.change.effect.clone());
    let now = (now.effect.clone(), now.hash.clone());
    evaluation_slots::run(move |budget| {
        let approved = ApprovedEffect {
            effect: &effect,
            hash: &hash,
        };
        diff::compare(
            &snapshot,
            (&operations, review_on),
            approved,
            (&now.0, &now.1),
            rules.version(),
            budget,
        )
    })
    .await
}

/// Returns the assignments that are requested.
fn requested(operations: &[Operation]) -> impl Iterator<Item = &Assignment> + Clone {
    let given = operations.iter().filter_map(Operation::assigns);
    given.map(|(assignment, _)| assignment)
}

/// The operations that the snapshot does not show yet.
struct UnderWay {
    operations: Vec<Operation>,
    /// The number of those that finished, which come first.
    finished: usize,
}

/// Returns the operations of all approved and unfinished changes, and of those that finished after the reads of this
/// snapshot. Without them, the second of two harmless steps would be evaluated as if the first did not exist.
///
/// Changes that were not requested, or have not ended according to the ledger, are left out: they must not make a gain
/// look like existing access.
async fn under_way(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    except: Option<&ChangeId>,
) -> Result<UnderWay, StoreError> {
    let oldest = snapshot.parts().coverage.oldest.unwrap_or_default();
    let mut operations = Vec::new();
    for (found, ended) in change::ended_since(conn, oldest).await? {
        if !as_asked(&found) || found.lifecycle() != Lifecycle::Ended {
            continue;
        }
        let unseen = |operation: &Operation| as_of(snapshot, operation) <= ended;
        // A failed change may have been carried out partially.
        let done = match found.state() {
            State::Verified => None,
            _ => match engine::change(conn, found.id()).await {
                Ok(Some(row)) => Some(row.items),
                // A row that cannot be read must not stop every evaluation, nor make a gain look like existing access.
                Ok(None) | Err(StoreError::Inconsistent { .. }) => continue,
                Err(error) => return Err(error),
            },
        };
        let carried_out = |place: usize| {
            done.as_ref().is_none_or(|items| {
                let result = items.get(place).and_then(|item| item.result.as_ref());
                matches!(
                    result,
                    Some(
                        ItemResult::Granted { .. }
                            | ItemResult::Removed { .. }
                            | ItemResult::Carried { .. }
                    )
                )
            })
        };
        let all = understood(found).into_iter();
        operations.extend(
            all.filter(|(place, operation)| carried_out(*place) && unseen(operation))
                .map(|(_, operation)| operation),
        );
    }
    let finished = operations.len();
    for found in change::in_states(conn, &[State::Approved, State::Applying], except).await? {
        if as_asked(&found) {
            let all = understood(found).into_iter();
            operations.extend(all.map(|(_, operation)| operation));
        }
    }
    Ok(UnderWay {
        operations,
        finished,
    })
}

/// Returns the operations of a change with their places. Of a change that a newer version requested, those that this
/// version understands: what it may do to assignments and memberships counts all the same.
fn understood(found: FoundChange) -> Vec<(usize, Operation)> {
    match found {
        FoundChange::Known(stored) => {
            let operations = stored.change.proposal.operations;
            operations.into_iter().enumerate().collect()
        }
        FoundChange::Unreadable(row) => row.change.understood().collect(),
    }
}

fn as_asked(found: &FoundChange) -> bool {
    !matches!(
        found.altered(),
        Some(ChangeMismatch::NeverSubmitted | ChangeMismatch::DifferentRequest)
    )
}

/// Returns when the resource of an operation was last read from AWS.
fn as_of(snapshot: &Snapshot, operation: &Operation) -> Timestamp {
    let parts = snapshot.parts();
    let pair = operation
        .assignment()
        .and_then(|assignment| snapshot.pair(&assignment.pair));
    let members = operation.membership();
    let members = members.and_then(|(group, _)| parts.members_as_of.get(group).copied());
    let read = pair.map(|read| read.as_of).or(members);
    // A pair without assignments was read together with the others, at the earliest with the oldest.
    read.or(parts.coverage.oldest).unwrap_or_default()
}

/// The links that are newer than a snapshot.
struct NewLinks {
    /// The persons of those who gain.
    persons: BTreeMap<UserId, PersonId>,
    /// The requester's user.
    own: Option<UserId>,
}

/// Reads who was linked after the snapshot was taken, as far as they request or gain.
async fn new_links(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    evaluation: &Evaluation,
    requester: &PersonId,
) -> Result<NewLinks, StoreError> {
    let known = identity_link::persons_of_users(conn).await?;
    let newer = |(user, person): &(&UserId, &PersonId)| {
        snapshot.person(user) != Some(person)
            && (*person == requester || evaluation.effect.gives_to(user))
    };
    let own = known
        .linked
        .iter()
        .filter(newer)
        .find(|(_, person)| *person == requester)
        .map(|(user, _)| user.clone());
    let persons = known.linked.iter().chain(&known.others).filter(newer);
    Ok(NewLinks {
        persons: persons
            .map(|(user, person)| (user.clone(), person.clone()))
            .collect(),
        own,
    })
}
