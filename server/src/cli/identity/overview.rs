//! The identities that are suspended or differ from the directory, by a complete listing of its users.

use std::{io, io::Write};

use domain::{
    directory::User,
    identity::{DirectoryIndex, IdentityAlarm, IdentityRecord, LinkStatus, link_status},
};
use serde_json::{Value, json};

use super::IdentityCommandError;
use crate::{
    aws::crawl::users,
    service::app_state::AppState,
    store::{
        StoreError,
        identity::{self, LinkedIdentity},
    },
};

/// An identity that is suspended, or differs.
pub(super) struct Row {
    pub identity: LinkedIdentity,
    pub record: IdentityRecord,
    pub status: LinkStatus,
    /// The name of the user, or of the other user.
    name: String,
}

/// Everything that somebody has to look at.
pub(super) struct Overview {
    pub rows: Vec<Row>,
    pub alarm: Option<IdentityAlarm>,
    pub users: Vec<User>,
}

/// Reads all users of the directory and compares all linked identities with them.
pub(super) async fn read(app_state: &AppState) -> Result<Overview, IdentityCommandError> {
    let users = users(&app_state.aws, &app_state.instance).await?;
    let mut conn = app_state
        .store
        .read()
        .acquire()
        .await
        .map_err(StoreError::from)?;
    let suspended = identity::suspended(&mut conn).await?;
    let alarm = identity::alarm(&mut conn).await?;
    let linked = identity::linked(&mut conn).await?;
    let index = DirectoryIndex::of(&users);
    let mut rows = Vec::new();
    for identity in linked {
        let record = identity::record(&mut conn, &identity.person).await?;
        let read = index.read(&identity.user, &identity.known_by(&record));
        let status = link_status(&record, &identity.user, &read);
        if status == LinkStatus::Valid && !suspended.contains_key(&identity.person) {
            continue;
        }
        let other = match &status {
            LinkStatus::Differs(difference) => difference.other(),
            _ => None,
        };
        let user = index.user(other.unwrap_or(&identity.user));
        let name = user.map_or_else(|| "unknown".to_owned(), |user| user.display_name.clone());
        rows.push(Row {
            identity,
            record,
            status,
            name,
        });
    }
    Ok(Overview { rows, alarm, users })
}

impl Overview {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.alarm.is_none()
    }

    pub(super) fn print(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        if self.is_empty() {
            return writeln!(
                out,
                "Every identity is the Identity Center user that it was linked to."
            );
        }
        print_alarm(self.alarm.as_ref(), out)?;
        for row in &self.rows {
            row.print(out)?;
        }
        Ok(())
    }

    pub(super) fn json(&self) -> Value {
        let alarm = self.alarm.as_ref().map(|alarm| {
            json!({ "at": alarm.at.rfc3339(), "differing": alarm.differing, "linked": alarm.linked })
        });
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        json!({ "alarm": alarm, "identities": rows })
    }
}

pub(super) fn print_alarm(
    alarm: Option<&IdentityAlarm>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    let Some(alarm) = alarm else {
        return Ok(());
    };
    writeln!(
        out,
        "Alarm since {}: {} of {} identities differed at once. Decisions on production PCI are stopped until \
         `leastwise identity confirm --all --yes` was run.",
        alarm.at.rfc3339(),
        alarm.differing,
        alarm.linked
    )
}

impl Row {
    fn print(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        writeln!(out, "Identity {}, {}", self.identity.person, self.name)?;
        writeln!(out, "  user       {}", self.identity.user)?;
        if let Some(suspension) = &self.record.suspended {
            writeln!(
                out,
                "  suspended  since {}: {}",
                suspension.at.rfc3339(),
                suspension.difference
            )?;
        }
        let person = &self.identity.person;
        match &self.status {
            LinkStatus::Differs(difference) => {
                writeln!(out, "  directory  {difference}")?;
                if let Some(other) = difference.other() {
                    writeln!(
                        out,
                        "  to confirm leastwise identity confirm {person} --user {other} --reason TEXT"
                    )?;
                }
                Ok(())
            }
            LinkStatus::Unclear(why) if self.record.suspended.is_none() => {
                writeln!(
                    out,
                    "  sign-in    It is not clear that it still belongs to this user: {why}. The identity decides nothing \
                     until it is clear. Correct the user pool or the directory, and let the person sign in again."
                )
            }
            LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => {
                writeln!(out, "  directory  The user exists and is enabled.")?;
                writeln!(
                    out,
                    "  to confirm leastwise identity confirm {person} --reason TEXT"
                )
            }
        }
    }

    fn json(&self) -> Value {
        let suspension = self.record.suspended.as_ref();
        let difference = match &self.status {
            LinkStatus::Differs(difference) => Some(difference),
            LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => None,
        };
        json!({
            "person": self.identity.person,
            "user": self.identity.user,
            "suspended_at": suspension.map(|suspension| suspension.at.rfc3339()),
            "suspended_because": suspension.map(|suspension| suspension.difference.as_str()),
            "differs": difference.map(domain::identity::LinkDifference::as_str),
            "other_user": difference.and_then(domain::identity::LinkDifference::other),
        })
    }
}
