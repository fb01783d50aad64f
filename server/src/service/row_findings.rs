//! What the last comparison of rows with the ledger found, for pages and metrics. A job compares; every process follows the
//! result of the last one.
//!
//! Decides nothing: no row counts without its entry, whether it was found or not.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{ids::JobId, job::JobKind, ledger::Hash, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::app_state::AppState;
use crate::store::{StoreError, job};

/// A row that differs from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFinding {
    /// As in the answer of `leastwise ledger verify --json`.
    pub code: String,
    pub table: String,
    pub message: String,
}

/// The result of a comparison, as its job stores it: members are only added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonResult {
    /// The moment of which everything was compared.
    pub at: Timestamp,
    /// The number of entries.
    pub entries: u64,
    /// The number of differences.
    pub differing: usize,
    /// The number of rows that agree with entries that two administrators set aside.
    pub set_aside: usize,
    /// The worst differences.
    pub findings: Vec<RowFinding>,
    /// A digest of all differences.
    pub digest: Hash,
    pub seconds: f64,
}

/// Returns a digest of differences, in whatever order they are.
pub fn digest(differences: impl Iterator<Item = String>) -> Hash {
    let sorted: BTreeSet<String> = differences.collect();
    let lines: Vec<String> = sorted.into_iter().collect();
    Hash::of(lines.join("\n").as_bytes())
}

/// The last result that this process knows.
#[derive(Debug, Default)]
pub struct RowFindings(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    last: Option<(JobId, Arc<ComparisonResult>)>,
    /// The differences that this process found itself last: what it has recorded.
    recorded: Option<Hash>,
}

impl RowFindings {
    /// Returns the last result; none before the first.
    pub fn last(&self) -> Option<Arc<ComparisonResult>> {
        let last = &self.lock().last;
        last.as_ref().map(|(_, result)| result.clone())
    }

    /// Returns the number of rows that differ.
    pub fn differing(&self) -> usize {
        self.last().map_or(0, |last| last.differing)
    }

    /// Whether this process has not recorded exactly these differences last.
    pub fn is_new(&self, digest: &Hash) -> bool {
        self.lock().recorded.as_ref() != Some(digest)
    }

    /// Sets what a job of this process found, and has recorded.
    pub fn set(&self, job: JobId, result: ComparisonResult) {
        let mut known = self.lock();
        known.recorded = Some(result.digest);
        known.last = Some((job, Arc::new(result)));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes over the result of the last comparison, if another process made it.
pub async fn follow(app_state: &AppState) -> Result<(), StoreError> {
    let Some((id, result)) = job::last_result(&app_state.store, JobKind::RowComparison).await?
    else {
        return Ok(());
    };
    let findings = &app_state.row_findings;
    if findings
        .lock()
        .last
        .as_ref()
        .is_some_and(|(known, _)| *known == id)
    {
        return Ok(());
    }
    match serde_json::from_str(&result) {
        Ok(result) => findings.lock().last = Some((id, Arc::new(result))),
        Err(error) => tracing::warn!(%error, "the result of a comparison of rows cannot be read"),
    }
    Ok(())
}
