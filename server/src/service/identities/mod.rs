//! Compares identities with the directory, and records what follows: links, suspensions, the alarm.
//!
//! The comparison itself is `domain::identity`. A crawl reviews all identities; a sign-in, a decision and the start of a
//! change check single ones by fresh reads. Nothing here ends a suspension or an alarm: that is done on the host
//! (`cli/identity`).

mod fresh_read;
mod oneself;
mod review;

pub(crate) use fresh_read::InstanceDirectory;
pub use fresh_read::{DirectoryUsers, read};
pub(crate) use oneself::{Oneself, is_oneself};
pub use review::{Review, review};

use domain::{
    identity::{
        AT_ONCE, IdentityAlarm, LinkDifference, LinkReaction, LinkStatus, link_status, reaction,
        tolerated,
    },
    ids::PersonId,
};

use super::{
    app_state::AppState,
    journal::{EntryActor, EntryBuilder},
};
use crate::store::{StoreError, Tx, identity, person};

/// What pages and metrics say about identities. Nothing is decided by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentitySummary {
    /// The number of suspended identities.
    pub suspended: usize,
    pub alarm: Option<IdentityAlarm>,
}

/// Checks one identity by fresh reads; none if it is linked to no user. A difference suspends it, or raises the alarm if
/// there are many.
pub async fn check(
    app_state: &AppState,
    person: &PersonId,
) -> Result<Option<LinkStatus>, StoreError> {
    let (known, record) = {
        let mut conn = app_state.store.read().acquire().await?;
        let known = identity::linked_one(&mut conn, person).await?;
        (known, identity::record(&mut conn, person).await?)
    };
    if let Some(suspension) = record.suspended {
        return Ok(Some(LinkStatus::Differs(suspension.difference)));
    }
    let Some(known) = known else {
        // The ledger may record a link that the row lacks.
        let altered = LinkStatus::Differs(LinkDifference::LinkAltered);
        return Ok(record.current.map(|_| altered));
    };
    let read_model = app_state.read_model();
    let directory = &*app_state.directory_users;
    let read = read(directory, &known, &record, &read_model.snapshot, []).await;
    let status = link_status(&record, &known.user, &read);
    match &status {
        LinkStatus::Valid => {}
        LinkStatus::Unclear(why) => {
            tracing::warn!(%person, why, "it is not clear that a sign-in is its linked user");
        }
        LinkStatus::NotRead(code) => {
            tracing::warn!(%person, code, "the user of an identity could not be read");
        }
        LinkStatus::Differs(difference) => {
            let differing = [(person.clone(), difference.clone())];
            let mut tx = app_state.store.write().await?;
            let entries = react(app_state, &mut tx, &differing).await?;
            app_state.journal.append_many(&mut tx, entries).await?;
            tx.commit().await?;
            refresh_summary(app_state).await?;
        }
    }
    Ok(Some(status))
}

/// Returns the entries that suspend these identities, or that raise the alarm instead. None for those that are
/// suspended already, and none while the alarm is on.
pub async fn react(
    app_state: &AppState,
    tx: &mut Tx,
    differing: &[(PersonId, LinkDifference)],
) -> Result<Vec<EntryBuilder>, StoreError> {
    if differing.is_empty() || identity::alarm(tx.conn()).await?.is_some() {
        return Ok(Vec::new());
    }
    let (now, percent) = (
        app_state.clock.now(),
        app_state.settings.identity_alarm_percent,
    );
    let linked = identity::count_linked(tx.conn()).await?;
    let most = tolerated(linked, percent);
    let mut fresh = Vec::new();
    // More than that raise the alarm, whoever is suspended already.
    if differing.len() <= most {
        for (person, difference) in differing {
            person::lock(tx, person).await?;
            if identity::suspension(tx.conn(), person).await?.is_none() {
                fresh.push((person, difference));
            }
        }
        if fresh.is_empty() {
            return Ok(Vec::new());
        }
    }
    let recent = identity::suspended_since(tx.conn(), now - AT_ONCE, most + 1).await?;
    let at_once = recent
        + if fresh.is_empty() {
            differing.len()
        } else {
            fresh.len()
        };
    Ok(match reaction(at_once, linked, percent) {
        LinkReaction::RaiseAlarm => {
            let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
            let alarm = IdentityAlarm {
                at: now,
                differing: count(at_once),
                linked: count(linked),
            };
            tracing::error!(
                differing = alarm.differing,
                linked = alarm.linked,
                "many identities differ from the directory at once: nobody decides on production PCI until \
                 `leastwise identity confirm` was run"
            );
            vec![app_state.journal.identity_alarm_raised(&alarm)]
        }
        LinkReaction::Suspend => fresh
            .into_iter()
            .map(|(person, difference)| {
                tracing::error!(%person, %difference, "an identity is suspended");
                app_state
                    .journal
                    .identity_suspended(person, difference, now)
            })
            .collect(),
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
    let mut conn = app_state.store.read().acquire().await?;
    app_state.set_identity_summary(IdentitySummary {
        suspended: identity::suspended(&mut conn).await?.len(),
        alarm: identity::alarm(&mut conn).await?,
    });
    Ok(())
}
