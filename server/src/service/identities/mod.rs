//! Compares identities with the directory, and records what follows: links, suspensions, the alarm.
//!
//! The comparison itself is `domain::identity`. A crawl reviews all identities; a sign-in, a decision and the start of a
//! change check single ones by fresh reads. Nothing here ends a suspension or an alarm: that is done on the host
//! (`cli/identity`).

mod fresh_read;
mod list;
mod oneself;
mod review;

pub(crate) use fresh_read::InstanceDirectory;
pub use fresh_read::{DirectoryUsers, read};
pub(crate) use oneself::{Oneself, is_oneself};
pub use review::{Review, review};

use domain::{
    identity::{
        AT_ONCE, DifferenceReaction, IdentityAlarm, LinkDifference, LinkReaction, LinkStatus,
        RecordedUser, difference_reaction, link_status, reaction, tolerated,
    },
    ids::PersonId,
    time::Timestamp,
};

use super::{
    app_state::AppState,
    journal::{EntryActor, EntryBuilder},
};
use crate::store::{StoreConnection, StoreError, Tx, identity, person};

/// What pages and metrics say about identities. Nothing is decided by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentitySummary {
    /// The number of suspended identities.
    pub suspended: usize,
    /// The suspended identity, if it is the only one.
    pub only_suspended: Option<PersonId>,
    pub alarm: Option<IdentityAlarm>,
}

/// Checks one identity by fresh reads; none if it is linked to no user. A difference suspends it unless it belongs to an
/// alarm, and raises the alarm if there are many.
pub async fn check(
    app_state: &AppState,
    person: &PersonId,
) -> Result<Option<LinkStatus>, StoreError> {
    let (known, record) = {
        let mut conn = app_state.store.connection().await?;
        identity::linked_one(&mut conn, person).await?
    };
    if let Some(suspension) = record.suspended {
        return Ok(Some(LinkStatus::Differs(suspension.difference)));
    }
    let status = match known {
        Some(known) => {
            let read_model = app_state.read_model();
            let directory = &*app_state.directory_users;
            let read = read(directory, &known, &record, &read_model.snapshot, []).await;
            link_status(&record, &known.user, &read)
        }
        // The ledger records a link that the row lacks.
        None if matches!(record.recorded_user(), RecordedUser::User(_)) => {
            LinkStatus::Differs(LinkDifference::LinkAltered)
        }
        None => return Ok(None),
    };
    match &status {
        LinkStatus::Valid => {}
        LinkStatus::Unclear(why) => {
            tracing::warn!(%person, why, "it is not clear that a sign-in is its linked user");
        }
        LinkStatus::NotRead(code) => {
            tracing::warn!(%person, code, "the user of an identity could not be read");
        }
        LinkStatus::Differs(difference) => {
            let differing = Differing {
                proven: vec![(person.clone(), difference.clone())],
                unproven: 0,
            };
            let mut tx = app_state.store.write().await?;
            let entries = react(app_state, &mut tx, &differing).await?;
            app_state.journal.append_many(&mut tx, entries).await?;
            tx.commit().await?;
            refresh_summary(app_state).await?;
        }
    }
    Ok(Some(status))
}

/// Identities that differ, and how many more may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differing {
    /// Those that a complete read shows to differ.
    pub proven: Vec<(PersonId, LinkDifference)>,
    /// The number of those that one of so many listings lacks that not all of them were read again. They count for the
    /// alarm, and suspend nobody.
    pub unproven: usize,
}

/// Returns the entries that follow: suspensions, the alarm if many differ at once, and what belongs to the alarm.
pub async fn react(
    app_state: &AppState,
    tx: &mut Tx,
    differing: &Differing,
) -> Result<Vec<EntryBuilder>, StoreError> {
    if *differing == Differing::default() {
        return Ok(Vec::new());
    }
    let (now, journal) = (app_state.clock.now(), &app_state.journal);
    let mut records = Vec::with_capacity(differing.proven.len());
    for (person, _) in &differing.proven {
        person::lock(tx, person).await?;
        records.push(identity::record(tx.conn(), person).await?);
    }
    let mut entries = Vec::new();
    let mut alarm = identity::alarm(tx.conn()).await?;
    if alarm.is_none() {
        let active = records.iter().filter(|record| record.suspended.is_none());
        let fresh = active.count() + differing.unproven;
        alarm = expected_alarm(app_state, tx.conn(), fresh, now).await?;
        if let Some(alarm) = &alarm {
            tracing::error!(
                differing = alarm.differing,
                linked = alarm.linked,
                "many identities differ from the directory at once: nobody decides on production PCI until \
                 `leastwise identity confirm --all --yes` was run"
            );
            entries.push(journal.identity_alarm_raised(alarm));
        }
    }
    for ((person, difference), record) in differing.proven.iter().zip(&records) {
        match difference_reaction(alarm.as_ref(), record, difference, now) {
            DifferenceReaction::Suspend => {
                tracing::error!(%person, %difference, "an identity is suspended");
                entries.push(journal.identity_suspended(person, difference, now));
            }
            DifferenceReaction::Include => {
                // The clock of another process may be behind the one that raised the alarm.
                let at = alarm.as_ref().map_or(now, |alarm| alarm.at.max(now));
                entries.push(journal.identity_alarm_included(person, difference, at));
            }
            DifferenceReaction::Keep => {}
        }
    }
    Ok(entries)
}

/// Returns the alarm that begins if `fresh` identities differ in addition to those that were suspended just before.
async fn expected_alarm(
    app_state: &AppState,
    conn: &mut StoreConnection,
    fresh: usize,
    now: Timestamp,
) -> Result<Option<IdentityAlarm>, StoreError> {
    if fresh == 0 {
        return Ok(None);
    }
    let percent = app_state.settings.identity_alarm_percent;
    let linked = identity::count_linked(conn).await?;
    let most = tolerated(linked, percent);
    let recent = identity::suspended_since(conn, now - AT_ONCE, most + 1).await?;
    let differing = recent + fresh;
    Ok(match reaction(differing, linked, percent) {
        LinkReaction::Suspend => None,
        LinkReaction::RaiseAlarm => Some(IdentityAlarm::new(now, differing, linked)),
    })
}

/// Stores the result of a review, and returns its entries for the same transaction.
pub async fn keep(
    app_state: &AppState,
    tx: &mut Tx,
    review: &Review,
) -> Result<Vec<EntryBuilder>, StoreError> {
    let now = app_state.clock.now();
    let who = EntryActor::leastwise();
    let mut entries = Vec::new();
    for linked in &review.links {
        identity::keep(tx, &linked.person, &linked.user, &linked.external_ids, now).await?;
        entries.push(app_state.journal.identity_linked(&who, linked, now));
    }
    for seen in &review.seen {
        identity::keep(tx, &seen.person, &seen.user, &seen.external_ids, now).await?;
        entries.push(app_state.journal.identity_user_seen(seen, now));
    }
    entries.extend(react(app_state, tx, &review.differing).await?);
    Ok(entries)
}

/// Updates what pages and metrics say.
pub async fn refresh_summary(app_state: &AppState) -> Result<(), StoreError> {
    let mut conn = app_state.store.connection().await?;
    let suspended = identity::suspended(&mut conn).await?;
    let mut persons = suspended.keys();
    app_state.set_identity_summary(IdentitySummary {
        suspended: suspended.len(),
        only_suspended: persons.next().filter(|_| suspended.len() == 1).cloned(),
        alarm: identity::alarm(&mut conn).await?,
    });
    Ok(())
}
