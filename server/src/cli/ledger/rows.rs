//! Compares rows that need an entry with the entries, and reports each row that was inserted, revived or deleted by
//! hand.
//!
//! Other processes may write during the verification. Rows read before the entries must match them; entries must match
//! rows read afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::{
    approval::{Approval, Decision},
    authorize::Role,
    ids::{ChangeId, PersonId},
    ledger::{
        Entry,
        projection::{AllChanges, Decisions, EntryPlace, Projection, RecordedDecision, RolePeriod},
    },
    time::Timestamp,
};
use thiserror::Error;

use super::{
    LedgerCommandError, declarations as declared,
    identities::IdentityRows,
    items::{self, ItemsOfChanges},
    open_sessions,
    sign_ins::{self, SignInRows},
    windows,
};
use crate::store::{
    Store,
    change::{DecisionRow, decision_rows},
    declaration::{DeclarationRow, declaration_rows},
    engine::{StoredWindow, window_rows},
    identity::{identity_rows, stored_links},
    person::{RoleRow, assigned_rows, role_rows},
    session::{StoredSession, session_rows},
};

/// A difference between the rows and the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Difference {
    #[error("approval: {0} has no entry in the ledger, so it was not given through Leastwise")]
    DecisionWithoutEntry(String),
    /// The decision has an entry but does not count.
    #[error(
        "approval: {0} does not count, although the ledger has its entry: its sign-in requested the change, or \
         decided on it as another person"
    )]
    DecisionThatDoesNotCount(String),
    #[error("approval: the row of {0} is missing, but the ledger has its entry")]
    DecisionWithoutRow(String),
    #[error("role_grant: {0} has no entry in the ledger, so it was not granted through Leastwise")]
    RoleWithoutEntry(String),
    #[error(
        "role_grant: {0} has ended according to its row, but the ledger has no entry that ends it"
    )]
    EndWithoutEntry(String),
    /// The end of a role was removed.
    #[error(
        "role_grant: {0} is held according to its row, but the ledger has an entry that ends it"
    )]
    Revived(String),
    #[error("role_grant: the row of {0} is missing, but the ledger has its entry")]
    RoleWithoutRow(String),
    #[error(
        "engine_window: {0} has no entry in the ledger, so it was not granted through Leastwise"
    )]
    WindowWithoutEntry(String),
    /// The times or the resource of an access window were altered.
    #[error("engine_window: {0} differs from its entries in the ledger")]
    WindowDiffers(String),
    /// The end of an access window was removed.
    #[error(
        "engine_window: {0} is open according to its row, but the ledger has an entry that closes it"
    )]
    WindowRevived(String),
    #[error(
        "engine_window: {0} is over according to its row, but the ledger has no entry that closes it"
    )]
    WindowOverWithoutEntry(String),
    #[error("engine_window: the row of {0} is missing, but the ledger has its entry")]
    WindowWithoutRow(String),
    #[error("session: {0} has no matching entry in the ledger, so no sign-in created it")]
    SessionWithoutEntry(String),
    /// The end of a session was removed.
    #[error(
        "session: {0} is active according to its row, but the ledger has an entry that ends it"
    )]
    SessionRevived(String),
    #[error("subject: {0} has no entry in the ledger, so it belongs to nobody")]
    SignInWithoutEntry(String),
    /// A sign-in was assigned to another person.
    #[error("subject: the person of {0} differs from the one that the ledger records")]
    SignInDiffers(String),
    #[error("subject: the row of {0} is missing, but the ledger has its entry")]
    SignInWithoutRow(String),
    #[error("identity_user: {0} has no entry in the ledger")]
    IdentityUserWithoutEntry(String),
    #[error("identity_user: the row of {0} is missing, but the ledger has its entry")]
    IdentityUserWithoutRow(String),
    #[error("change_item: the items of {0} have no entry in the ledger, so nobody requested them")]
    ItemsWithoutEntry(String),
    /// An item was altered, added, removed or swapped.
    #[error("change_item: the items of {0} differ from its request in the ledger")]
    ItemsDiffer(String),
    #[error("change_item: the items of {0} are missing, but the ledger has its request")]
    ItemsWithoutRow(String),
    /// A text of an item was altered.
    #[error("ledger_private: the text {0} differs from the item to which it belongs")]
    ItemTextDiffers(String),
    /// The items in the row of a change of an earlier version were altered.
    #[error("change: the items of {0} differ from its request in the ledger")]
    InlineItemsDiffer(String),
    /// The user of an identity was altered.
    #[error("person: the user of {0} differs from the one that the ledger records")]
    LinkDiffers(String),
    #[error(
        "account_declaration: {0} has no entry in the ledger, so it was not declared through Leastwise"
    )]
    DeclarationWithoutEntry(String),
    #[error(
        "account_declaration: {0} has ended according to its row, but the ledger has no entry that ends it"
    )]
    DeclarationEndWithoutEntry(String),
    /// The end of a declaration was removed.
    #[error(
        "account_declaration: {0} is in force according to its row, but the ledger has an entry that ends it"
    )]
    DeclarationRevived(String),
    #[error("account_declaration: the row of {0} is missing, but the ledger has its entry")]
    DeclarationWithoutRow(String),
    /// The index of the search differs from the words of an entry.
    #[error("ledger_token: {0}")]
    Words(String),
    /// The MAC of an entry is missing, or not valid in its place.
    #[error("ledger_mac: {0}")]
    NotAuthentic(String),
    /// A stored projection is not what the entries say.
    #[error("ledger_projection: {0}")]
    StoredProjection(String),
    /// The head row states another end than the entries.
    #[error("ledger_head: {0}")]
    Head(String),
    /// A column that the server uses to find an entry differs from the entry.
    #[error("ledger_entry: the column {column} of entry {seq} differs from the entry")]
    ColumnDiffers {
        /// The number of the entry.
        seq: i64,
        column: &'static str,
    },
}

/// The rows at one point in time.
pub(super) struct LedgerBackedRows {
    decisions: Vec<DecisionRow>,
    roles: Vec<RoleRow>,
    windows: Vec<StoredWindow>,
    sessions: Vec<StoredSession>,
    identities: IdentityRows,
    sign_ins: SignInRows,
    items: ItemsOfChanges,
    declarations: Vec<DeclarationRow>,
}

impl LedgerBackedRows {
    pub(super) async fn read(store: &Store) -> Result<Self, LedgerCommandError> {
        Ok(Self {
            decisions: decision_rows(store).await?,
            roles: role_rows(store).await?,
            windows: window_rows(store).await?,
            sessions: session_rows(store).await?,
            identities: IdentityRows {
                index: identity_rows(store).await?,
                links: stored_links(store).await?,
            },
            sign_ins: assigned_rows(store).await?,
            items: ItemsOfChanges::read(store).await?,
            declarations: declaration_rows(store).await?,
        })
    }
}

/// What all entries say, in full: what has ended as well.
#[derive(Default)]
pub(super) struct Replay {
    /// As a process has it in memory.
    pub projection: Projection,
    pub changes: AllChanges,
}

impl Replay {
    /// Applies the next entry.
    pub(super) fn apply(&mut self, place: EntryPlace, entry: &Entry) {
        self.projection.apply(place, entry);
        self.changes.apply(entry);
    }
}

/// Returns all differences between rows and entries.
pub(super) fn compare(
    before: &LedgerBackedRows,
    after: &LedgerBackedRows,
    replay: &Replay,
) -> Vec<Difference> {
    let (projection, changes) = (&replay.projection, replay.changes.by_id());
    let mut found = BTreeSet::new();
    for row in &before.decisions {
        match decision_row_status(changes, row) {
            DecisionRowStatus::Counts => {}
            DecisionRowStatus::FillsNoSlot => {
                found.insert(Difference::DecisionThatDoesNotCount(decision_words(row)));
            }
            DecisionRowStatus::NotEntered => {
                found.insert(Difference::DecisionWithoutEntry(decision_words(row)));
            }
        }
    }
    let mut decided: HashMap<&str, Vec<&DecisionRow>> = HashMap::new();
    for row in &after.decisions {
        decided.entry(&row.change).or_default().push(row);
    }
    for (change, decisions) in changes {
        let rows = decided.get(change.as_str()).map_or(&[][..], Vec::as_slice);
        for given in &decisions.given {
            let row = row_of(change, given);
            if !rows.contains(&&row) {
                found.insert(Difference::DecisionWithoutRow(decision_words(&row)));
            }
        }
    }
    for row in &before.roles {
        match held(projection, row) {
            None => found.insert(Difference::RoleWithoutEntry(role_words(row))),
            Some(held) if row.ended_at.is_some() && held.ended_at.is_none() => {
                found.insert(Difference::EndWithoutEntry(role_words(row)))
            }
            Some(_) => false,
        };
    }
    for row in after.roles.iter().filter(|row| row.ended_at.is_none()) {
        if held(projection, row).is_some_and(|held| held.ended_at.is_some()) {
            found.insert(Difference::Revived(role_words(row)));
        }
    }
    let granted: HashSet<(&str, &str, i64)> = after
        .roles
        .iter()
        .map(|row| (row.person.as_str(), row.role.as_str(), row.granted_at))
        .collect();
    for ((person, role), all) in projection.roles() {
        for held in all {
            if !granted.contains(&(person.as_str(), role.as_str(), held.granted_at.0)) {
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
    windows::compare(
        &before.windows,
        &after.windows,
        projection.grants(),
        &mut found,
    );
    super::identities::compare(
        &before.identities,
        &after.identities,
        projection,
        &mut found,
    );
    sign_ins::compare(&before.sign_ins, &after.sign_ins, projection, &mut found);
    declared::compare(
        &before.declarations,
        &after.declarations,
        projection.declarations(),
        &mut found,
    );
    open_sessions::compare(
        &before.sessions,
        &after.sessions,
        projection.sessions(),
        &mut found,
    );
    items::compare(&before.items, &after.items, changes, &mut found);
    found.into_iter().collect()
}

/// The status of a decision row according to the entries.
enum DecisionRowStatus {
    Counts,
    FillsNoSlot,
    NotEntered,
}

/// Evaluates a decision as the server does, except that a declining row needs its entry here as well.
fn decision_row_status(
    changes: &BTreeMap<ChangeId, Decisions>,
    row: &DecisionRow,
) -> DecisionRowStatus {
    let (Ok(change), Ok(approver), Ok(round)) = (
        ChangeId::parse(&row.change),
        PersonId::parse(&row.approver),
        u32::try_from(row.round),
    ) else {
        return DecisionRowStatus::NotEntered;
    };
    let row = Approval {
        approver,
        decision: row.decision,
        reason: String::new(),
        effect: row.effect.clone(),
        round,
        at: Timestamp(0),
    };
    match changes.get(&change) {
        Some(decisions) if decisions.has_entry(&row) && decisions.count(&row) => {
            DecisionRowStatus::Counts
        }
        Some(decisions) if decisions.has_entry(&row) => DecisionRowStatus::FillsNoSlot,
        _ => DecisionRowStatus::NotEntered,
    }
}

fn row_of(change: &ChangeId, given: &RecordedDecision) -> DecisionRow {
    DecisionRow {
        change: change.to_string(),
        approver: given.approver.to_string(),
        decision: given.decision,
        effect: given.effect.clone(),
        round: i64::from(given.round),
    }
}

fn held<'a>(projection: &'a Projection, row: &RoleRow) -> Option<&'a RolePeriod> {
    let key = (
        PersonId::parse(&row.person).ok()?,
        Role::from_word(&row.role)?,
    );
    let mut all = projection.roles().get(&key)?.iter();
    all.find(|held| held.granted_at.0 == row.granted_at)
}

fn decision_words(row: &DecisionRow) -> String {
    let did = match row.decision {
        Decision::Approve => "approval",
        Decision::Decline => "decline",
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
