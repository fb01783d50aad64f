//! A change as it is found in the database: one that this version reads completely, or one with an item that it does not
//! understand, which can be shown and withdrawn only.

use domain::{
    change::{State, UnreadableCause, UnreadableChange},
    ids::{ChangeId, PersonId},
    ledger::projection::{ChangeMismatch, Lifecycle, Misstatement},
    time::Timestamp,
};
use sqlx::any::AnyRow;

use super::{
    StoredChange,
    compared::{self, Compared, Differences},
    parts::ItemsLoaded,
    proven::{ProvenChange, change_id},
    skipped,
};
use crate::store::{StoreConnection, StoreError};

/// A change as it was found.
#[derive(Debug, Clone)]
pub enum FoundChange {
    Known(Box<StoredChange>),
    /// It has an item that this version does not understand, because a newer version wrote it or somebody altered it.
    Unreadable(Box<UnreadableRow>),
}

/// A change with an item that is not understood.
#[derive(Debug, Clone)]
pub struct UnreadableRow {
    pub change: UnreadableChange,
    pub version: i64,
    /// The difference between the row and the ledger, if any. [`cause`](Self::cause) tells why the change is not
    /// understood.
    pub altered: Option<ChangeMismatch>,
    /// What else the row states otherwise than the ledger, which this change holds instead.
    pub misstated: Vec<Misstatement>,
    pub lifecycle: Lifecycle,
    pub result: Option<String>,
}

impl UnreadableRow {
    /// Whether anything of it differs from the ledger.
    pub fn differs(&self) -> bool {
        self.altered.is_some() || !self.misstated.is_empty()
    }

    /// Returns why it is not understood. The text of its reason, ticket and effect does not matter for that.
    pub fn cause(&self) -> UnreadableCause {
        match self.altered {
            Some(ChangeMismatch::NeverSubmitted | ChangeMismatch::DifferentRequest) => {
                UnreadableCause::Altered
            }
            Some(ChangeMismatch::DifferentEffect) | None => UnreadableCause::NewerVersion,
        }
    }
}

impl FoundChange {
    pub fn id(&self) -> &ChangeId {
        match self {
            Self::Known(stored) => &stored.change.id,
            Self::Unreadable(row) => &row.change.id,
        }
    }

    /// Returns the version of the row, which conditional updates compare.
    pub fn version(&self) -> i64 {
        match self {
            Self::Known(stored) => stored.version,
            Self::Unreadable(row) => row.version,
        }
    }

    /// Returns the change if this version reads it completely. Nothing else may be evaluated, decided or started.
    pub fn known(self) -> Option<StoredChange> {
        match self {
            Self::Known(stored) => Some(*stored),
            Self::Unreadable(_) => None,
        }
    }

    pub fn requester(&self) -> &PersonId {
        match self {
            Self::Known(stored) => &stored.change.requester,
            Self::Unreadable(row) => &row.change.requester,
        }
    }

    pub fn submitted(&self) -> Timestamp {
        match self {
            Self::Known(stored) => stored.change.submitted,
            Self::Unreadable(row) => row.change.submitted,
        }
    }

    pub fn state(&self) -> State {
        match self {
            Self::Known(stored) => stored.change.state,
            Self::Unreadable(row) => row.change.state,
        }
    }

    pub fn altered(&self) -> Option<ChangeMismatch> {
        match self {
            Self::Known(stored) => stored.altered,
            Self::Unreadable(row) => row.altered,
        }
    }

    pub fn lifecycle(&self) -> Lifecycle {
        match self {
            Self::Known(stored) => stored.lifecycle,
            Self::Unreadable(row) => row.lifecycle,
        }
    }
}

/// Reads a change with all its items.
pub(super) async fn found(
    conn: &mut StoreConnection,
    row: &AnyRow,
) -> Result<FoundChange, StoreError> {
    let rows = vec![(change_id(row)?, row)];
    let read = ProvenChange::read(conn, rows, ItemsLoaded::All).await?;
    let found = read.into_iter().map(|one| one?.found());
    let found = found.collect::<Result<_, StoreError>>()?;
    let again = compared::again(conn, found).await?.into_iter().next();
    again.ok_or(StoreError::Conflict("this change"))
}

/// Reads changes with all their items. One that cannot be read does not hide the others.
pub(super) async fn found_all(
    conn: &mut StoreConnection,
    rows: &[AnyRow],
) -> Result<Vec<FoundChange>, StoreError> {
    let all = FoundChange::read(conn, rows).await?;
    compared::again(conn, all).await
}

impl Compared for FoundChange {
    fn id(&self) -> &ChangeId {
        self.id()
    }

    fn differences(&self) -> Differences<'_> {
        match self {
            Self::Known(stored) => stored.differences(),
            Self::Unreadable(row) => Differences {
                altered: row.altered,
                misstated: &row.misstated,
                decisions: &[],
            },
        }
    }

    async fn read(conn: &mut StoreConnection, rows: &[AnyRow]) -> Result<Vec<Self>, StoreError> {
        let ids = rows.iter().map(|row| Ok((change_id(row)?, row)));
        let read = ProvenChange::read(conn, readable(ids)?, ItemsLoaded::All).await?;
        readable(read.into_iter().map(|one| one?.found()))
    }
}

/// Leaves out what is inconsistent.
fn readable<T>(all: impl IntoIterator<Item = Result<T, StoreError>>) -> Result<Vec<T>, StoreError> {
    let mut readable = Vec::new();
    for one in all {
        match one {
            Ok(one) => readable.push(one),
            Err(error @ StoreError::Inconsistent { .. }) => skipped(&error),
            Err(error) => return Err(error),
        }
    }
    Ok(readable)
}
