//! Confirms the new user of every identity that has one, after a directory was provisioned again.

use std::io::Write;

use domain::{
    directory::UserStatus,
    identity::{DirectoryIndex, ExternalIdDigest, LinkDifference, LinkStatus, link_status},
};

use super::{
    IdentityCommandError, NotConfirmed,
    confirm::{after, written},
    overview::{self, Overview, Row},
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
        let (person, named) = (&row.identity.person, row.named());
        match step {
            Step::Confirm(confirmed) => {
                let done = written(app_state, &mut tx, &row.identity, confirmed, reason).await?;
                match done {
                    Ok(told) => {
                        writeln!(
                            out,
                            "Confirm identity {named}: {} becomes {} ({})",
                            row.user(),
                            confirmed.user,
                            row.other_name()
                        )?;
                        entries.extend(told);
                    }
                    Err(why) => {
                        writeln!(out, "Keep identity {named}: {why}")?;
                        left += 1;
                    }
                }
            }
            Step::Suspend(_) if row.record.suspended.is_some() => {}
            Step::Suspend(difference) => {
                writeln!(out, "Suspend identity {named}: {difference}")?;
                let now = app_state.clock.now();
                entries.push(
                    app_state
                        .journal
                        .identity_suspended(person, difference, now),
                );
            }
            Step::Keep(why) => {
                writeln!(out, "Keep identity {named}: {why}")?;
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
        return nothing(&found, &steps, out);
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

/// Says why nothing can be confirmed. The exit code is 1 if identities differ.
fn nothing(
    found: &Overview,
    steps: &[(&Row, Step)],
    out: &mut (dyn Write + Send),
) -> Result<u8, IdentityCommandError> {
    if found.is_empty() {
        writeln!(
            out,
            "There is nothing to confirm: every identity is the Identity Center user that it was linked to."
        )?;
        return Ok(0);
    }
    let without_user = steps
        .iter()
        .filter(|(_, step)| matches!(step, Step::Suspend(_)))
        .count();
    let valid = found.rows.len() - steps.len();
    writeln!(
        out,
        "There is nothing to confirm. Suspended already, and without an enabled user in the directory that has their \
         external id: {without_user}. Whose user exists again, to be confirmed one by one: {valid}. \
         `leastwise identity list` says what to do about each."
    )?;
    Ok(1)
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
    let confirmed = UserOfIdentity {
        person: row.identity.person.clone(),
        user: other.clone(),
        external_ids: user.external_ids.iter().map(ExternalIdDigest::of).collect(),
    };
    let after = after(&row.record, &confirmed);
    let known = after.external_ids().into_iter().cloned().collect();
    // The user from which the identity moves away was never recorded if the link is older than the record.
    let mut linked = after;
    linked.linked.insert(row.identity.user.clone());
    match link_status(&linked, other, &index.read(other, &known)) {
        LinkStatus::Differs(difference) => Some(Step::Keep(NotConfirmed::StillDiffers(difference))),
        LinkStatus::Valid | LinkStatus::NotRead(_) => Some(Step::Confirm(confirmed)),
    }
}
