//! Confirms the new users of the identities of an alarm, after a directory was provisioned again, and ends the alarm.
//!
//! Whatever else differs is suspended in the same transaction: nothing that differs is left without a suspension once
//! no alarm is on. What does not belong to the alarm is confirmed by name only, because nobody finds one user that
//! somebody else created among hundreds.

use std::{collections::BTreeSet, io::Write};

use domain::{
    directory::UserStatus,
    identity::{
        DifferenceReaction, DirectoryIndex, ExternalIdDigest, IdentityAlarm, LinkDifference,
        LinkStatus, difference_reaction, link_status,
    },
    time::Timestamp,
};

use super::{
    IdentityCommandError, NotConfirmed,
    confirm::{after, written},
    overview::{self, Overview, Row},
};
use crate::{
    service::{
        app_state::AppState,
        journal::{EntryBuilder, UserOfIdentity},
    },
    store::{Tx, identity, person},
};

/// Whether to write what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Show,
    Write,
}

/// What happens to one identity that differs.
enum Step {
    Confirm(UserOfIdentity),
    /// It is suspended, or stays so.
    Suspend(NotConfirmed),
}

pub(super) async fn confirm_all(
    app_state: &AppState,
    mode: Mode,
    reason: &str,
    out: &mut (dyn Write + Send),
) -> Result<u8, IdentityCommandError> {
    let found = overview::read(app_state).await?;
    let index = DirectoryIndex::of(&found.users);
    let now = app_state.clock.now();
    // Printed only after the transaction, because whoever reads the output may be slow.
    let mut lines: Vec<u8> = Vec::new();
    overview::print_alarm(found.alarm.as_ref(), &mut lines)?;
    let mut entries = Vec::new();
    let mut left = 0;
    let mut tx = app_state.store.write().await?;
    let mut differing = 0;
    for row in &found.rows {
        let LinkStatus::Differs(difference) = &row.status else {
            continue;
        };
        differing += 1;
        let why = match step(row, difference, &index, found.alarm.as_ref(), now) {
            Step::Confirm(confirmed) => {
                match written(app_state, &mut tx, &row.identity, &confirmed, reason).await? {
                    Ok(confirmed_entries) => {
                        writeln!(
                            lines,
                            "Confirm identity {}: {} becomes {} ({})",
                            row.named(),
                            row.user(),
                            confirmed.user,
                            row.other_name()
                        )?;
                        entries.extend(confirmed_entries);
                        continue;
                    }
                    Err(why) => why,
                }
            }
            Step::Suspend(why) => why,
        };
        left += 1;
        entries.extend(suspended(app_state, &mut tx, row, difference, &why, &mut lines).await?);
    }
    if found.alarm.is_some() {
        writeln!(lines, "End the alarm")?;
        entries.push(app_state.journal.identity_alarm_ended(reason, now));
    }
    if entries.is_empty() {
        drop(tx);
        out.write_all(&lines)?;
        return nothing(&found, differing, out);
    }
    if mode == Mode::Show {
        // Rolls back.
        drop(tx);
        out.write_all(&lines)?;
        writeln!(
            out,
            "Nothing was written. Run the command again with --yes to do this."
        )?;
        return Ok(1);
    }
    app_state.journal.append_many(&mut tx, entries).await?;
    tx.commit().await?;
    out.write_all(&lines)?;
    writeln!(out, "Done.")?;
    Ok(u8::from(left > 0))
}

/// Returns the entry that suspends an identity; none if it is suspended already.
async fn suspended(
    app_state: &AppState,
    tx: &mut Tx,
    row: &Row,
    difference: &LinkDifference,
    why: &NotConfirmed,
    out: &mut (dyn Write + Send),
) -> Result<Option<EntryBuilder>, IdentityCommandError> {
    let (person, named) = (&row.identity.person, row.named());
    person::lock(tx, person).await?;
    if identity::suspension(tx.conn(), person).await?.is_some() {
        writeln!(out, "Identity {named} stays suspended: {why}")?;
        return Ok(None);
    }
    writeln!(out, "Suspend identity {named}: {why}")?;
    let now = app_state.clock.now();
    Ok(Some(
        app_state
            .journal
            .identity_suspended(person, difference, now),
    ))
}

/// Says why nothing can be confirmed. The exit code is 1 if identities differ.
fn nothing(
    found: &Overview,
    differing: usize,
    out: &mut (dyn Write + Send),
) -> Result<u8, IdentityCommandError> {
    if found.is_empty() {
        writeln!(
            out,
            "There is nothing to confirm: every identity is the Identity Center user that it was linked to."
        )?;
        return Ok(0);
    }
    let valid = found.rows.iter();
    let valid = valid.filter(|row| row.status == LinkStatus::Valid).count();
    writeln!(
        out,
        "There is nothing to confirm by --all. Suspended already, as stated above: {differing}. Whose user exists again, to be \
         confirmed one by one: {valid}. `leastwise identity list` says what to do about each."
    )?;
    Ok(1)
}

/// Returns what happens to an identity that differs.
fn step(
    row: &Row,
    difference: &LinkDifference,
    index: &DirectoryIndex<'_>,
    alarm: Option<&IdentityAlarm>,
    now: Timestamp,
) -> Step {
    let Some(other) = difference.other() else {
        return Step::Suspend(NotConfirmed::NoOtherUser(difference.clone()));
    };
    let includes = alarm.is_some_and(|alarm| alarm.includes(&row.record, difference));
    let reaction = difference_reaction(alarm, &row.record, difference, now);
    if !includes && reaction != DifferenceReaction::Include {
        return Step::Suspend(NotConfirmed::NotOfTheAlarm(difference.clone()));
    }
    let Some(user) = index.user(other) else {
        return Step::Suspend(NotConfirmed::NoUser(other.clone()));
    };
    if user.status == UserStatus::Disabled {
        return Step::Suspend(NotConfirmed::Disabled(other.clone()));
    }
    let ids: BTreeSet<_> = user.external_ids.iter().map(ExternalIdDigest::of).collect();
    // The keys that a sign-in states can name a colleague, and nobody notices one among many.
    if !row.record.is_oneself(other, &user.external_ids)
        && ids.is_disjoint(&row.identity.subject_ids())
    {
        return Step::Suspend(NotConfirmed::NeedsUser(difference.clone()));
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
        LinkStatus::Differs(difference) => Step::Suspend(NotConfirmed::StillDiffers(difference)),
        LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => {
            Step::Confirm(confirmed)
        }
    }
}
