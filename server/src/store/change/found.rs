//! A change as it is found in the database: one that this version reads completely, or one with an item that it does not
//! understand, which can be shown and withdrawn only.

use domain::{
    approval::Mfa,
    change::{
        Change, Operation, Proposal, State, StoredItem, UnreadableCause, UnreadableChange, read_all,
    },
    ids::{ChangeId, EffectHash, PersonId},
    ledger::{
        Hash,
        items::ItemRows,
        projection::{ChangeHistory, ChangeMismatch, DecisionMismatch, Lifecycle, RequestRow},
    },
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};

use super::{
    StoredChange,
    compared::{self, Compared},
    decision,
    decision::ProvenDecisions,
    items, skipped,
};
use crate::store::{StoreConnection, StoreError, id, json};

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
    pub lifecycle: Lifecycle,
    pub result: Option<String>,
}

impl UnreadableRow {
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

/// The text of a proposal. Earlier versions stored the items here.
#[derive(Deserialize)]
struct StoredProposal {
    operations: Option<Vec<Value>>,
    justification: String,
    ticket: Option<String>,
    #[serde(default)]
    not_before: Option<Timestamp>,
}

/// The columns of a change and the decisions on it, without its items.
pub(super) struct ChangeColumns {
    id: ChangeId,
    requester: PersonId,
    submitted: Timestamp,
    effect_hash: EffectHash,
    pub effect: String,
    mfa: Mfa,
    justification: String,
    ticket: Option<String>,
    not_before: Option<Timestamp>,
    pub inline: Option<Vec<Value>>,
    pub decisions: ProvenDecisions,
}

impl ChangeColumns {
    /// Reads the rows, and the decisions on all of them.
    pub async fn read(
        conn: &mut StoreConnection,
        rows: &[AnyRow],
    ) -> Result<Vec<Self>, StoreError> {
        let ids: Vec<ChangeId> = rows.iter().map(change_id).collect::<Result<_, _>>()?;
        let mut decisions = decision::proven(conn, &ids).await?;
        let columns = ids.into_iter().zip(rows).map(|(change, row)| {
            let decisions = decisions.remove(&change).unwrap_or_default();
            Self::of(row, change, decisions)
        });
        columns.collect()
    }

    fn of(row: &AnyRow, change: ChangeId, decisions: ProvenDecisions) -> Result<Self, StoreError> {
        let proposal: StoredProposal = json("change", &row.try_get::<String, _>("proposal")?)?;
        Ok(Self {
            decisions,
            id: change,
            requester: id("change", &row.try_get::<String, _>("requester")?)?,
            submitted: Timestamp(row.try_get("submitted_at")?),
            effect_hash: EffectHash(row.try_get("effect_hash")?),
            effect: row.try_get("effect")?,
            mfa: json("change", &row.try_get::<String, _>("mfa")?)?,
            justification: proposal.justification,
            ticket: proposal.ticket,
            not_before: proposal.not_before,
            inline: proposal.operations,
        })
    }

    pub fn id(&self) -> &ChangeId {
        &self.id
    }

    /// Returns how the row differs from the ledger. `compare` chooses how thoroughly its items are compared.
    pub fn altered<C>(&self, items: &ItemRows, compare: C) -> Option<ChangeMismatch>
    where
        C: FnOnce(&ChangeHistory, &RequestRow<'_>) -> Option<ChangeMismatch>,
    {
        let row = RequestRow {
            requester: &self.requester,
            submitted: self.submitted,
            ticket: self.ticket.as_deref(),
            not_before: self.not_before,
            mfa: self.mfa,
            items,
            effect: &self.effect_hash,
            document: Hash::of(self.effect.as_bytes()),
        };
        compare(&self.decisions.decisions.history, &row)
    }

    /// Returns the change with these operations.
    pub fn with(
        self,
        row: &AnyRow,
        operations: Vec<Operation>,
        altered: Option<ChangeMismatch>,
    ) -> Result<StoredChange, StoreError> {
        let ProvenDecisions {
            decisions,
            approvals,
            mismatches,
        } = self.decisions;
        Ok(StoredChange {
            change: Change {
                id: self.id,
                requester: self.requester,
                proposal: Proposal {
                    operations,
                    justification: self.justification,
                    ticket: self.ticket,
                    not_before: self.not_before,
                },
                submitted: self.submitted,
                decide_by: Timestamp(row.try_get("decide_by")?),
                verdict: json("change", &row.try_get::<String, _>("verdict")?)?,
                effect: self.effect_hash,
                state: state_of(row)?,
                approvals,
                round: decisions.round,
            },
            effect: json("change", &self.effect)?,
            gaining: json("change", &row.try_get::<String, _>("gaining")?)?,
            version: row.try_get("version")?,
            result: row.try_get("result")?,
            mfa: self.mfa,
            altered,
            altered_decisions: mismatches,
            lifecycle: decisions.history.lifecycle,
            requested_with: decisions
                .history
                .submitted
                .and_then(|request| request.subject),
            shown_at: decisions.history.presented.map(|shown| shown.at),
            recorded: decisions.given,
            updated_at: Timestamp(row.try_get("updated_at")?),
        })
    }

    fn unreadable(
        self,
        row: &AnyRow,
        items: Vec<StoredItem>,
        altered: Option<ChangeMismatch>,
    ) -> Result<UnreadableRow, StoreError> {
        Ok(UnreadableRow {
            change: UnreadableChange {
                id: self.id,
                requester: self.requester,
                submitted: self.submitted,
                decide_by: Timestamp(row.try_get("decide_by")?),
                state: state_of(row)?,
                justification: self.justification,
                ticket: self.ticket,
                items,
            },
            version: row.try_get("version")?,
            altered,
            lifecycle: self.decisions.decisions.history.lifecycle,
            result: row.try_get("result")?,
        })
    }
}

/// Reads a change with all its items.
pub(super) async fn found(
    conn: &mut StoreConnection,
    row: &AnyRow,
) -> Result<FoundChange, StoreError> {
    let change = change_id(row)?;
    let mut decisions = decision::proven(conn, std::slice::from_ref(&change)).await?;
    let decisions = decisions.remove(&change).unwrap_or_default();
    let items = items::of_change(conn, &change).await?;
    let found = with_items(row, ChangeColumns::of(row, change, decisions)?, items)?;
    let again = compared::again(conn, vec![found]).await?;
    again
        .into_iter()
        .next()
        .ok_or(StoreError::Conflict("this change"))
}

/// Reads changes with all their items. One that cannot be read does not hide the others.
pub(super) async fn found_all(
    conn: &mut StoreConnection,
    rows: &[AnyRow],
) -> Result<Vec<FoundChange>, StoreError> {
    let all = read_all_of(conn, rows).await?;
    compared::again(conn, all).await
}

impl Compared for FoundChange {
    fn id(&self) -> &ChangeId {
        self.id()
    }

    fn differences(&self) -> (Option<ChangeMismatch>, &[DecisionMismatch]) {
        match self {
            Self::Known(stored) => (stored.altered, &stored.altered_decisions),
            Self::Unreadable(row) => (row.altered, &[]),
        }
    }

    async fn read(conn: &mut StoreConnection, rows: &[AnyRow]) -> Result<Vec<Self>, StoreError> {
        read_all_of(conn, rows).await
    }
}

async fn read_all_of(
    conn: &mut StoreConnection,
    rows: &[AnyRow],
) -> Result<Vec<FoundChange>, StoreError> {
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        match change_id(row) {
            Ok(change) => ids.push((change, row)),
            Err(error) => skipped(&error),
        }
    }
    let changes: Vec<ChangeId> = ids.iter().map(|(change, _)| change.clone()).collect();
    let mut decisions = decision::proven(conn, &changes).await?;
    let mut items = items::of_changes(conn, &changes).await?;
    let mut all = Vec::with_capacity(ids.len());
    for (change, row) in ids {
        let decisions = decisions.remove(&change).unwrap_or_default();
        let items = items.remove(&change).unwrap_or_default();
        match ChangeColumns::of(row, change, decisions)
            .and_then(|columns| with_items(row, columns, items))
        {
            Ok(one) => all.push(one),
            Err(error @ StoreError::Inconsistent { .. }) => skipped(&error),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn change_id(row: &AnyRow) -> Result<ChangeId, StoreError> {
    id("change", &row.try_get::<String, _>("id")?)
}

fn with_items(
    row: &AnyRow,
    mut columns: ChangeColumns,
    items: Vec<StoredItem>,
) -> Result<FoundChange, StoreError> {
    let stored = ItemRows {
        inline: columns.inline.take(),
        rows: items,
    };
    let altered = columns.altered(&stored, ChangeHistory::altered);
    let items = stored.items();
    Ok(match read_all(&items) {
        Some(operations) => FoundChange::Known(Box::new(columns.with(row, operations, altered)?)),
        None => FoundChange::Unreadable(Box::new(columns.unreadable(row, items, altered)?)),
    })
}

pub(super) fn state_of(row: &AnyRow) -> Result<State, StoreError> {
    let word: String = row.try_get("state")?;
    State::from_word(&word).ok_or(StoreError::Inconsistent {
        table: "change",
        what: word,
    })
}
