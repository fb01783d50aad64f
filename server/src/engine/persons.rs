//! The identities of the users that a crawl has listed.
//!
//! Never gives a user whom the ledger records as somebody else an identity of its own. A sign-in that leads to such a user
//! is a claim (`store/person/claim.rs`).

use std::collections::BTreeSet;

use domain::{
    ids::{PersonId, UserId},
    person::link::{IdentityLink, link_identity},
    snapshot::Parts,
};

use crate::{
    aws::crawl::Crawled,
    clock,
    service::{app_state::AppState, journal::EntryBuilder},
    store::{self, StoreError, Tx, identity_link::PersonsOfUsers, person::FoundUser},
};

/// Ensures that every user has an identity, and links identities whose user is found only now, with the entries to
/// record. They keep their roles. A user with an external id that an identity ever had gets no identity of its own.
pub(super) async fn persons(
    tx: &mut Tx,
    before: &Parts,
    crawled: &Crawled,
    app_state: &AppState,
) -> Result<(PersonsOfUsers, Vec<EntryBuilder>), StoreError> {
    let Some(users) = &crawled.crawl.users else {
        let known = PersonsOfUsers {
            linked: before.persons.clone(),
            others: before.other_users.clone(),
        };
        return Ok((known, Vec::new()));
    };
    let at = app_state.clock.now();
    let (mut entries, mut done) = (Vec::new(), BTreeSet::new());
    let suspended = store::identity::suspended_users(tx.conn()).await?;
    for (person, keys) in store::person::without_user(tx.conn()).await? {
        let IdentityLink::Linked(user, by) = link_identity(&keys, users.iter()) else {
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
        entries.extend(app_state.journal.linking(&keys.subject, &known, at));
        if known.linked.is_some() {
            done.insert(known.person);
        }
    }
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
    Ok((now, entries))
}
