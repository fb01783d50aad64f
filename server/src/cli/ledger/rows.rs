//! Rows that count only with their entries, held against what these say: a row that was put in, revived
//! or taken out by hand is named.
//!
//! Others may write while the entries are read. What is read before the entries must be in them; what is
//! in them must be in what is read after.

use std::collections::BTreeSet;

use domain::{
    approval::{Approval, Decision},
    authorize::Role,
    ids::{ChangeId, PersonId},
    ledger::{
        Entry,
        said::{self, Decided, Held, Said, grants, sessions},
    },
    time::Timestamp,
};
use thiserror::Error;

use super::{LedgerCommandError, open_sessions, windows};
use crate::store::{
    Store,
    change::{DecisionRow, decision_rows},
    engine::{StoredWindow, window_rows},
    person::{RoleRow, role_rows},
    session::{StoredSession, session_rows},
};

/// A row and the ledger that do not say the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Difference {
    /// Nobody decided so through Leastwise.
    #[error("approval: {0} has no entry in the ledger: nobody gave it through Leastwise")]
    DecisionWithoutEntry(String),
    /// It was entered, and fills no seat.
    #[error(
        "approval: {0} does not count, though the ledger holds it: its sign-in asked for the change, or has \
         decided on it as somebody else"
    )]
    DecisionThatDoesNotCount(String),
    /// A decision was taken out.
    #[error("approval: the row is missing of {0}, which the ledger holds")]
    DecisionWithoutRow(String),
    /// Nobody was given this role.
    #[error("role_grant: {0} has no entry in the ledger: nobody was given it through Leastwise")]
    RoleWithoutEntry(String),
    /// Nobody ended this role.
    #[error("role_grant: {0} is over by its row, and the ledger has no entry that ended it")]
    EndWithoutEntry(String),
    /// It ended, and somebody took the end away.
    #[error("role_grant: {0} is held by its row, and the ledger has an entry that ended it")]
    Revived(String),
    /// A role was taken out.
    #[error("role_grant: the row is missing of {0}, which the ledger holds")]
    RoleWithoutRow(String),
    /// Nobody was given this access through Leastwise.
    #[error("engine_window: {0} has no entry in the ledger: nobody was given it through Leastwise")]
    WindowWithoutEntry(String),
    /// It lasts from and until otherwise, or is on something else.
    #[error("engine_window: {0} is not as its entries in the ledger say")]
    WindowDiffers(String),
    /// It is over, and somebody took that away.
    #[error("engine_window: {0} is open by its row, and the ledger has an entry that closed it")]
    WindowRevived(String),
    /// It is open, and somebody says that it is over.
    #[error("engine_window: {0} is over by its row, and the ledger has no entry that closed it")]
    WindowOverWithoutEntry(String),
    /// A window was taken out.
    #[error("engine_window: the row is missing of {0}, which the ledger holds")]
    WindowWithoutRow(String),
    /// Nobody signed in so.
    #[error("session: {0} has no entry in the ledger that says the same: nobody signed in so")]
    SessionWithoutEntry(String),
    /// It ended, and somebody took the end away.
    #[error("session: {0} goes on by its row, and the ledger has an entry that ended it")]
    SessionRevived(String),
    /// The search finds an entry otherwise than by its words.
    #[error("ledger_token: {0}")]
    Words(String),
    /// What the server finds an entry by is not what the entry says.
    #[error("ledger_entry: the column {column} of entry {seq} is not as the entry says")]
    ColumnDiffers {
        /// The entry's number.
        seq: i64,
        /// Which column.
        column: &'static str,
    },
}

/// The rows at one moment.
pub(super) struct Rows {
    decisions: Vec<DecisionRow>,
    roles: Vec<RoleRow>,
    windows: Vec<StoredWindow>,
    sessions: Vec<StoredSession>,
}

impl Rows {
    pub(super) async fn read(store: &Store) -> Result<Self, LedgerCommandError> {
        Ok(Self {
            decisions: decision_rows(store).await?,
            roles: role_rows(store).await?,
            windows: window_rows(store).await?,
            sessions: session_rows(store).await?,
        })
    }
}

/// Hears a leaf, if it is about such rows. One that cannot be parsed is the verifier's to name.
pub(super) fn hear(said: &mut Said, leaf: &str) {
    let words = [
        said::SUBMITTED,
        said::APPROVED,
        said::DECLINED,
        said::SENT_BACK,
        said::GRANTED,
        said::ENDED,
        grants::STARTED,
        grants::STOPPED,
        grants::CLOSED,
        sessions::STARTED,
        sessions::ENDED,
    ];
    // Most entries are about something else, and parsing is the dear part.
    if words.iter().any(|word| leaf.contains(word))
        && let Ok((_, entry)) = Entry::parse(leaf.as_bytes())
    {
        said.hear(&entry);
    }
}

/// Everything in which rows and entries differ.
pub(super) fn compare(before: &Rows, after: &Rows, said: &Said) -> Vec<Difference> {
    let mut found = BTreeSet::new();
    for row in &before.decisions {
        match standing(said, row) {
            Standing::Counts => {}
            Standing::FillsNoSeat => {
                found.insert(Difference::DecisionThatDoesNotCount(decision_words(row)));
            }
            Standing::NotEntered => {
                found.insert(Difference::DecisionWithoutEntry(decision_words(row)));
            }
        }
    }
    for (change, decisions) in said.changes() {
        for given in &decisions.given {
            let row = row_of(change, given);
            if !after.decisions.contains(&row) {
                found.insert(Difference::DecisionWithoutRow(decision_words(&row)));
            }
        }
    }
    for row in &before.roles {
        match held(said, row) {
            None => found.insert(Difference::RoleWithoutEntry(role_words(row))),
            Some(held) if row.ended_at.is_some() && held.ended_at.is_none() => {
                found.insert(Difference::EndWithoutEntry(role_words(row)))
            }
            Some(_) => false,
        };
    }
    for row in after.roles.iter().filter(|row| row.ended_at.is_none()) {
        if held(said, row).is_some_and(|held| held.ended_at.is_some()) {
            found.insert(Difference::Revived(role_words(row)));
        }
    }
    for ((person, role), all) in said.roles() {
        for held in all {
            let there = |row: &&RoleRow| {
                row.person == person.as_str()
                    && row.role == role.as_str()
                    && row.granted_at == held.granted_at.0
            };
            if !after.roles.iter().any(|row| there(&row)) {
                let row = RoleRow {
                    person: person.to_string(),
                    role: role.as_str().to_owned(),
                    granted_at: held.granted_at.0,
                    ended_at: None,
                };
                found.insert(Difference::RoleWithoutRow(role_words(&row)));
            }
        }
    }
    windows::compare(&before.windows, &after.windows, said.grants(), &mut found);
    open_sessions::compare(
        &before.sessions,
        &after.sessions,
        said.sessions(),
        &mut found,
    );
    found.into_iter().collect()
}

/// What the entries make of a row.
enum Standing {
    Counts,
    FillsNoSeat,
    NotEntered,
}

/// The server's own judgement; only that here, a row against a change needs its entry as well.
fn standing(said: &Said, row: &DecisionRow) -> Standing {
    let (Ok(change), Ok(approver), Ok(round)) = (
        ChangeId::parse(&row.change),
        PersonId::parse(&row.approver),
        u32::try_from(row.round),
    ) else {
        return Standing::NotEntered;
    };
    let row = Approval {
        approver,
        decision: row.decision,
        reason: String::new(),
        effect: row.effect.clone(),
        round,
        at: Timestamp(0),
    };
    match said.changes().get(&change) {
        Some(decisions) if decisions.hold(&row) && decisions.count(&row) => Standing::Counts,
        Some(decisions) if decisions.hold(&row) => Standing::FillsNoSeat,
        _ => Standing::NotEntered,
    }
}

fn row_of(change: &ChangeId, given: &Decided) -> DecisionRow {
    DecisionRow {
        change: change.to_string(),
        approver: given.approver.to_string(),
        decision: given.decision,
        effect: given.effect.clone(),
        round: i64::from(given.round),
    }
}

fn held<'a>(said: &'a Said, row: &RoleRow) -> Option<&'a Held> {
    let key = (
        PersonId::parse(&row.person).ok()?,
        Role::from_word(&row.role)?,
    );
    let mut all = said.roles().get(&key)?.iter();
    all.find(|held| held.granted_at.0 == row.granted_at)
}

fn decision_words(row: &DecisionRow) -> String {
    let did = match row.decision {
        Decision::Approve => "approval",
        Decision::Decline => "refusal",
    };
    format!(
        "the {did} of change {} by person {} in round {}",
        row.change, row.approver, row.round
    )
}

fn role_words(row: &RoleRow) -> String {
    format!(
        "the role {} of person {} since {}",
        row.role,
        row.person,
        Timestamp(row.granted_at).rfc3339()
    )
}
