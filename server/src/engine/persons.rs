//! The identities of the users that a crawl has listed.
//!
//! Never gives a user whom the ledger records as somebody else an identity of its own. A sign-in that leads to such a user
//! is a claim (`store/person/claim.rs`).

use std::collections::BTreeSet;

use domain::{
    directory::User,
    ids::{PersonId, UserId},
    person::link::{IdentityLink, LinkKeys, link_identity},
    snapshot::Parts,
};

use crate::{
    aws::crawl::Crawled,
    clock,
    service::app_state::AppState,
    store::{self, StoreError, Tx, identity_link::PersonsOfUsers, person::FoundUser},
};

/// Ensures that every user has an identity. A user with an external id that an identity ever had gets no identity of its own.
pub(super) async fn persons(
    tx: &mut Tx,
    before: &Parts,
    crawled: &Crawled,
    app_state: &AppState,
) -> Result<PersonsOfUsers, StoreError> {
    let Some(users) = &crawled.crawl.users else {
        let known = PersonsOfUsers {
            linked: before
                .persons
                .iter()
                .map(|(user, person)| (user.clone(), person.clone()))
                .collect(),
            others: (*before.other_users).clone(),
        };
        return Ok(known);
    };
    let at = app_state.clock.now();
    let PersonsOfUsers { linked, others } =
        store::identity_link::persons_of_users(tx.conn()).await?;
    let fresh: Vec<(UserId, PersonId)> = users
        .iter()
        .filter(|user| !linked.contains_key(&user.id) && !others.contains_key(&user.id))
        .map(|user| (user.id.clone(), clock::person_id()))
        .collect();
    store::identity_link::ensure_for_users(tx, &fresh, at).await?;
    let now = store::identity_link::persons_of_users(tx.conn()).await?;
    // Known users keep their id values, because two read models are in memory during the replacement.
    let same = |(user, person): (UserId, PersonId)| {
        let known = before.persons.get_key_value(&user);
        let known = known.filter(|(_, known)| **known == person);
        known.map_or((user, person), |(user, person)| {
            (user.clone(), person.clone())
        })
    };
    let now = PersonsOfUsers {
        linked: now.linked.into_iter().map(same).collect(),
        others: now.others,
    };
    Ok(now)
}

/// Links sign-ins that were made while a crawl was stored: the read model of before did not contain their user, and the
/// crawl did not see them. Called once the read model of the crawl is in use.
pub(super) async fn link_missed(app_state: &AppState) -> Result<(), StoreError> {
    let read_model = app_state.read_model();
    let users = || read_model.snapshot.parts().users.values();
    let waiting = {
        let mut conn = app_state.store.connection().await?;
        store::person::without_user(&mut conn).await?
    };
    let is_found = |(_, keys): &(PersonId, LinkKeys)| {
        matches!(link_identity(keys, users()), IdentityLink::Linked(..))
    };
    if !waiting.iter().any(is_found) {
        return Ok(());
    }
    let mut tx = app_state.store.write().await?;
    link_found(&mut tx, users(), app_state).await?;
    tx.commit().await
}

/// Links the sign-ins without a user whose user is among these. They keep their roles. Each link is recorded before the next one
/// is looked at, because it decides whose the user is.
pub(super) async fn link_found<'a>(
    tx: &mut Tx,
    users: impl Iterator<Item = &'a User> + Clone,
    app_state: &AppState,
) -> Result<(), StoreError> {
    let (at, journal) = (app_state.clock.now(), &app_state.journal);
    let mut done = BTreeSet::new();
    let suspended = store::identity::suspended_users(tx.conn()).await?;
    for (person, keys) in store::person::without_user(tx.conn()).await? {
        let IdentityLink::Linked(user, by) = link_identity(&keys, users.clone()) else {
            continue;
        };
        // Another sign-in of the same person may have been linked just now.
        if done.contains(&person) {
            continue;
        }
        let found = FoundUser {
            subject: &keys.subject,
            person: &person,
            user: &user,
            by: &by,
            suspended: &suspended,
            at,
        };
        let known = store::person::link(tx, &found).await?;
        let entries = journal.linking(&keys.subject, &known, at);
        if !entries.is_empty() {
            journal.append_many(tx, entries).await?;
        }
        if known.linked.is_some() {
            done.insert(known.person);
        }
    }
    Ok(())
}
