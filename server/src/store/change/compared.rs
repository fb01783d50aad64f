//! Changes that seem to differ from the ledger are read again before anybody is told: a change that another process moves at
//! this moment differs from nothing.
//!
//! Every read of changes goes through here, so that no page shows, and nothing keeps, a difference that is none.

use std::future::Future;

use domain::{
    ids::ChangeId,
    ledger::projection::{ChangeMismatch, DecisionMismatch, Misstatement},
};
use sqlx::any::AnyRow;

use super::{AT_ONCE, StoredChange, summary::LISTED};
use crate::store::{
    StoreConnection, StoreError,
    ledger::live::{Agreement, Comparison},
    places,
};

/// How the rows of a change differ from the ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Differences<'a> {
    pub altered: Option<ChangeMismatch>,
    pub misstated: &'a [Misstatement],
    pub decisions: &'a [DecisionMismatch],
}

impl Differences<'_> {
    fn any(self) -> bool {
        self.altered.is_some() || !self.misstated.is_empty() || !self.decisions.is_empty()
    }
}

impl StoredChange {
    pub(super) fn differences(&self) -> Differences<'_> {
        Differences {
            altered: self.altered,
            misstated: &self.misstated,
            decisions: &self.altered_decisions,
        }
    }

    /// Whether anything of the change or of the decisions on it differs from the ledger.
    pub fn differs(&self) -> bool {
        self.differences().any()
    }
}

/// What rows of changes are read as.
pub(super) trait Compared: Sized + Send {
    fn id(&self) -> &ChangeId;
    /// Returns how it differs from the ledger.
    fn differences(&self) -> Differences<'_>;
    /// Reads rows, and compares them with the ledger.
    fn read(
        conn: &mut StoreConnection,
        rows: &[AnyRow],
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;
}

/// Returns these changes, each one that differs read again until it does not, or the ledger stood still while it was read.
pub(super) async fn again<T: Compared>(
    conn: &mut StoreConnection,
    mut all: Vec<T>,
) -> Result<Vec<T>, StoreError> {
    let differing = all.iter().filter(|one| differs(*one));
    let differing: Vec<ChangeId> = differing.map(|one| one.id().clone()).collect();
    if differing.is_empty() {
        return Ok(all);
    }
    let mut comparison = Comparison::default();
    let mut agreement = Agreement::Differs;
    let mut read = Vec::new();
    while !comparison.is_settled(conn, agreement).await? {
        let rows = rows_of(conn, &differing).await?;
        read = T::read(conn, &rows).await?;
        agreement = Agreement::of(!read.iter().any(differs));
    }
    for one in read {
        tell(&one);
        if let Some(before) = all.iter_mut().find(|before| before.id() == one.id()) {
            *before = one;
        }
    }
    Ok(all)
}

fn differs<T: Compared>(one: &T) -> bool {
    one.differences().any()
}

fn tell<T: Compared>(one: &T) {
    let change = one.id();
    let Differences {
        altered,
        misstated,
        decisions,
    } = one.differences();
    if let Some(altered) = altered {
        tracing::error!(%change, "the row of this change differs from the ledger: {altered}");
    }
    for misstated in misstated {
        tracing::error!(%change, "the row of this change differs from the ledger: {misstated}");
    }
    for mismatch in decisions {
        let (approver, kind) = (&mismatch.approver, &mismatch.kind);
        tracing::error!(%change, %approver, ?kind, "a decision and its entry in the ledger do not agree");
    }
}

/// Returns the rows of these changes.
pub(super) async fn rows_of(
    conn: &mut StoreConnection,
    changes: &[ChangeId],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut rows = Vec::with_capacity(changes.len());
    for some in changes.chunks(AT_ONCE) {
        let sql = format!(
            "select {LISTED} from change where id in ({})",
            places(some.len())
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, change| query.bind(change.as_str()));
        rows.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(rows)
}
