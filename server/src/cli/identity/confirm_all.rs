//! Confirms the new user of every identity that has one, after a directory was provisioned again.

use std::{collections::BTreeSet, io::Write};

use domain::{
    directory::UserStatus,
    identity::{DirectoryIndex, ExternalIdDigest, LinkDifference, LinkStatus, link_status},
};

use super::{
    IdentityCommandError, NotConfirmed,
    confirm::{after, written},
    overview::{self, Row},
};
use crate::service::{app_state::AppState, journal::UserOfIdentity};

/// Whether to write what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Show,
    Write,
}

/// What happens to one identity that differs.
enum Step {
    Confirm(UserOfIdentity),
    /// It has no new user.
    Suspend(LinkDifference),
    Keep(NotConfirmed),
}

pub(super) async fn confirm_all(
    app_state: &AppState,
    mode: Mode,
    reason: &str,
    out: &mut (dyn Write + Send),
) -> Result<u8, IdentityCommandError> {
    let found = overview::read(app_state).await?;
    let index = DirectoryIndex::of(&found.users);
    let steps: Vec<(&Row, Step)> = found
        .rows
        .iter()
        .filter_map(|row| Some((row, step(row, &index)?)))
        .collect();
    overview::print_alarm(found.alarm.as_ref(), out)?;
    let mut entries = Vec::new();
    let mut left = 0;
    let mut tx = app_state.store.write().await?;
    for (row, step) in &steps {
        let (person, user) = (&row.identity.person, &row.identity.user);
        match step {
            Step::Confirm(confirmed) => {
                let done = written(app_state, &mut tx, &row.identity, confirmed, reason).await?;
                match done {
                    Ok(told) => {
                        writeln!(
                            out,
                            "Confirm identity {person}: {user} becomes {}",
                            confirmed.user
                        )?;
                        entries.extend(told);
                    }
                    Err(why) => {
                        writeln!(out, "Keep identity {person}: {why}")?;
                        left += 1;
                    }
                }
            }
            Step::Suspend(_) if row.record.suspended.is_some() => {}
            Step::Suspend(difference) => {
                writeln!(out, "Suspend identity {person}: {difference}")?;
                let now = app_state.clock.now();
                entries.push(
                    app_state
                        .journal
                        .identity_suspended(person, difference, now),
                );
            }
            Step::Keep(why) => {
                writeln!(out, "Keep identity {person}: {why}")?;
                left += 1;
            }
        }
    }
    if found.alarm.is_some() {
        writeln!(out, "End the alarm")?;
        let now = app_state.clock.now();
        entries.push(app_state.journal.identity_alarm_ended(reason, now));
    }
    if entries.is_empty() {
        writeln!(out, "There is nothing to confirm.")?;
        return Ok(u8::from(left > 0));
    }
    if mode == Mode::Show {
        // The transaction is rolled back.
        writeln!(
            out,
            "Nothing was written. Run the command again with --yes to do this."
        )?;
        return Ok(1);
    }
    app_state.journal.append_many(&mut tx, entries).await?;
    tx.commit().await?;
    writeln!(out, "Done.")?;
    Ok(u8::from(left > 0))
}

/// Returns what happens to an identity; none if it does not differ now.
fn step(row: &Row, index: &DirectoryIndex<'_>) -> Option<Step> {
    let LinkStatus::Differs(difference) = &row.status else {
        return None;
    };
    let Some(other) = difference.other() else {
        return Some(Step::Suspend(difference.clone()));
    };
    let Some(user) = index.user(other) else {
        return Some(Step::Keep(NotConfirmed::NoUser(other.clone())));
    };
    if user.status == UserStatus::Disabled {
        return Some(Step::Keep(NotConfirmed::Disabled(other.clone())));
    }
    let ids: BTreeSet<_> = user.external_ids.iter().map(ExternalIdDigest::of).collect();
    // The keys that a sign-in states can name a colleague, and nobody notices one among many.
    if !row.record.is_oneself(other, &user.external_ids)
        && ids.is_disjoint(&row.identity.subject_ids())
    {
        return Some(Step::Keep(NotConfirmed::NeedsUser(difference.clone())));
    }
    let confirmed = UserOfIdentity {
        person: row.identity.person.clone(),
        user: other.clone(),
        external_ids: ids,
    };
    let after = after(&row.record, &confirmed);
    let read = index.read(other, &row.identity.known_by(&after));
    // The user from which the identity moves away was never recorded if the link is older than the record.
    let mut linked = after;
    linked.linked.insert(row.identity.user.clone());
    match link_status(&linked, other, &read) {
        LinkStatus::Differs(difference) => Some(Step::Keep(NotConfirmed::StillDiffers(difference))),
        LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => {
            Some(Step::Confirm(confirmed))
        }
    }
}
