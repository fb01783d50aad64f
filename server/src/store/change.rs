//! Changes and the decisions on them.
//!
//! A returned change contains only approvals that the ledger confirms (`decision`), and states where its row differs
//! from what was requested or shown. A caller that would grant access must check that. Its state, the time to decide and
//! the texts that people typed are those of the ledger (`recorded`).

mod alarm;
mod compared;
mod decision;
mod found;
mod in_state;
mod items;
mod list;
mod parts;
mod proven;
mod recorded;
mod removals;
mod rows;
mod summary;
mod target;
mod texts;

pub use alarm::{AlarmCount, alarm_counts};
pub use decision::{DecisionRow, decide, decision_rows};
pub use found::{FoundChange, UnreadableRow};
pub use in_state::{find_all, in_states, versions};
pub use items::{item_digests, item_of, items_of};
pub use list::{
    Direction, Filter, Folding, ListOrder, ListPage, ListRow, OrderColumn, count, list,
    submitted_since, undecided_until,
};
pub use removals::{PeopleOfRemovals, SubmittedWithin, people_of_removals};
pub use rows::{InlineItems, VerifiedRow, verified_rows};
pub use summary::{ChangeSummary, ListedChange};
pub use target::{ChangeTarget, concerning, mark_alarm};
pub use texts::{open_all, texts_of};

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    approval::Mfa,
    change::{Allowance, Change, Operation, Proposal, State, StoredItem},
    diff::Effect,
    ids::{ChangeId, PersonId},
    ledger::{
        Hash,
        projection::{ChangeMismatch, DecisionMismatch, Lifecycle, Misstatement, RecordedDecision},
    },
    person::Subject,
    time::Timestamp,
};
use serde_json::json;
use sqlx::Row as _;

use self::{
    found::{found, found_all},
    proven::state_of,
};
use super::{StoreConnection, StoreError, Tx, affected, id, ledger::decisions_on, to_json};

/// The number of changes that are read in one query.
const AT_ONCE: usize = 500;

/// A stored change, with the effect that its approvers saw.
#[derive(Debug, Clone)]
pub struct StoredChange {
    pub change: Change,
    /// The effect of the change on access.
    pub effect: Effect,
    /// The people who gain access. None of them may decide.
    pub gaining: BTreeSet<PersonId>,
    /// Incremented by every update; conditional updates compare it.
    pub version: i64,
    /// The reason why it failed or was blocked at the start, for display.
    pub result: Option<String>,
    /// Whether the requester had proven a second factor when submitting. Used by later evaluations.
    pub mfa: Mfa,
    /// The sign-in that made the request, according to the ledger.
    pub requested_with: Option<Subject>,
    /// The difference between the row and the ledger, if any. Such a change grants nothing.
    pub altered: Option<ChangeMismatch>,
    /// What else the row states otherwise than the ledger, which this change holds instead.
    pub misstated: Vec<Misstatement>,
    /// The decisions whose rows and entries do not agree. No approval among them counts.
    pub altered_decisions: Vec<DecisionMismatch>,
    /// The progress according to the ledger.
    pub lifecycle: Lifecycle,
    /// When the current effect was shown to the approvers, according to the ledger.
    pub shown_at: Option<Timestamp>,
    /// The decisions according to the ledger, each with the sign-in that made it.
    pub recorded: Vec<RecordedDecision>,
    /// When it was last updated. For an approved change, this is when it was approved.
    pub updated_at: Timestamp,
}

/// The row of a locked change, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedRow {
    pub version: i64,
    pub state: State,
}

/// Returns the SHA-256 of an effect as it is stored. It is recorded in the ledger, so that the shown effect cannot be
/// altered undetected.
pub fn effect_document(effect: &Effect) -> Hash {
    Hash::of(to_json(effect).as_bytes())
}

/// Stores a new change. `Ok(Some(id))` is the change that the same form created before.
pub async fn insert(
    tx: &mut Tx,
    stored: &StoredChange,
    form_key: &str,
    targets: &BTreeSet<ChangeTarget>,
) -> Result<Option<ChangeId>, StoreError> {
    let earlier = sqlx::query("select id from change where form_key = $1")
        .bind(form_key)
        .fetch_optional(tx.conn())
        .await?;
    if let Some(row) = earlier {
        return Ok(Some(id("change", &row.try_get::<String, _>("id")?)?));
    }
    let change = &stored.change;
    sqlx::query(
        "insert into change (id, requester, proposal, submitted_at, decide_by, verdict, effect, effect_hash, \
         gaining, state, version, updated_at, result, form_key, mfa) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $4, $11, $12, $13)",
    )
    .bind(change.id.as_str())
    .bind(change.requester.as_str())
    .bind(proposal_text(&change.proposal))
    .bind(change.submitted.0)
    .bind(change.decide_by.0)
    .bind(to_json(&change.verdict))
    .bind(to_json(&stored.effect))
    .bind(&change.effect.0)
    .bind(to_json(&stored.gaining))
    .bind(change.state.as_str())
    .bind(stored.result.clone())
    .bind(form_key)
    .bind(to_json(&stored.mfa))
    .execute(tx.conn())
    .await?;
    let items = StoredItem::of_all(&change.proposal.operations);
    items::insert(tx, &change.id, &items).await?;
    insert_targets(tx, &change.id, targets).await?;
    Ok(None)
}

/// Returns the text of a proposal, without the items, which have rows of their own.
fn proposal_text(proposal: &Proposal) -> String {
    let mut text = json!({
        "justification": proposal.justification,
        "ticket": proposal.ticket,
    });
    if let Some(at) = proposal.not_before {
        text["not_before"] = at.0.into();
    }
    if let Some(date) = proposal.review_on {
        text["review_on"] = date.to_string().into();
    }
    text.to_string()
}

/// The number of targets in one statement. A change for 50,000 people would otherwise take as many round trips, in which
/// nobody else can write.
const TARGETS: usize = 500;

async fn insert_targets(
    tx: &mut Tx,
    change: &ChangeId,
    targets: &BTreeSet<ChangeTarget>,
) -> Result<(), StoreError> {
    let all: Vec<&ChangeTarget> = targets.iter().collect();
    for some in all.chunks(TARGETS) {
        let rows: Vec<String> = (0..some.len())
            .map(|at| format!("($1, ${}, ${})", 2 * at + 2, 2 * at + 3))
            .collect();
        let sql = format!(
            "insert into change_target (change_id, kind, value) values {} on conflict do nothing",
            rows.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(change.as_str());
        for target in some {
            query = query.bind(target.kind).bind(target.value.as_str());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Returns the change that a form has created, with the texts that were typed into it.
pub async fn by_form_key(
    conn: &mut StoreConnection,
    form_key: &str,
) -> Result<Option<FoundChange>, StoreError> {
    let row = sqlx::query("select * from change where form_key = $1")
        .bind(form_key)
        .fetch_optional(&mut *conn)
        .await?;
    match row {
        Some(row) => {
            let mut found = found(conn, &row).await?;
            if let FoundChange::Known(stored) = &mut found {
                stored.open(conn).await?;
            }
            Ok(Some(found))
        }
        None => Ok(None),
    }
}

/// Returns who requested a change according to the ledger.
pub async fn requester(
    conn: &mut StoreConnection,
    change: &ChangeId,
) -> Result<Option<PersonId>, StoreError> {
    let known = decisions_on(conn, std::slice::from_ref(change)).await?;
    let submitted = known
        .into_values()
        .next()
        .and_then(|of| of.history.submitted);
    Ok(submitted.and_then(|submitted| submitted.by))
}

/// Returns the changes that were verified or failed at or after an instant, and when: an older read cannot show their
/// result. A row that cannot be read is skipped: it must not stop every removal.
pub async fn ended_since(
    conn: &mut StoreConnection,
    since: Timestamp,
) -> Result<Vec<(FoundChange, Timestamp)>, StoreError> {
    let rows = sqlx::query(
        "select * from change where state in ('verified', 'failed') and updated_at >= $1 order by updated_at, id",
    )
    .bind(since.0)
    .fetch_all(&mut *conn)
    .await?;
    let mut times = BTreeMap::new();
    for row in &rows {
        let id: String = row.try_get("id")?;
        times.insert(id, Timestamp(row.try_get("updated_at")?));
    }
    let ended = found_all(conn, &rows).await?.into_iter();
    Ok(ended
        .filter_map(|found| {
            let at = times.get(found.id().as_str()).copied()?;
            Some((found, at))
        })
        .collect())
}

/// Returns one change.
pub async fn find(
    conn: &mut StoreConnection,
    change: &ChangeId,
) -> Result<Option<FoundChange>, StoreError> {
    let row = sqlx::query("select * from change where id = $1")
        .bind(change.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    match row {
        Some(row) => Ok(Some(found(conn, &row).await?)),
        None => Ok(None),
    }
}

/// Returns the items of the request of a change in their order, each if the ledger proves it and this version understands
/// it. None of a change that was not requested so.
pub async fn requested_items(
    conn: &mut StoreConnection,
    change: &ChangeId,
) -> Result<Vec<Option<Operation>>, StoreError> {
    let found = find(conn, change).await?.filter(|found| {
        !matches!(
            found.altered(),
            Some(ChangeMismatch::NeverSubmitted | ChangeMismatch::DifferentRequest)
        )
    });
    Ok(match found {
        None => Vec::new(),
        Some(FoundChange::Known(stored)) => {
            let operations = stored.change.proposal.operations;
            operations.into_iter().map(Some).collect()
        }
        Some(FoundChange::Unreadable(row)) => row.change.each(),
    })
}

/// Returns one change, locked until the transaction ends: decisions, expiry and the start are serialized.
pub async fn lock(tx: &mut Tx, change: &ChangeId) -> Result<Option<FoundChange>, StoreError> {
    match lock_row(tx, change).await? {
        Some(_) => find(tx.conn(), change).await,
        None => Ok(None),
    }
}

/// Locks one change like [`lock`], for a caller that has loaded it before or does not need its content.
pub async fn lock_row(tx: &mut Tx, change: &ChangeId) -> Result<Option<LockedRow>, StoreError> {
    let row =
        sqlx::query("update change set version = version where id = $1 returning version, state")
            .bind(change.as_str())
            .fetch_optional(tx.conn())
            .await?;
    row.map(|row| {
        Ok(LockedRow {
            version: row.try_get("version")?,
            state: state_of(&row)?,
        })
    })
    .transpose()
}

/// Moves a locked change to another state. A conflict if its version has changed.
pub async fn set_state(
    tx: &mut Tx,
    change: &ChangeId,
    version: i64,
    state: State,
    result: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "update change set state = $1, result = $2, version = version + 1, updated_at = $3 \
         where id = $4 and version = $5",
    )
    .bind(state.as_str())
    .bind(result.map(str::to_owned))
    .bind(now.0)
    .bind(change.as_str())
    .bind(version)
    .execute(tx.conn())
    .await?;
    affected(rows.rows_affected(), "this change")
}

/// Binds a locked change to another effect; earlier approvals no longer count.
pub async fn rebind(tx: &mut Tx, stored: &StoredChange, now: Timestamp) -> Result<(), StoreError> {
    let change = &stored.change;
    let rows = sqlx::query(
        "update change set verdict = $1, effect = $2, effect_hash = $3, gaining = $4, state = $5, decide_by = $6, \
         version = version + 1, updated_at = $7 where id = $8 and version = $9",
    )
    .bind(to_json(&change.verdict))
    .bind(to_json(&stored.effect))
    .bind(&change.effect.0)
    .bind(to_json(&stored.gaining))
    .bind(change.state.as_str())
    .bind(change.decide_by.0)
    .bind(now.0)
    .bind(change.id.as_str())
    .bind(stored.version)
    .execute(tx.conn())
    .await?;
    affected(rows.rows_affected(), "this change")?;
    // A removal that started at once may wait for a decision now, and one that waited may start without one.
    target::set_allowance(tx, &change.id, change.proposal.allowance(&change.verdict)).await
}

/// Returns how many changes of a requester that count against an allowance wait for a decision.
pub async fn waiting_of(
    conn: &mut StoreConnection,
    requester: &PersonId,
    allowance: Allowance,
) -> Result<i64, StoreError> {
    let row: (i64,) = sqlx::query_as(
        "select count(*) from change c where c.requester = $1 and c.state = 'waiting' and exists (select 1 \
         from change_target t where t.change_id = c.id and t.kind = 'allowance' and t.value = $2)",
    )
    .bind(requester.as_str())
    .bind(allowance.as_str())
    .fetch_one(conn)
    .await?;
    Ok(row.0)
}

/// One bad row must not delay all other changes, removals in particular. The change itself cannot start.
fn skipped(error: &StoreError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a change is skipped because its row is inconsistent"
    );
}
