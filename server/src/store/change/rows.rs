//! The rows of changes for a verification, which trusts nothing in them: what does not have its form is kept as none.

use domain::{
    approval::Mfa,
    change::State,
    ids::{EffectHash, PersonId},
    ledger::Hash,
    time::{Date, Timestamp},
};
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};

use super::proven::StoredProposal;
use crate::store::{StoreConnection, StoreError};

/// The number of rows in one statement.
const PAGE: i64 = 1_000;

/// The row of a change as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRow {
    pub id: String,
    pub requester: Option<PersonId>,
    pub submitted: Timestamp,
    pub decide_by: Timestamp,
    pub state: Option<State>,
    pub effect: EffectHash,
    /// SHA-256 of the stored effect.
    pub document: Hash,
    pub mfa: Option<Mfa>,
    pub texts: Option<RowTexts>,
    pub inline_items: InlineItems,
    /// SHA-256 of the reason why it failed.
    pub result: Option<Hash>,
}

/// What the requester typed, and when the change may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowTexts {
    /// SHA-256 of the reason.
    pub justification: Hash,
    pub ticket: Option<String>,
    pub not_before: Option<Timestamp>,
    pub review_on: Option<Date>,
}

/// The items in the row of a change, where earlier versions stored them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InlineItems {
    /// There are none: the items have rows of their own.
    None,
    Items(Vec<Value>),
    Unreadable,
}

impl InlineItems {
    fn of(proposal: &str) -> Self {
        match serde_json::from_str::<Value>(proposal) {
            Ok(Value::Object(mut proposal)) => match proposal.remove("operations") {
                None => Self::None,
                Some(Value::Array(items)) => Self::Items(items),
                Some(_) => Self::Unreadable,
            },
            _ => Self::Unreadable,
        }
    }
}

/// Returns the rows of all changes.
pub async fn verified_rows(conn: &mut StoreConnection) -> Result<Vec<VerifiedRow>, StoreError> {
    let mut found: Vec<VerifiedRow> = Vec::new();
    loop {
        let after = found.last().map_or("", |row| row.id.as_str()).to_owned();
        let rows = sqlx::query(
            "select id, requester, proposal, submitted_at, decide_by, state, effect, effect_hash, mfa, \
             result from change where id > $1 order by id limit $2",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut *conn)
        .await?;
        if rows.is_empty() {
            return Ok(found);
        }
        for row in &rows {
            found.push(verified(row)?);
        }
    }
}

fn verified(row: &AnyRow) -> Result<VerifiedRow, StoreError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let stored = text("proposal")?;
    let proposal = serde_json::from_str::<StoredProposal>(&stored).ok();
    let result: Option<String> = row.try_get("result")?;
    Ok(VerifiedRow {
        id: text("id")?,
        requester: PersonId::parse(&text("requester")?).ok(),
        submitted: Timestamp(row.try_get("submitted_at")?),
        decide_by: Timestamp(row.try_get("decide_by")?),
        state: State::from_word(&text("state")?),
        effect: EffectHash(text("effect_hash")?),
        document: Hash::of(text("effect")?.as_bytes()),
        mfa: serde_json::from_str(&text("mfa")?).ok(),
        texts: proposal.map(|proposal| RowTexts {
            justification: Hash::of(proposal.justification.as_bytes()),
            ticket: proposal.ticket,
            not_before: proposal.not_before,
            review_on: proposal.review_on,
        }),
        inline_items: InlineItems::of(&stored),
        result: result.map(|text| Hash::of(text.as_bytes())),
    })
}
