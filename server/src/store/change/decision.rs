//! Decisions on changes.
//!
//! An approving row counts only with its ledger entry; without one it is never returned, so no caller can count it. A
//! declining row needs no entry to stop a change.

use domain::{
    approval::{Approval, Decision},
    ids::{ChangeId, EffectHash},
    ledger::{
        Hash,
        projection::{DecisionMismatch, DecisionMismatchKind, Decisions},
    },
    time::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use super::recorded::RecordedTexts;
use crate::store::{StoreConnection, StoreError, Tx, affected, id};

/// Stores a decision; the caller appends its ledger entry. A second decision of the same person in the same round is a
/// conflict.
pub async fn decide(tx: &mut Tx, change: &ChangeId, approval: &Approval) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "insert into approval (change_id, approver, decision, reason, effect_hash, at, round) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
    )
    .bind(change.as_str())
    .bind(approval.approver.as_str())
    .bind(word(approval.decision))
    .bind(&approval.reason)
    .bind(&approval.effect.0)
    .bind(approval.at.0)
    .bind(i64::from(approval.round))
    .execute(tx.conn())
    .await?;
    affected(rows.rows_affected(), "your decision")
}

/// The decisions on a change, as far as the ledger proves them.
#[derive(Default)]
pub(super) struct ProvenDecisions {
    /// The projection of the change.
    pub decisions: Decisions,
    /// The decisions that count now or did in an earlier round, oldest first.
    pub approvals: Vec<Approval>,
    /// The rows and entries that do not agree.
    pub mismatches: Vec<DecisionMismatch>,
}

/// Leaves the rows that the entries confirm, with the reason and the time of their entries, and adds the declining decisions
/// whose rows are missing.
pub(super) fn confirmed(
    decisions: Decisions,
    mut approvals: Vec<Approval>,
    recorded: &RecordedTexts<'_>,
) -> ProvenDecisions {
    let mut mismatches = decisions.mismatches(&approvals);
    approvals.retain(|row| decisions.count(row));
    for row in &mut approvals {
        if corrected(row, &decisions, recorded) {
            mismatches.push(DecisionMismatch {
                approver: row.approver.clone(),
                kind: DecisionMismatchKind::DifferentRow(row.decision),
            });
        }
    }
    let mut without_row = decisions.declines_without_row(&approvals);
    for row in &mut without_row {
        corrected(row, &decisions, recorded);
    }
    approvals.extend(without_row);
    approvals.sort_by(|one, other| (one.at, &one.approver).cmp(&(other.at, &other.approver)));
    ProvenDecisions {
        decisions,
        approvals,
        mismatches,
    }
}

/// Replaces the time and the reason of a row by those of its entry. Returns whether the row had others.
fn corrected(row: &mut Approval, decisions: &Decisions, recorded: &RecordedTexts<'_>) -> bool {
    let Some(place) = decisions.place_of(row) else {
        return false;
    };
    let (at, reason) = (decisions.given[place].at, recorded.reason(place));
    let differs = row.at != at || reason.differs(&row.reason);
    row.at = at;
    reason.put_in(&mut row.reason);
    differs
}

/// Reads the row of a decision.
pub(super) fn approval(row: &AnyRow) -> Result<Approval, StoreError> {
    let round: i64 = row.try_get("round")?;
    Ok(Approval {
        approver: id("approval", &row.try_get::<String, _>("approver")?)?,
        decision: decision(&row.try_get::<String, _>("decision")?),
        reason: row.try_get("reason")?,
        effect: EffectHash(row.try_get("effect_hash")?),
        // An invalid number belongs to no round that is ever reached.
        round: u32::try_from(round).unwrap_or(u32::MAX),
        at: Timestamp(row.try_get("at")?),
    })
}

/// A decision as it is stored, for verification: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    pub change: String,
    pub approver: String,
    pub decision: Decision,
    pub effect: EffectHash,
    pub round: i64,
    pub at: i64,
    /// SHA-256 of the reason.
    pub reason: Hash,
}

/// Returns all decisions.
pub async fn decision_rows(conn: &mut StoreConnection) -> Result<Vec<DecisionRow>, StoreError> {
    type Row = (String, String, String, String, i64, i64, String);
    let rows: Vec<Row> = sqlx::query_as(
        "select change_id, approver, decision, effect_hash, round, at, reason from approval \
         order by change_id, at, approver",
    )
    .fetch_all(conn)
    .await?;
    let row = |(change, approver, word, effect, round, at, reason): Row| DecisionRow {
        change,
        approver,
        decision: decision(&word),
        effect: EffectHash(effect),
        round,
        at,
        reason: Hash::of(reason.as_bytes()),
    };
    Ok(rows.into_iter().map(row).collect())
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approve",
        Decision::Decline => "decline",
    }
}

fn decision(word: &str) -> Decision {
    if word == "approve" {
        Decision::Approve
    } else {
        Decision::Decline
    }
}
