//! Jobs: enqueued with what they follow from, run once, taken over from dead processes, and managed by people.

#![expect(
    clippy::unwrap_used,
    reason = "tests unwrap what they set up themselves"
)]

mod bodies;
mod comparison;
mod pages;
mod table;
mod worker;

use domain::{
    ids::JobId,
    job::{JobKind, JobState},
    time::Timestamp,
};
use server::store::{Store, job};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Returns the jobs in a state, the ones that begin last first.
async fn in_state(store: &Store, state: JobState) -> Vec<job::JobRow> {
    let mut conn = store.connection().await.unwrap();
    job::shown(&mut conn, state, 100).await.unwrap()
}

/// Returns the crawls in a state, the ones that begin last first.
async fn crawls_in(store: &Store, state: JobState) -> Vec<job::JobRow> {
    let mut crawls = in_state(store, state).await;
    crawls.retain(|job| job.kind == JobKind::Crawl.as_str());
    crawls
}

async fn found(store: &Store, id: &JobId) -> job::JobRow {
    let mut conn = store.connection().await.unwrap();
    job::find(&mut conn, id).await.unwrap().unwrap()
}
