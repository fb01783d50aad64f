//! The progress of a running job, written by its body and read by its heartbeat.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a job has come.
#[derive(Debug, Default)]
pub struct JobProgress {
    done: AtomicU64,
    of: AtomicU64,
    /// Changes with any sign of work, also while `done` stands still.
    activity: AtomicU64,
}

impl JobProgress {
    /// Sets how much is done, and of how much; zero as long as that is not known.
    pub fn set(&self, done: u64, of: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
    }

    /// Sets a number that changes while the job works.
    pub fn set_activity(&self, number: u64) {
        self.activity.store(number, Ordering::Relaxed);
    }

    pub(super) fn shown(&self) -> (u64, u64) {
        (
            self.done.load(Ordering::Relaxed),
            self.of.load(Ordering::Relaxed),
        )
    }

    /// Returns a value that differs whenever the job has worked in between.
    pub(super) fn mark(&self) -> (u64, u64, u64) {
        let (done, of) = self.shown();
        (done, of, self.activity.load(Ordering::Relaxed))
    }
}
