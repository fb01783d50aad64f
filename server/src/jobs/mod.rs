//! Runs jobs: claims them from the table, holds their leases, and writes their results.
//!
//! A job runs at most once at a time. Its body is dropped when its lease is lost, when somebody cancels it and when it makes
//! no progress; what it stores it stores under its lease (`store::job::confirm`). `domain::job` decides about attempts,
//! pauses and leases. Services and the engine enqueue jobs and never name this module.

mod change_expiry;
mod crawl;
mod holder;
mod pool_check;
mod progress;
mod registry;
mod row_comparison;
mod run;
mod sealing;
mod worker;

use std::time::Duration;

pub use progress::JobProgress;
pub use registry::JobTools;
pub use worker::{give_back, reclaim_all, run};

/// The times of workers. All processes on one database must have the same ones.
#[derive(Debug, Clone, Copy)]
pub struct JobTimes {
    /// How often the table is read for all kinds, besides the wake-ups within the process.
    pub poll: Duration,
    /// How long the counter of a lease may stand still before another process takes the job over.
    pub lease: Duration,
}

impl Default for JobTimes {
    /// A dead process's job begins again within 15 seconds: at most one poll until the counter is seen, the lease, and
    /// one poll until it is seen to be over.
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(2),
            lease: Duration::from_secs(8),
        }
    }
}

impl JobTimes {
    /// How often the holder raises the counter.
    fn beat(&self) -> Duration {
        self.lease / 4
    }

    /// How long after the last heartbeat that is known to have counted the holder may go on: it ends its work before
    /// anybody else begins.
    fn own_limit(&self) -> Duration {
        self.lease * 3 / 4
    }
}
