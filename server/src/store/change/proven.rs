//! The row of a change with its parts, compared with the ledger.
//!
//! Whatever is returned of a change went through this comparison: its decisions are those that the ledger confirms, and it
//! states where it differs from what was requested or shown.

use domain::{
    approval::{Approval, Mfa},
    change::{Change, Operation, Proposal, State, StoredItem, UnreadableChange, read_all},
    ids::{ChangeId, EffectHash, PersonId},
    ledger::{
        Hash,
        items::ItemRows,
        projection::{ChangeMismatch, Decisions, RequestRow},
    },
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};

use super::{
    FoundChange, StoredChange, UnreadableRow,
    decision::{ProvenDecisions, confirmed},
    parts::{self, ItemsLoaded, Parts},
};
use crate::store::{StoreConnection, StoreError, id, json, ledger::live};

/// The text of a proposal. Earlier versions stored the items here.
#[derive(Deserialize)]
struct StoredProposal {
    operations: Option<Vec<Value>>,
    justification: String,
    ticket: Option<String>,
    #[serde(default)]
    not_before: Option<Timestamp>,
}

/// The row of a change, with its items and the rows of the decisions on it, before the ledger confirms anything of it.
pub(super) struct ReadChange<'r> {
    row: &'r AnyRow,
    id: ChangeId,
    requester: PersonId,
    submitted: Timestamp,
    effect_hash: EffectHash,
    effect: String,
    mfa: Mfa,
    justification: String,
    ticket: Option<String>,
    not_before: Option<Timestamp>,
    items: ItemRows,
    approvals: Vec<Approval>,
    /// The number of its items, if it is read for a list: only the first ones may be loaded.
    count: Option<u64>,
}

impl<'r> ReadChange<'r> {
    /// Reads the rows of these changes and their parts. One that cannot be read does not hide the others.
    pub async fn of(
        conn: &mut StoreConnection,
        rows: Vec<(ChangeId, &'r AnyRow)>,
        loaded: ItemsLoaded,
    ) -> Result<Vec<Result<Self, StoreError>>, StoreError> {
        let ids: Vec<ChangeId> = rows.iter().map(|(change, _)| change.clone()).collect();
        let mut parts = parts::of_changes(conn, &ids, loaded).await?;
        let read = rows.into_iter().map(|(change, row)| {
            let parts = parts.remove(&change).unwrap_or_default();
            let count = match loaded {
                ItemsLoaded::All => None,
                ItemsLoaded::First => Some(row.try_get::<i64, _>("items")?),
            };
            Self::of_row(row, change, parts, count)
        });
        Ok(read.collect())
    }

    fn of_row(
        row: &'r AnyRow,
        change: ChangeId,
        parts: Parts,
        count: Option<i64>,
    ) -> Result<Self, StoreError> {
        let proposal: StoredProposal = json("change", &row.try_get::<String, _>("proposal")?)?;
        Ok(Self {
            row,
            id: change,
            requester: id("change", &row.try_get::<String, _>("requester")?)?,
            submitted: Timestamp(row.try_get("submitted_at")?),
            effect_hash: EffectHash(row.try_get("effect_hash")?),
            effect: row.try_get("effect")?,
            mfa: json("change", &row.try_get::<String, _>("mfa")?)?,
            justification: proposal.justification,
            ticket: proposal.ticket,
            not_before: proposal.not_before,
            items: ItemRows {
                inline: proposal.operations,
                rows: parts.items,
            },
            approvals: parts.approvals,
            count: count.map(|count| u64::try_from(count).unwrap_or(0)),
        })
    }

    /// Returns the number of items that are not loaded.
    fn rest(&self) -> u64 {
        let loaded = u64::try_from(self.items.rows.len()).unwrap_or(u64::MAX);
        self.count.map_or(0, |count| count.saturating_sub(loaded))
    }

    /// Compares the rows with what the ledger says of the change.
    fn compared(&self, decisions: Decisions) -> Compared {
        let row = RequestRow {
            requester: &self.requester,
            submitted: self.submitted,
            ticket: self.ticket.as_deref(),
            not_before: self.not_before,
            mfa: self.mfa,
            items: &self.items,
            effect: &self.effect_hash,
            document: Hash::of(self.effect.as_bytes()),
        };
        let history = &decisions.history;
        Compared {
            altered: match self.count {
                Some(count) if self.rest() > 0 => history.altered_in_list(&row, count),
                _ => history.altered(&row),
            },
            agrees: decisions.mismatches(&self.approvals).is_empty(),
            decisions,
        }
    }
}

/// A change that was read, and what the ledger says of it.
struct Compared {
    altered: Option<ChangeMismatch>,
    /// Whether the rows of the decisions and their entries agree.
    agrees: bool,
    decisions: Decisions,
}

impl Compared {
    async fn all(
        conn: &mut StoreConnection,
        read: &[ReadChange<'_>],
    ) -> Result<Vec<Self>, StoreError> {
        let of_ledger: Vec<Decisions> = live::view(conn, |projection| {
            let of = |one: &ReadChange<'_>| projection.changes().get(&one.id).cloned();
            read.iter().map(|one| of(one).unwrap_or_default()).collect()
        })
        .await?;
        let all = read.iter().zip(of_ledger);
        Ok(all.map(|(one, said)| one.compared(said)).collect())
    }
}

/// A change as far as the ledger proves it.
pub(super) struct ProvenChange<'r> {
    read: ReadChange<'r>,
    decisions: ProvenDecisions,
    /// How the row differs from the ledger.
    altered: Option<ChangeMismatch>,
}

impl<'r> ProvenChange<'r> {
    /// Compares changes with the ledger. Rows that were read after the look at it may be newer: if they do not agree with
    /// it, it is looked at again.
    pub async fn of(
        conn: &mut StoreConnection,
        read: Vec<ReadChange<'r>>,
    ) -> Result<Vec<Self>, StoreError> {
        let mut compared = Compared::all(conn, &read).await?;
        let agree = |one: &Compared| one.altered.is_none() && one.agrees;
        if !compared.iter().all(agree) && live::renew(conn) {
            compared = Compared::all(conn, &read).await?;
        }
        let proven = read.into_iter().zip(compared).map(|(mut read, compared)| {
            if let Some(altered) = compared.altered {
                tracing::error!(change = %read.id, "the row of this change differs from the ledger: {altered}");
            }
            let approvals = std::mem::take(&mut read.approvals);
            Self {
                decisions: confirmed(&read.id, compared.decisions, approvals),
                altered: compared.altered,
                read,
            }
        });
        Ok(proven.collect())
    }

    /// Reads the rows of a list, which hold the number of items of each change.
    pub async fn listed(
        conn: &mut StoreConnection,
        rows: &'r [AnyRow],
    ) -> Result<Vec<Self>, StoreError> {
        let rows = rows.iter().map(|row| Ok((change_id(row)?, row)));
        let rows = rows.collect::<Result<_, StoreError>>()?;
        let read = ReadChange::of(conn, rows, ItemsLoaded::First).await?;
        Self::of(conn, read.into_iter().collect::<Result<_, _>>()?).await
    }

    /// Returns the items that are loaded.
    pub fn items(&self) -> Vec<StoredItem> {
        self.read.items.items()
    }

    /// Returns the number of items that are not loaded.
    pub fn rest(&self) -> usize {
        usize::try_from(self.read.rest()).unwrap_or(usize::MAX)
    }

    /// Returns the change with these operations.
    pub fn with(self, operations: Vec<Operation>) -> Result<StoredChange, StoreError> {
        let ProvenDecisions {
            decisions,
            approvals,
            mismatches,
        } = self.decisions;
        let read = self.read;
        let row = read.row;
        Ok(StoredChange {
            change: Change {
                id: read.id,
                requester: read.requester,
                proposal: Proposal {
                    operations,
                    justification: read.justification,
                    ticket: read.ticket,
                    not_before: read.not_before,
                },
                submitted: read.submitted,
                decide_by: Timestamp(row.try_get("decide_by")?),
                verdict: json("change", &row.try_get::<String, _>("verdict")?)?,
                effect: read.effect_hash,
                state: state_of(row)?,
                approvals,
                round: decisions.round,
            },
            effect: json("change", &read.effect)?,
            gaining: json("change", &row.try_get::<String, _>("gaining")?)?,
            version: row.try_get("version")?,
            result: row.try_get("result")?,
            mfa: read.mfa,
            altered: self.altered,
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

    /// Returns the change with all its items.
    pub fn found(self) -> Result<FoundChange, StoreError> {
        let items = self.items();
        Ok(match read_all(&items) {
            Some(operations) => FoundChange::Known(Box::new(self.with(operations)?)),
            None => FoundChange::Unreadable(Box::new(self.unreadable(items)?)),
        })
    }

    fn unreadable(self, items: Vec<StoredItem>) -> Result<UnreadableRow, StoreError> {
        let read = self.read;
        let row = read.row;
        Ok(UnreadableRow {
            change: UnreadableChange {
                id: read.id,
                requester: read.requester,
                submitted: read.submitted,
                decide_by: Timestamp(row.try_get("decide_by")?),
                state: state_of(row)?,
                justification: read.justification,
                ticket: read.ticket,
                items,
            },
            version: row.try_get("version")?,
            altered: self.altered,
            lifecycle: self.decisions.decisions.history.lifecycle,
            result: row.try_get("result")?,
        })
    }
}

pub(super) fn change_id(row: &AnyRow) -> Result<ChangeId, StoreError> {
    id("change", &row.try_get::<String, _>("id")?)
}

pub(super) fn state_of(row: &AnyRow) -> Result<State, StoreError> {
    let word: String = row.try_get("state")?;
    State::from_word(&word).ok_or(StoreError::Inconsistent {
        table: "change",
        what: word,
    })
}
