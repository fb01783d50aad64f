//! The job that compares all rows with the ledger, in a snapshot of the database, and raises an alarm about what differs.
//!
//! Works at most half of the time while it reads, so that pages are not disturbed.

use std::{sync::Arc, time::Duration};

use super::registry::{JobError, JobResult, JobRun};
use crate::{
    clock::Clock,
    row_comparison::{Compared, Comparison, Difference},
    service::{
        app_state::AppState,
        row_findings::{self, ComparisonResult, RowFinding},
    },
    store::{self, to_json},
};

/// The number of entries that are compared without a rest.
const PAGE: u32 = 200;
/// The number of differences that are listed.
const LISTED: usize = 50;

pub(super) async fn body(app_state: Arc<AppState>, run: JobRun) -> JobResult {
    let began = Clock::System.elapsed();
    let at = app_state.clock.now();
    let (entries, compared) = compare(&app_state, &run).await?;
    let spent = Clock::System.elapsed().saturating_sub(began);
    let finding = |difference: &Difference| RowFinding {
        code: difference.code().to_owned(),
        table: difference.table().to_owned(),
        message: format!("{difference}."),
    };
    let found = &compared.differences;
    for difference in found.iter().take(LISTED) {
        tracing::error!("the database differs from the ledger: {difference}");
    }
    let result = ComparisonResult {
        at,
        entries,
        differing: found.len(),
        set_aside: compared.set_aside.len(),
        findings: found.iter().take(LISTED).map(finding).collect(),
        digest: row_findings::digest(found.iter().map(ToString::to_string)),
        seconds: spent.as_secs_f64(),
    };
    tracing::info!(
        entries,
        seconds = result.seconds,
        differing = result.differing,
        "compared the rows with the ledger"
    );
    alarm(&app_state, &run, &result).await?;
    let text = to_json(&result);
    app_state.row_findings.set(run.lease.job, result);
    Ok(text)
}

/// Appends an entry about differences that this process has not recorded yet.
async fn alarm(
    app_state: &AppState,
    run: &JobRun,
    result: &ComparisonResult,
) -> Result<(), JobError> {
    if result.differing == 0 || !app_state.row_findings.is_new(&result.digest) {
        return Ok(());
    }
    let mut tx = app_state.store.write().await?;
    let entry = app_state.journal.rows_differ(result);
    app_state.journal.append(&mut tx, entry).await?;
    store::job::confirm(&mut tx, &run.lease).await?;
    tx.commit().await?;
    Ok(())
}

/// Compares everything. Returns the number of entries with what was found.
async fn compare(app_state: &AppState, run: &JobRun) -> Result<(u64, Compared), JobError> {
    let keys = app_state
        .store
        .tail()
        .keys()
        .map_err(store::StoreError::from)?;
    let mut snapshot = app_state.store.snapshot().await?;
    let log = app_state.journal.log();
    let (stated, _) = store::ledger::head_and_end(&mut snapshot).await?;
    let mut comparison = Comparison::begin(&mut snapshot, Some(keys), log).await?;
    let mut entries: u64 = 0;
    loop {
        let began = Clock::System.elapsed();
        let Some(mut page) = comparison.read(&mut snapshot, PAGE).await? else {
            break;
        };
        page.hash();
        comparison.authenticate(&page);
        let with_texts = comparison.apply(&mut page);
        comparison.texts(&mut snapshot, with_texts).await?;
        entries += u64::try_from(page.entries().len()).unwrap_or(0);
        run.progress.set(entries, stated.0.max(entries));
        rest(began).await;
    }
    let rows = comparison.rows(&mut snapshot).await?;
    drop(snapshot);
    let compared = tokio::task::spawn_blocking(|| rows.compare()).await?;
    Ok((entries, compared))
}

/// Rests for as long as the work since a moment took.
async fn rest(since: Duration) {
    let worked = Clock::System.elapsed().saturating_sub(since);
    tokio::time::sleep(worked).await;
}
