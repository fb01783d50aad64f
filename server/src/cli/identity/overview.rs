//! The identities that are suspended or differ from the directory, by a complete listing of its users.

use std::{collections::BTreeMap, io, io::Write};

use domain::{
    directory::User,
    identity::{
        DirectoryIndex, IdentityAlarm, IdentityRecord, LinkDifference, LinkStatus, link_status,
    },
    ids::UserId,
};
use serde_json::{Value, json};

use super::IdentityCommandError;
use crate::{
    aws::crawl::users,
    cli::table::{Table, printable},
    service::app_state::AppState,
    store::identity::{self, LinkedIdentity},
};

/// An identity that is suspended, or differs.
pub(super) struct Row {
    pub identity: LinkedIdentity,
    pub record: IdentityRecord,
    pub status: LinkStatus,
    /// The name that the directory last showed of the user.
    name: Option<String>,
    /// The name of the other user that has an external id of the identity.
    other_name: Option<String>,
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
    let mut conn = app_state.store.connection().await?;
    let alarm = identity::alarm(&mut conn).await?;
    let linked = identity::linked(&mut conn).await?;
    let index = DirectoryIndex::of(&users);
    let mut rows = Vec::new();
    for (identity, record) in linked {
        let read = index.read(&identity.user, &identity.known_by(&record));
        let status = link_status(&record, &identity.user, &read);
        if status == LinkStatus::Valid && record.suspended.is_none() {
            continue;
        }
        let current = index.user(&identity.user);
        let name = match current {
            Some(user) => Some(user.display_name.clone()),
            None => identity::last_known_name(&mut conn, &identity.user).await?,
        };
        let other = match &status {
            LinkStatus::Differs(difference) => difference.other(),
            LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => None,
        };
        let other_name = other.and_then(|id| Some(index.user(id)?.display_name.clone()));
        rows.push(Row {
            identity,
            record,
            status,
            name,
            other_name,
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
        let mut by_reason: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            by_reason.entry(row.reason()).or_default().push(row);
        }
        for (reason, rows) in by_reason {
            let noun = if rows.len() == 1 {
                "identity"
            } else {
                "identities"
            };
            writeln!(out, "{} {noun}: {reason}", rows.len())?;
            for row in rows {
                row.print(out)?;
            }
            writeln!(out)?;
        }
        self.print_next(out)
    }

    /// Prints which command comes next.
    fn print_next(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        if self.alarm.is_some() {
            writeln!(
                out,
                "Next: leastwise identity confirm --all --reason TEXT   shows what would be confirmed, and writes nothing"
            )
        } else if self.rows.iter().any(|row| row.command().is_some()) {
            writeln!(
                out,
                "Next: make sure that each identity is the same human, and run its command."
            )
        } else {
            writeln!(
                out,
                "Next: nothing can be confirmed now; what to do first is beside each identity."
            )
        }
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
    /// Returns the other user that has an external id of the identity.
    fn other(&self) -> Option<&UserId> {
        match &self.status {
            LinkStatus::Differs(difference) => difference.other(),
            LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => None,
        }
    }

    /// Returns how the identity differs now, or that it does not any more.
    fn reason(&self) -> &'static str {
        match &self.status {
            LinkStatus::Differs(difference) => difference.reason(),
            LinkStatus::Unclear(_) if self.record.suspended.is_none() => {
                "It is not clear that a sign-in still belongs to this user. The identity decides nothing until it is: correct \
                 the user pool or the directory, and let the person sign in again."
            }
            LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => {
                "The Identity Center user exists and is enabled again, and the suspension has not been ended."
            }
        }
    }

    /// Returns the identity with the name of its user.
    pub(super) fn named(&self) -> String {
        format!("{} ({})", self.identity.person, shown(self.name.as_ref()))
    }

    /// Returns the user of the identity with its last known name.
    pub(super) fn user(&self) -> String {
        format!("{} ({})", self.identity.user, shown(self.name.as_ref()))
    }

    /// Returns the name of the other user.
    pub(super) fn other_name(&self) -> String {
        shown(self.other_name.as_ref())
    }

    /// Returns the command that ends the suspension; none if something else comes first.
    fn command(&self) -> Option<String> {
        let person = &self.identity.person;
        match &self.status {
            // Only the user pool, the directory or a new sign-in makes it clear.
            LinkStatus::Unclear(_) if self.record.suspended.is_none() => None,
            LinkStatus::Valid | LinkStatus::Unclear(_) | LinkStatus::NotRead(_) => {
                Some(format!("leastwise identity confirm {person} --reason TEXT"))
            }
            LinkStatus::Differs(LinkDifference::LinkAltered) => Some(format!(
                "leastwise identity confirm {person} --user USER --reason TEXT"
            )),
            LinkStatus::Differs(difference) => {
                let other = difference.other()?;
                Some(format!(
                    "leastwise identity confirm {person} --user {other} --reason TEXT"
                ))
            }
        }
    }

    /// Returns what to do.
    fn to_do(&self) -> String {
        match (&self.status, self.command()) {
            (_, Some(command)) => command,
            (LinkStatus::Differs(LinkDifference::Disabled), None) => format!(
                "Enable the user in the directory, then: leastwise identity confirm {} --reason TEXT",
                self.identity.person
            ),
            (LinkStatus::Unclear(why), None) => format!(
                "Correct the user pool or the directory ({why}), and let the person sign in again."
            ),
            (_, None) => {
                "No user of the directory has an external id of this identity. If the person has a new user, give it the \
                 same external id in the identity provider, and list again. If the person has left, nothing needs to be done: the \
                 identity stays suspended."
                    .to_owned()
            }
        }
    }

    fn print(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        let mut table = Table::indented(2);
        table.row(["identity".to_owned(), self.named()]);
        table.row(["user".to_owned(), self.user()]);
        if let Some(other) = self.other() {
            table.row([
                "other user".to_owned(),
                format!("{other} ({})", self.other_name()),
            ]);
        }
        if let Some(suspension) = &self.record.suspended {
            let since = suspension.at.rfc3339();
            let same = suspension.difference.reason() == self.reason();
            let text = if same {
                since
            } else {
                format!("{since}: {}", suspension.difference.reason())
            };
            table.row(["suspended".to_owned(), text]);
        }
        table.row(["to do".to_owned(), self.to_do()]);
        write!(out, "{table}")
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
            "name": self.name,
            "suspended_at": suspension.map(|suspension| suspension.at.rfc3339()),
            "suspended_because": suspension.map(|suspension| suspension.difference.as_str()),
            "differs": difference.map(LinkDifference::as_str),
            "other_user": self.other(),
            "other_name": self.other_name,
            "command": self.command(),
        })
    }
}

fn shown(name: Option<&String>) -> String {
    name.map_or_else(|| "name not known".to_owned(), |name| printable(name))
}
