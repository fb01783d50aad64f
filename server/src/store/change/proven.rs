//! The row of a change with its parts, compared with the ledger.
//!
//! Whatever is returned of a change went through this comparison: its decisions are those that the ledger confirms, and it
//! states where it differs from what was requested or shown. Nobody is told of a difference before `compared` read it again.

use domain::{
    approval::Mfa,
    change::{Change, Operation, Proposal, State, StoredItem, UnreadableChange, read_all},
    ids::{ChangeId, EffectHash, PersonId},
    ledger::{
        Hash,
        items::ItemRows,
        projection::{ChangeMismatch, Misstatement, RequestRow},
    },
    time::{Date, Timestamp},
};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};

use super::{
    FoundChange, StoredChange, UnreadableRow,
    decision::{ProvenDecisions, confirmed},
    parts::{self, ItemsLoaded, Parts},
    recorded::{RecordedTexts, RowTexts},
};
use crate::store::{StoreConnection, StoreError, id, json, ledger::KnownChange};

/// The text of a proposal. Earlier versions stored the items here.
#[derive(Deserialize)]
pub(super) struct StoredProposal {
    operations: Option<Vec<Value>>,
    pub justification: String,
    pub ticket: Option<String>,
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    #[serde(default)]
    pub review_on: Option<Date>,
}

/// The row of a change, with what the ledger says of it.
pub(super) struct ProvenChange<'r> {
    row: &'r AnyRow,
    id: ChangeId,
    requester: PersonId,
    submitted: Timestamp,
    effect_hash: EffectHash,
    effect: String,
    mfa: Mfa,
    texts: RowTexts,
    /// What of the row its entries contradict, beside what decides.
    misstated: Vec<Misstatement>,
    ticket: Option<String>,
    not_before: Option<Timestamp>,
    review_on: Option<Date>,
    items: ItemRows,
    /// The number of its items, if it is read for a list: only the first ones may be loaded.
    count: Option<u64>,
    decisions: ProvenDecisions,
}

impl<'r> ProvenChange<'r> {
    /// Reads the rows of these changes and their parts. One that cannot be read does not hide the others.
    pub async fn read(
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
                // Of a list, whose rows hold the number of items of each change.
                ItemsLoaded::First => Some(row.try_get::<i64, _>("items")?),
            };
            Self::of(row, change, parts, count)
        });
        Ok(read.collect())
    }

    fn of(
        row: &'r AnyRow,
        change: ChangeId,
        parts: Parts,
        count: Option<i64>,
    ) -> Result<Self, StoreError> {
        let proposal: StoredProposal = json("change", &row.try_get::<String, _>("proposal")?)?;
        let KnownChange { decisions, record } = parts.known;
        let recorded = RecordedTexts {
            record: record.as_ref(),
            held: &parts.texts,
        };
        let mut texts = RowTexts {
            state: state_of(row)?,
            decide_by: Timestamp(row.try_get("decide_by")?),
            justification: proposal.justification,
            result: row.try_get("result")?,
        };
        let misstated = texts.corrected(&decisions, recorded);
        Ok(Self {
            row,
            id: change,
            requester: id("change", &row.try_get::<String, _>("requester")?)?,
            submitted: Timestamp(row.try_get("submitted_at")?),
            effect_hash: EffectHash(row.try_get("effect_hash")?),
            effect: row.try_get("effect")?,
            mfa: json("change", &row.try_get::<String, _>("mfa")?)?,
            texts,
            misstated,
            ticket: proposal.ticket,
            not_before: proposal.not_before,
            review_on: proposal.review_on,
            items: ItemRows {
                inline: proposal.operations,
                rows: parts.items,
            },
            count: count.map(|count| u64::try_from(count).unwrap_or(0)),
            decisions: confirmed(decisions, parts.approvals, &recorded),
        })
    }

    /// Returns the number of items that are not loaded.
    fn not_loaded(&self) -> u64 {
        let loaded = u64::try_from(self.items.rows.len()).unwrap_or(u64::MAX);
        self.count.map_or(0, |count| count.saturating_sub(loaded))
    }

    /// Returns how the row differs from the ledger.
    fn altered(&self) -> Option<ChangeMismatch> {
        let row = RequestRow {
            requester: &self.requester,
            submitted: self.submitted,
            ticket: self.ticket.as_deref(),
            not_before: self.not_before,
            review_on: self.review_on,
            mfa: self.mfa,
            items: &self.items,
            effect: &self.effect_hash,
            document: Hash::of(self.effect.as_bytes()),
        };
        let history = &self.decisions.decisions.history;
        match self.count {
            Some(count) if self.not_loaded() > 0 => history.altered_in_list(&row, count),
            _ => history.altered(&row),
        }
    }

    /// Returns the items that are loaded.
    pub fn items(&self) -> Vec<StoredItem> {
        self.items.items()
    }

    /// Returns the number of items that are not loaded.
    pub fn rest(&self) -> usize {
        usize::try_from(self.not_loaded()).unwrap_or(usize::MAX)
    }

    /// Returns the change with these operations.
    pub fn with(self, operations: Vec<Operation>) -> Result<StoredChange, StoreError> {
        let (row, altered) = (self.row, self.altered());
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
                    justification: self.texts.justification,
                    ticket: self.ticket,
                    not_before: self.not_before,
                    review_on: self.review_on,
                },
                submitted: self.submitted,
                decide_by: self.texts.decide_by,
                verdict: json("change", &row.try_get::<String, _>("verdict")?)?,
                effect: self.effect_hash,
                state: self.texts.state,
                approvals,
                round: decisions.round,
            },
            effect: json("change", &self.effect)?,
            gaining: json("change", &row.try_get::<String, _>("gaining")?)?,
            version: row.try_get("version")?,
            result: self.texts.result,
            mfa: self.mfa,
            altered,
            misstated: self.misstated,
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
        let (row, altered) = (self.row, self.altered());
        Ok(UnreadableRow {
            change: UnreadableChange {
                id: self.id,
                requester: self.requester,
                submitted: self.submitted,
                decide_by: self.texts.decide_by,
                state: self.texts.state,
                justification: self.texts.justification,
                ticket: self.ticket,
                items,
            },
            version: row.try_get("version")?,
            altered,
            misstated: self.misstated,
            lifecycle: self.decisions.decisions.history.lifecycle,
            result: self.texts.result,
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
