//! Compares all identities with a complete listing of the directory's users.
//!
//! A listing that lacks a user proves little: the user is read again before its identity is suspended, also while the
//! alarm is on.

use std::collections::BTreeSet;

use domain::{
    directory::User,
    identity::{
        DifferenceReaction, DirectoryIndex, ExternalIdDigest, IdentityRecord, LinkDifference,
        LinkRead, LinkStatus, difference_reaction, link_status,
    },
    ids::UserId,
    snapshot::Snapshot,
};

use super::{Differing, expected_alarm, fresh_read};
use crate::{
    service::{app_state::AppState, journal::UserOfIdentity},
    store::{
        StoreError,
        identity::{self, LinkedIdentity},
    },
};

/// The maximum number of identities that one review reads again. The others follow with the next listing.
const READ_AGAIN: usize = 100;

/// What a listing shows that the ledger does not record yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// Links and external ids to record.
    pub links: Vec<UserOfIdentity>,
    /// Other users that a key of an identity finds.
    pub seen: Vec<UserOfIdentity>,
    pub differing: Differing,
}

/// Reviews all linked identities.
pub async fn review(app_state: &AppState, users: &[User]) -> Result<Review, StoreError> {
    let now = app_state.clock.now();
    let (read_model, directory) = (app_state.read_model(), &*app_state.directory_users);
    let (mut found, differing, alarm, many) = {
        let mut conn = app_state.store.connection().await?;
        let alarm = identity::alarm(&mut conn).await?;
        let linked = identity::linked(&mut conn).await?;
        let index = DirectoryIndex::of(users);
        let mut found = Review::default();
        let mut differing = Vec::new();
        for (identity, record) in linked {
            if is_as_recorded(&identity, &record, &index) {
                continue;
            }
            if let Some(difference) =
                compare(&identity, &record, &index, &read_model.snapshot, &mut found)
                && (record.suspended.is_none() || alarm.is_some())
            {
                differing.push((identity, record, difference));
            }
        }
        let expected = if alarm.is_some() {
            None
        } else {
            expected_alarm(app_state, &mut conn, differing.len(), now).await?
        };
        let many = expected.is_some();
        (found, differing, alarm.or(expected), many)
    };
    let mut again = Vec::new();
    for (identity, record, difference) in differing {
        match difference_reaction(alarm.as_ref(), &record, &difference, now) {
            DifferenceReaction::Keep => {}
            // The listing itself shows the other user.
            DifferenceReaction::Include => {
                found.differing.proven.push((identity.person, difference));
            }
            DifferenceReaction::Suspend => again.push((identity, record, difference)),
        }
    }
    let mut unproven = again.len().saturating_sub(READ_AGAIN);
    for (identity, record, difference) in again.into_iter().take(READ_AGAIN) {
        let (snapshot, others) = (&read_model.snapshot, difference.other());
        let read = fresh_read::read(directory, &identity, &record, snapshot, others).await;
        match link_status(&record, &identity.user, &read) {
            LinkStatus::Differs(difference) => {
                found.differing.proven.push((identity.person, difference));
            }
            LinkStatus::NotRead(_) => unproven += 1,
            // It is not clear, and suspends nobody.
            LinkStatus::Unclear(_) | LinkStatus::Valid => {}
        }
    }
    found.differing.proven.sort();
    if many {
        found.differing.unproven = unproven;
    }
    Ok(found)
}

/// Whether the ledger already records everything that the listing shows, and the user is enabled.
fn is_as_recorded(
    identity: &LinkedIdentity,
    record: &IdentityRecord,
    index: &DirectoryIndex<'_>,
) -> bool {
    let Some(user) = index.user(&identity.user) else {
        return false;
    };
    let recorded = record.users.get(&identity.user);
    let ids = ids_of(identity, user);
    if !recorded.is_some_and(|recorded| ids.is_subset(recorded)) {
        return false;
    }
    let read = index.read(&identity.user, &identity.known_by(record));
    match link_status(record, &identity.user, &read) {
        LinkStatus::Valid | LinkStatus::Unclear(_) => true,
        LinkStatus::Differs(_) | LinkStatus::NotRead(_) => false,
    }
}

/// Adds what the ledger lacks, and returns the difference of the identity.
fn compare(
    identity: &LinkedIdentity,
    record: &IdentityRecord,
    index: &DirectoryIndex<'_>,
    snapshot: &Snapshot,
    found: &mut Review,
) -> Option<LinkDifference> {
    let read = index.read(&identity.user, &identity.known_by(record));
    let status = link_status(record, &identity.user, &read);
    let of = |user: &UserId, external_ids| UserOfIdentity {
        person: identity.person.clone(),
        user: user.clone(),
        external_ids,
    };
    let recorded = record.users.get(&identity.user);
    let ids = match (index.user(&identity.user), &status) {
        (Some(user), LinkStatus::Valid) => ids_of(identity, user),
        _ => identity.subject_ids(),
    };
    // A link that keys found is recorded even if it no longer holds: the user counts as the same human. A row alone records
    // nothing.
    let is_recorded = record.user() == Some(&identity.user);
    if is_recorded
        && (status == LinkStatus::Valid || recorded.is_none())
        && recorded.is_none_or(|recorded| !ids.is_subset(recorded))
    {
        found.links.push(of(&identity.user, ids));
    }
    if let LinkRead::Read { holders, .. } = &read {
        let unseen =
            |holder: &&UserId| **holder != identity.user && !record.users.contains_key(*holder);
        let own = own_ids(identity, record);
        for holder in holders.iter().filter(unseen) {
            let theirs = index.user(holder).map(digests).unwrap_or_default();
            let shared: BTreeSet<_> = theirs.intersection(&own).cloned().collect();
            // A colleague keeps their identity, whatever the last sign-in of somebody else stated.
            if !shared.is_empty() || snapshot.person(holder).is_none() {
                found.seen.push(of(holder, shared));
            }
        }
    }
    match status {
        LinkStatus::Differs(difference) => Some(difference),
        LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => None,
    }
}

/// Returns the external ids that are permanently the identity's own. An identity at a provider that only a sign-in stated
/// is not among them, because it may be a colleague's: it counts as long as the sign-in states it.
fn own_ids(identity: &LinkedIdentity, record: &IdentityRecord) -> BTreeSet<ExternalIdDigest> {
    let mut ids = identity.subject_ids();
    ids.extend(record.own.iter().cloned());
    ids
}

/// Returns the external ids to record for the user of an identity.
fn ids_of(identity: &LinkedIdentity, user: &User) -> BTreeSet<ExternalIdDigest> {
    let mut ids = identity.subject_ids();
    ids.extend(digests(user));
    ids
}

fn digests(user: &User) -> BTreeSet<ExternalIdDigest> {
    user.external_ids.iter().map(ExternalIdDigest::of).collect()
}
