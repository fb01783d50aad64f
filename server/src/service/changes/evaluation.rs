//! Evaluates a change by the policies, against the current read model and every approved change whose result the last
//! reads cannot show yet.
//!
//! Never decides anything itself, and never lets the delay between reads of AWS hide what Leastwise has already
//! written.

mod links;
mod under_way;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    change::{Change, Operation},
    diff::{self, ApprovedEffect, EffectComparison},
    identity::IdentityRecord,
    ids::{Assignment, PersonId},
    policies::{EARLIER, Evaluation, RequestContext, Rules, evaluate},
    snapshot::Snapshot,
    subject::SubjectStates,
    time::Timestamp,
};

use self::{
    links::{Links, new_links},
    under_way::{UnderWay, under_way},
};
use super::{controllers, subject_states};
use crate::{
    service::{app_state::AppState, evaluation_slots, moved_accounts::Current},
    store::{
        StoreConnection, StoreError,
        change::{self, PeopleOfRemovals, StoredChange, SubmittedWithin},
        identity, person,
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
        rules: Arc::clone(&current.read_model.rules),
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
    let proposal = &stored.change.proposal;
    let (operations, review_on) = (proposal.operations.clone(), proposal.review_on);
    let (effect, hash) = (stored.effect.clone(), stored.change.effect.clone());
    let rules = now.verdict.rules.clone();
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
            &rules,
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
