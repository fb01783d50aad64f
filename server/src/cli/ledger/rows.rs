//! Compares rows that need an entry with the entries, and reports each row that was inserted, revived or deleted by
//! hand.
//!
//! Other processes may write during the verification. Rows read before the entries must match them; entries must match
//! rows read afterwards.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    authorize::Role,
    ids::PersonId,
    ledger::{
        Entry, Hash, PrivateValue,
        projection::{AllChanges, EntryPlace, Projection, RecordedText, RolePeriod},
    },
    time::Timestamp,
};
use thiserror::Error;

use super::{
    LedgerCommandError, changed, decided, declarations as declared,
    identities::IdentityRows,
    items::{self, ItemsOfChanges},
    open_sessions,
    sign_ins::{self, SignInRows},
    windows,
};
use crate::store::{
    Store,
    change::{DecisionRow, VerifiedRow, decision_rows, verified_rows},
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
    /// The reason or the time of a decision was altered.
    #[error("approval: {0} differs from its entry in the ledger")]
    DecisionDiffers(String),
    #[error("change: {0} has no entry in the ledger, so nobody requested it through Leastwise")]
    ChangeWithoutEntry(String),
    /// The row of a change was altered, or an older one was put back.
    #[error("change: the row of {0} differs from its entries in the ledger: {1}")]
    ChangeDiffers(String, String),
    #[error("change: the row of {0} is missing, but the ledger has its entries")]
    ChangeWithoutRow(String),
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
    changes: Vec<VerifiedRow>,
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
            changes: verified_rows(store).await?,
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
    /// SHA-256 of the texts that belong to entries about changes and are still held, by the number of the entry.
    pub texts: BTreeMap<u64, Hash>,
}

impl Replay {
    /// Applies the next entry, with the values that are stored beside it.
    pub(super) fn apply(&mut self, place: EntryPlace, entry: &Entry, values: &[PrivateValue]) {
        self.projection.apply(place, entry);
        let Some(change) = self.changes.apply(place.seq, entry) else {
            return;
        };
        let mut texts = change.record.texts().filter(|text| text.seq == place.seq);
        if let Some(held) = texts.next().and_then(|text| text.among(values)) {
            self.texts
                .insert(place.seq, Hash::of(held.value.as_bytes()));
        }
    }

    /// Returns the SHA-256 of a text. None if nothing is recorded, or if the text was erased: then any row is as good.
    pub(super) fn text(&self, recorded: Option<&RecordedText>) -> Option<Hash> {
        self.texts.get(&recorded?.seq).copied()
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
    changed::compare(&before.changes, &after.changes, replay, &mut found);
    decided::compare(&before.decisions, &after.decisions, replay, &mut found);
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

fn held<'a>(projection: &'a Projection, row: &RoleRow) -> Option<&'a RolePeriod> {
    let key = (
        PersonId::parse(&row.person).ok()?,
        Role::from_word(&row.role)?,
    );
    let mut all = projection.roles().get(&key)?.iter();
    all.find(|held| held.granted_at.0 == row.granted_at)
}

fn role_words(row: &RoleRow) -> String {
    format!(
        "the role {} of person {} since {}",
        row.role,
        row.person,
        Timestamp(row.granted_at).rfc3339()
    )
}
