//! Holds the lease of a running job until there is a reason to end the job: the lease is lost, somebody cancels it, or it
//! makes no progress.
//!
//! Leases follow the real monotonic time, also if the rest of the server follows a manual clock: the time of day, which
//! somebody may set, plays no part.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{JobProgress, JobTimes};
use crate::{
    clock::Clock,
    store::{
        DatabaseEngine, Store,
        job::{JobBeat, JobLease, beat},
    },
};

/// Why a job that runs must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HoldEnd {
    /// Another process may have the job from now on.
    Lost,
    CancelRequested,
    NoProgress,
}

/// The lease of a job that this process runs.
pub(super) struct Holder {
    pub store: Store,
    pub lease: JobLease,
    pub times: JobTimes,
    pub progress: Arc<JobProgress>,
    /// How long the job may run without progress.
    pub idle_limit: Duration,
}

impl Holder {
    /// Holds the lease, which was claimed at `claimed` or later.
    pub(super) async fn hold(self, claimed: Duration) -> HoldEnd {
        let (mut proven, mut mark) = (claimed, self.progress.mark());
        let mut worked = claimed;
        loop {
            tokio::time::sleep(self.times.beat()).await;
            let before = Clock::System.elapsed();
            let now = self.progress.mark();
            if now != mark {
                (mark, worked) = (now, before);
            }
            if before.saturating_sub(worked) >= self.idle_limit {
                return HoldEnd::NoProgress;
            }
            match self.beat(proven).await {
                // The time before the statement: when it took effect is not known, only that it was later.
                Some(JobBeat::Held) => proven = before,
                Some(JobBeat::CancelRequested) => return HoldEnd::CancelRequested,
                Some(JobBeat::Lost) => return HoldEnd::Lost,
                None => {}
            }
            if self.left(proven).is_zero() {
                return HoldEnd::Lost;
            }
        }
    }

    /// Returns the time that is left until the lease may be over, measured from the last heartbeat that counted.
    fn left(&self, proven: Duration) -> Duration {
        match self.store.engine() {
            // The process lock keeps every other worker out, and a heartbeat waits for the transactions of this process.
            DatabaseEngine::Sqlite => Duration::MAX,
            DatabaseEngine::Postgres => {
                (proven + self.times.own_limit()).saturating_sub(Clock::System.elapsed())
            }
        }
    }

    /// Raises the counter. None if the database does not say whether it did.
    async fn beat(&self, proven: Duration) -> Option<JobBeat> {
        let raised = beat(&self.store, &self.lease, self.progress.shown());
        match timeout(self.left(proven), raised).await {
            Ok(Ok(beat)) => Some(beat),
            Ok(Err(error)) => {
                tracing::warn!(
                    job = %self.lease.job,
                    error = &error as &dyn std::error::Error,
                    "the heartbeat of a job was not written"
                );
                None
            }
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        job::JobKind,
        time::{Duration as Span, Timestamp},
    };

    use super::*;
    use crate::store::job::{self, NewJob};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const LONG: Duration = Duration::from_mins(10);

    /// A claimed job on a database of its own.
    async fn holder(idle_limit: Duration) -> Holder {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let mut tx = store.write().await.unwrap();
        let new = NewJob::only(JobKind::Crawl, NOW);
        job::enqueue(&mut tx, &new, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let waiting = job::active(&store, NOW).await.unwrap().remove(0);
        let claimed = job::claim(&store, &waiting, JobKind::Crawl, "process", NOW).await;
        Holder {
            store,
            lease: claimed.unwrap().unwrap().lease,
            times: JobTimes {
                poll: Duration::from_millis(10),
                lease: Duration::from_millis(40),
            },
            progress: Arc::default(),
            idle_limit,
        }
    }

    #[tokio::test]
    async fn a_job_that_only_beats_loses_its_lease_and_one_that_works_keeps_it() {
        let idle = Duration::from_millis(200);
        let hung = holder(idle).await;
        let claimed = Clock::System.elapsed();
        assert_eq!(hung.hold(claimed).await, HoldEnd::NoProgress);

        let works = holder(Duration::from_secs(30)).await;
        let (progress, claimed) = (works.progress.clone(), Clock::System.elapsed());
        let work = async {
            for number in 0..20 {
                progress.set_activity(number);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            why = works.hold(claimed) => panic!("{why:?}"),
            () = work => {}
        }
    }

    #[tokio::test]
    async fn a_holder_learns_that_its_job_is_cancelled_or_that_another_process_has_it() {
        let cancelled = holder(LONG).await;
        let mut tx = cancelled.store.write().await.unwrap();
        job::cancel(&mut tx, &cancelled.lease.job, NOW)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let claimed = Clock::System.elapsed();
        assert_eq!(cancelled.hold(claimed).await, HoldEnd::CancelRequested);

        let lost = holder(LONG).await;
        let seen = job::running(&lost.store).await.unwrap().remove(0);
        let mut tx = lost.store.write().await.unwrap();
        let end = job::JobEnd::Again {
            pause: Span(0),
            why: domain::job::JobFailure::ProcessEnded,
        };
        assert!(job::reclaim(&mut tx, &seen, &end, NOW).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(lost.hold(claimed).await, HoldEnd::Lost);
    }
}
