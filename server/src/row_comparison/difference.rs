//! A difference between what is stored and what the ledger says: its sentence, its code, its table, and how bad it is.

use thiserror::Error;

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
    /// The strictest classification on record of an account was altered.
    #[error("account: the classification of {0} differs from the one that the ledger records")]
    ClassDiffers(String),
    #[error("account: the classification of {0} has no entry in the ledger")]
    ClassWithoutEntry(String),
    #[error("account: the row of {0} is missing, but the ledger has its classification")]
    ClassWithoutRow(String),
    /// The mapping of tags and OUs in force was altered.
    #[error(
        "classification_mapping: the mapping in force differs from the one that the ledger records"
    )]
    MappingDiffers,
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

impl Difference {
    /// Returns the place of a difference among others: the worst have the smallest number. What Leastwise did not write comes
    /// first, then what looks as if somebody had decided or may do something, then what was altered or is missing, then what
    /// only finds entries.
    pub fn severity(&self) -> u8 {
        match self {
            Self::NotAuthentic(_) | Self::Head(_) => 0,
            Self::Words(_) | Self::ColumnDiffers { .. } => 4,
            Self::StoredProjection(_) => 3,
            other => match other.code() {
                "row_without_entry" | "end_removed" | "decision_does_not_count" => 1,
                _ => 2,
            },
        }
    }

    /// Returns its stable code. `docs/ledger-verify.md` describes them.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DecisionWithoutEntry(_)
            | Self::ChangeWithoutEntry(_)
            | Self::RoleWithoutEntry(_)
            | Self::WindowWithoutEntry(_)
            | Self::SessionWithoutEntry(_)
            | Self::SignInWithoutEntry(_)
            | Self::IdentityUserWithoutEntry(_)
            | Self::ItemsWithoutEntry(_)
            | Self::DeclarationWithoutEntry(_)
            | Self::ClassWithoutEntry(_) => "row_without_entry",
            Self::DecisionWithoutRow(_)
            | Self::ChangeWithoutRow(_)
            | Self::RoleWithoutRow(_)
            | Self::WindowWithoutRow(_)
            | Self::SignInWithoutRow(_)
            | Self::IdentityUserWithoutRow(_)
            | Self::ItemsWithoutRow(_)
            | Self::DeclarationWithoutRow(_)
            | Self::ClassWithoutRow(_) => "entry_without_row",
            Self::EndWithoutEntry(_)
            | Self::WindowOverWithoutEntry(_)
            | Self::DeclarationEndWithoutEntry(_) => "end_without_entry",
            Self::Revived(_)
            | Self::WindowRevived(_)
            | Self::SessionRevived(_)
            | Self::DeclarationRevived(_) => "end_removed",
            Self::DecisionThatDoesNotCount(_) => "decision_does_not_count",
            Self::DecisionDiffers(_)
            | Self::ChangeDiffers(..)
            | Self::WindowDiffers(_)
            | Self::LinkDiffers(_)
            | Self::SignInDiffers(_)
            | Self::ItemsDiffer(_)
            | Self::ItemTextDiffers(_)
            | Self::InlineItemsDiffer(_)
            | Self::ClassDiffers(_)
            | Self::MappingDiffers => "row_differs",
            Self::Words(_) => "words_differ",
            Self::NotAuthentic(_) => "not_authentic",
            Self::StoredProjection(_) => "stored_projection_differs",
            Self::Head(_) => "head_differs",
            Self::ColumnDiffers { .. } => "column_differs",
        }
    }

    /// Returns the table of the row.
    pub fn table(&self) -> &'static str {
        match self {
            Self::DecisionWithoutEntry(_)
            | Self::DecisionThatDoesNotCount(_)
            | Self::DecisionDiffers(_)
            | Self::DecisionWithoutRow(_) => "approval",
            Self::RoleWithoutEntry(_)
            | Self::EndWithoutEntry(_)
            | Self::Revived(_)
            | Self::RoleWithoutRow(_) => "role_grant",
            Self::WindowWithoutEntry(_)
            | Self::WindowDiffers(_)
            | Self::WindowRevived(_)
            | Self::WindowOverWithoutEntry(_)
            | Self::WindowWithoutRow(_) => "engine_window",
            Self::SessionWithoutEntry(_) | Self::SessionRevived(_) => "session",
            Self::IdentityUserWithoutEntry(_) | Self::IdentityUserWithoutRow(_) => "identity_user",
            Self::ItemsWithoutEntry(_) | Self::ItemsDiffer(_) | Self::ItemsWithoutRow(_) => {
                "change_item"
            }
            Self::ChangeWithoutEntry(_)
            | Self::ChangeDiffers(..)
            | Self::ChangeWithoutRow(_)
            | Self::InlineItemsDiffer(_) => "change",
            Self::ItemTextDiffers(_) => "ledger_private",
            Self::DeclarationWithoutEntry(_)
            | Self::DeclarationEndWithoutEntry(_)
            | Self::DeclarationRevived(_)
            | Self::DeclarationWithoutRow(_) => "account_declaration",
            Self::ClassDiffers(_) | Self::ClassWithoutEntry(_) | Self::ClassWithoutRow(_) => {
                "account"
            }
            Self::MappingDiffers => "classification_mapping",
            Self::LinkDiffers(_) => "person",
            Self::SignInWithoutEntry(_) | Self::SignInDiffers(_) | Self::SignInWithoutRow(_) => {
                "subject"
            }
            Self::Words(_) => "ledger_token",
            Self::NotAuthentic(_) => "ledger_mac",
            Self::StoredProjection(_) => "ledger_projection",
            Self::Head(_) => "ledger_head",
            Self::ColumnDiffers { .. } => "ledger_entry",
        }
    }

    /// Returns the number of the entry, if the difference is about one.
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::ColumnDiffers { seq, .. } => u64::try_from(*seq).ok(),
            _ => None,
        }
    }
}
