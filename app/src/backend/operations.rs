//! Operations: the jobs, the quotas of AWS, late removals, and the servers.

use async_trait::async_trait;
use domain::{
    ids::JobId,
    job::{JobFailure, JobKind, JobState},
    time::{Duration, Timestamp},
};

use super::PortResult;

/// The URL of the page.
pub const OPERATIONS: &str = "/operations";
/// The path of the action that crawls AWS.
pub const CRAWL: &str = "/do/jobs/crawl";
/// The URL of the rows that differ from the ledger.
pub const DIFFERING_ROWS: &str = "/operations#rows";

/// The kind of a job, which may be one that only a newer version knows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct JobName {
    /// The stored name.
    pub word: String,
    pub kind: Option<JobKind>,
}

/// The jobs of one kind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KindRow {
    pub name: JobName,
    pub waiting: u64,
    /// When the next of the waiting jobs begins.
    pub next: Option<Timestamp>,
    /// The job that had begun and ended last.
    pub last: Option<LastRun>,
    /// What the last one could not do, as a number of things: for a crawl, what it did not read.
    pub not_done: usize,
    /// The waiting job, if it is the only one of its kind and not another attempt of one that failed.
    pub planned: Option<JobId>,
}

/// How the last job of a kind ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct LastRun {
    pub ended: Timestamp,
    /// How long its last attempt took.
    pub took: Duration,
    /// Never waiting or running.
    pub state: JobState,
}

/// A job that runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RunningJob {
    pub id: JobId,
    pub name: JobName,
    pub done: u64,
    /// Zero as long as it is not known.
    pub of: u64,
    pub started: Option<Timestamp>,
    pub attempt: u32,
    /// The process that runs it.
    pub process: Option<String>,
    /// Whether somebody cancelled it, and its process has not ended it yet.
    pub cancelling: bool,
}

/// A job whose attempts are used up, or that failed and waits for its next attempt.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FailedJob {
    pub id: JobId,
    pub name: JobName,
    pub why: JobFailure,
    pub attempts: u32,
    /// When it failed for good; none while it waits for its next attempt.
    pub failed: Option<Timestamp>,
    /// When its next attempt begins.
    pub next: Option<Timestamp>,
}

/// The services of AWS that have a quota of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaService {
    IdentityCenter,
    IdentityStore,
    Organizations,
    UserPool,
}

/// The calls to one service by this server.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct QuotaRow {
    pub service: QuotaService,
    /// Calls a second that are allowed now. AWS halves it by throttling.
    pub now: f64,
    /// Calls a second at most.
    pub most: f64,
    /// Calls since the start.
    pub calls: u64,
    /// Throttles since the start.
    pub throttled: u64,
}

/// What a server does besides serving pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    Engine,
    /// It did when it last beat, and its lease has ended since.
    EngineBefore,
    Standby,
}

/// A process of Leastwise.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ServerRow {
    pub process: String,
    pub version: String,
    pub started: Timestamp,
    /// Its last heartbeat.
    pub seen: Timestamp,
    pub role: ServerRole,
    /// Whether it rendered this page.
    pub this: bool,
}

/// A row that differs from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DifferingRow {
    /// The table of the row.
    pub table: String,
    /// One sentence, with ids.
    pub what: String,
}

/// What the last comparison of rows with the ledger found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RowComparison {
    /// The moment of which everything was compared.
    pub at: Timestamp,
    /// The number of entries that were compared.
    pub entries: u64,
    /// The number of entries since, which the next comparison covers.
    pub newer: u64,
    /// The number of rows that differ, including those not listed.
    pub differing: usize,
    pub rows: Vec<DifferingRow>,
}

/// Everything on the page.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OperationsView {
    pub kinds: Vec<KindRow>,
    pub running: Vec<RunningJob>,
    /// The newest failed jobs, and those that wait after a failed attempt.
    pub failed: Vec<FailedJob>,
    /// The number of failed jobs, including those not listed.
    pub failed_count: u64,
    pub quotas: Vec<QuotaRow>,
    /// The last comparison of rows with the ledger; none before the first.
    pub comparison: Option<RowComparison>,
    /// The number of removals from AWS that are overdue.
    pub overdue: u64,
    /// Since when the oldest of them should be gone.
    pub overdue_since: Option<Timestamp>,
    pub servers: Vec<ServerRow>,
    /// The key of the state, for the live status.
    pub live: LiveOperations,
}

/// The state of the jobs, as an open page follows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LiveOperations {
    /// Differs if the page is out of date.
    pub key: String,
    pub running: Vec<RunningJob>,
}

/// Reads and manages jobs.
#[async_trait]
pub trait OperationsPort {
    async fn operations(&self) -> PortResult<OperationsView>;
    /// Requests a crawl that begins now, or after the one that runs.
    async fn request_crawl(&self) -> PortResult<()>;
    async fn retry_job(&self, id: &JobId) -> PortResult<()>;
    async fn dismiss_job(&self, id: &JobId) -> PortResult<()>;
    /// Cancels a waiting or running job, unless nobody may stop jobs of its kind.
    async fn cancel_job(&self, id: &JobId) -> PortResult<()>;
}
