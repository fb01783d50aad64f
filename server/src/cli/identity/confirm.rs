//! Confirms one identity.

use std::{collections::BTreeSet, io::Write};

use domain::{
    directory::UserStatus,
    identity::{ExternalIdDigest, IdentityRecord, LinkDifference, LinkStatus, link_status},
    ids::{PersonId, UserId},
    snapshot::Snapshot,
};

use super::{IdentityCommandError, NotConfirmed};
use crate::{
    service::{
        app_state::AppState,
        caller::Caller,
        identities,
        journal::{EntryActor, EntryBuilder, UserOfIdentity},
    },
    store::{
        StoreError, Tx,
        identity::{self, LinkedIdentity, RelinkOutcome},
        person,
    },
};

pub(super) async fn confirm(
    app_state: &AppState,
    person: &PersonId,
    user: Option<&UserId>,
    reason: &str,
    out: &mut (dyn Write + Send),
) -> Result<u8, IdentityCommandError> {
    let (known, record) = {
        let mut conn = app_state.store.connection().await?;
        let (known, record) = identity::linked_one(&mut conn, person).await?;
        let known = known.ok_or_else(|| IdentityCommandError::Unknown(person.clone()))?;
        (known, record)
    };
    match try_confirm(app_state, &known, &record, user, reason).await? {
        Ok(Confirmation::Done(user)) => {
            writeln!(out, "Identity {person} is user {user}, and may act again.")?;
            Ok(0)
        }
        Ok(Confirmation::NothingToDo) => {
            writeln!(
                out,
                "Identity {person} is not suspended, and is the user that it was linked to. Nothing was written."
            )?;
            Ok(0)
        }
        Err(why) => {
            writeln!(out, "Identity {person} was not confirmed: {why}.")?;
            Ok(1)
        }
    }
}

enum Confirmation {
    Done(UserId),
    NothingToDo,
}

async fn try_confirm(
    app_state: &AppState,
    known: &LinkedIdentity,
    record: &IdentityRecord,
    user: Option<&UserId>,
    reason: &str,
) -> Result<Result<Confirmation, NotConfirmed>, IdentityCommandError> {
    let directory = &*app_state.directory_users;
    let nothing = Snapshot::default();
    let read = identities::read(directory, known, record, &nothing, user).await;
    let status = link_status(record, &known.user, &read);
    let difference = match &status {
        LinkStatus::NotRead(code) => return Err(IdentityCommandError::NotRead(code.clone())),
        LinkStatus::Differs(difference) => Some(difference),
        LinkStatus::Valid | LinkStatus::Unclear(_) => None,
    };
    let altered = difference == Some(&LinkDifference::LinkAltered);
    let other = difference.and_then(LinkDifference::other);
    if let (None, Some(difference)) = (user, difference)
        && (altered || other.is_some())
    {
        return Ok(Err(NotConfirmed::NeedsUser(difference.clone())));
    }
    let user = user.unwrap_or(&known.user);
    if user == &known.user && difference.is_none() && record.suspended.is_none() {
        return Ok(Ok(Confirmation::NothingToDo));
    }
    let Some(found) = directory.user(user).await? else {
        return Ok(Err(NotConfirmed::NoUser(user.clone())));
    };
    if found.status == UserStatus::Disabled {
        return Ok(Err(NotConfirmed::Disabled(user.clone())));
    }
    let ids: BTreeSet<_> = found
        .external_ids
        .iter()
        .map(ExternalIdDigest::of)
        .collect();
    let is_own = record.is_oneself(user, &found.external_ids)
        || (user == &known.user && !altered)
        || known.known_by(record).find(user, &found.external_ids);
    if !is_own {
        return Ok(Err(NotConfirmed::Unrelated(user.clone())));
    }
    let confirmed = UserOfIdentity {
        person: known.person.clone(),
        user: user.clone(),
        external_ids: ids,
    };
    let (next, after) = (relinked(known, user), after(record, &confirmed));
    let read = identities::read(directory, &next, &after, &nothing, [&known.user]).await;
    match link_status(&after, user, &read) {
        // A sign-in that is not clear still stops decisions after the confirmation.
        LinkStatus::Valid | LinkStatus::Unclear(_) => {}
        LinkStatus::NotRead(code) => return Err(IdentityCommandError::NotRead(code)),
        LinkStatus::Differs(difference) => {
            return Ok(Err(NotConfirmed::StillDiffers(difference)));
        }
    }
    let mut tx = app_state.store.write().await?;
    match written(app_state, &mut tx, known, &confirmed, reason).await? {
        Ok(entries) => {
            app_state.journal.append_many(&mut tx, entries).await?;
            tx.commit().await?;
            Ok(Ok(Confirmation::Done(confirmed.user)))
        }
        Err(why) => Ok(Err(why)),
    }
}

/// Returns the identity with another user.
pub(super) fn relinked(known: &LinkedIdentity, user: &UserId) -> LinkedIdentity {
    LinkedIdentity {
        user: user.clone(),
        ..known.clone()
    }
}

/// Returns the record after a confirmation.
pub(super) fn after(record: &IdentityRecord, confirmed: &UserOfIdentity) -> IdentityRecord {
    let mut after = record.clone();
    after.confirm(confirmed.user.clone(), confirmed.external_ids.clone());
    after
}

/// Writes the rows of a confirmation, and returns its entries for the same transaction.
pub(super) async fn written(
    app_state: &AppState,
    tx: &mut Tx,
    known: &LinkedIdentity,
    confirmed: &UserOfIdentity,
    reason: &str,
) -> Result<Result<Vec<EntryBuilder>, NotConfirmed>, StoreError> {
    let now = app_state.clock.now();
    let (person, user) = (&known.person, &confirmed.user);
    person::lock(tx, person).await?;
    let record = identity::record(tx.conn(), person).await?;
    // First, because an identity that cannot be confirmed must leave no row without an entry.
    if let RelinkOutcome::Taken(by) = identity::relink(tx, person, user).await? {
        return Ok(Err(NotConfirmed::Taken(user.clone(), by)));
    }
    let mut entries = Vec::new();
    if record.current.is_none() && user != &known.user {
        // The earlier user was never recorded, and counts as the same human from now on.
        let earlier = UserOfIdentity {
            person: person.clone(),
            user: known.user.clone(),
            external_ids: known.subject_ids(),
        };
        identity::keep(tx, person, &earlier.user, &earlier.external_ids, now).await?;
        let who = EntryActor::of(&Caller::CommandLine);
        entries.push(app_state.journal.identity_linked(&who, &earlier, now));
    }
    identity::keep(tx, person, user, &confirmed.external_ids, now).await?;
    entries.push(app_state.journal.identity_confirmed(confirmed, reason, now));
    Ok(Ok(entries))
}
