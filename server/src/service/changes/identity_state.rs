//! What is known of an identity that an item is about: one that makes or ends its link, refuses its claims, or withdraws
//! such a refusal.

use std::collections::BTreeSet;

use domain::{
    ids::{PersonId, UserId},
    person::Subject,
    snapshot::Snapshot,
    subject::identity_link::{
        Controllers, Link, ObservedIdentity, SIGN_INS, SignInEvidence, State,
    },
};

use crate::store::{
    StoreConnection, StoreError,
    agreed_link::{self, KnownIdentity},
    identity::{self, SuspendedUsers},
    person,
};

/// Returns the state of the identity of an item; none if there is no such person. `suspended` are all suspended users.
pub(super) async fn read(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    requester: &PersonId,
    item: &Link<'_>,
    suspended: &SuspendedUsers,
) -> Result<Option<State>, StoreError> {
    let Some(known) = agreed_link::known(conn, item.person).await? else {
        return Ok(None);
    };
    let mut others = BTreeSet::new();
    for user in item.users() {
        others.extend(agreed_link::others(conn, user, item.person, suspended).await?);
    }
    let joins = match item.after {
        Some(user) => identity::holder(conn, user, item.person).await?,
        None => None,
    };
    let joined = known.record.joined.clone();
    let mut concerned = BTreeSet::from([item.person.clone()]);
    concerned.extend(joined.clone());
    if !item.ends() {
        concerned.extend(joins.iter().chain(&others).cloned());
    }
    let mut roles = BTreeSet::new();
    for person in &concerned {
        let granted = person::granted_to(conn, person).await?.into_iter();
        let granted = granted.map(|grant| grant.role);
        roles.extend(granted.filter(|role| Controllers::is_of(*role)));
    }
    Ok(Some(State {
        user: known.user().cloned(),
        open: known.open(),
        refused: known.record.refused.clone(),
        sign_ins: known.sign_ins.len(),
        joins,
        others: others.into_iter().collect(),
        elsewhere: item
            .after
            .map(|user| elsewhere(&known, user, snapshot))
            .unwrap_or_default(),
        requester: Some(requester.clone()),
        joined,
        holds: known
            .sign_ins
            .iter()
            .filter_map(|sign_in| sign_in.joined_from.clone())
            .collect(),
        roles,
        controllers: None,
    }))
}

/// Returns the users, other than the new one and those that the identity stays, that a key of it leads to.
fn elsewhere(known: &KnownIdentity, user: &UserId, snapshot: &Snapshot) -> Vec<UserId> {
    let sign_ins = known.sign_ins.iter();
    let found: BTreeSet<&UserId> = sign_ins
        .flat_map(|sign_in| snapshot.found_by(&sign_in.keys))
        .map(|found| &found.id)
        .filter(|found| *found != user && !known.record.keeps(found, user))
        .collect();
    found.into_iter().cloned().collect()
}

/// Returns what is seen of an identity when an item about it is requested.
pub(super) async fn seen(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    known: &KnownIdentity,
    after: Option<&UserId>,
) -> Result<ObservedIdentity, StoreError> {
    let joins = match after {
        Some(user) => identity::holder(conn, user, &known.person).await?,
        None => None,
    };
    Ok(ObservedIdentity {
        open: known.open(),
        joins,
        refused: known.record.refused.clone(),
        evidence: evidence(conn, snapshot, known, after).await?,
    })
}

/// Returns what speaks for and against a link now.
pub(super) async fn evidence(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    known: &KnownIdentity,
    after: Option<&UserId>,
) -> Result<Vec<SignInEvidence>, StoreError> {
    let sign_ins = known.sign_ins.iter().take(SIGN_INS);
    let subjects: Vec<&Subject> = sign_ins.clone().map(|one| &one.keys.subject).collect();
    let factors = agreed_link::second_factors(conn, &subjects).await?;
    let evidence = sign_ins.map(|sign_in| {
        let (keys, first_seen) = (&sign_in.keys, sign_in.first_seen);
        let factor = factors.get(&keys.subject).copied();
        SignInEvidence::of(keys, after, snapshot, first_seen, factor)
    });
    Ok(evidence.collect())
}
