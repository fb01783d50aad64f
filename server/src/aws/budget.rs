//! Token buckets that limit the call rate per AWS service.
//!
//! The quotas are shared with every other client of the account (Terraform, the console, scanners). A throttle
//! therefore halves the rate at once, and the rate recovers slowly.
//!
//! A bucket serves calls in order of arrival, in two lanes: a call of the revocation lane waits for at most one call of the
//! other lane, however many wait there. A caller that gives up leaves no place behind that others would wait for.

use std::{
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

/// How far the schedule of a bucket may lag behind the clock before it is reset to the clock.
const LAG: Duration = Duration::from_millis(25);

/// Who waits for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// Calls that remove access.
    Revocation,
    /// Everything else.
    Ordinary,
}

/// One bucket per service quota.
#[derive(Debug, Clone)]
pub struct Budgets {
    /// Identity Center: 20 calls a second, shared by all operations.
    pub sso: Budget,
    /// The identity store: 20 calls a second.
    pub directory: Budget,
    /// AWS Organizations.
    pub organizations: Budget,
    /// The Cognito user pool.
    pub pool: Budget,
}

impl Budgets {
    /// Returns buckets that all have the same rate.
    pub fn new(calls_per_second: f64) -> Self {
        let budget = || Budget::new(calls_per_second);
        Self {
            sso: budget(),
            directory: budget(),
            organizations: budget(),
            pool: budget(),
        }
    }

    /// Returns the same buckets for calls that remove access.
    #[must_use]
    pub fn for_revocations(&self) -> Self {
        Self {
            sso: self.sso.for_revocations(),
            directory: self.directory.for_revocations(),
            organizations: self.organizations.for_revocations(),
            pool: self.pool.for_revocations(),
        }
    }
}

/// One bucket. Calls are spaced evenly and bursts are never allowed, because a burst exceeds the shared quota when
/// another client calls at the same time.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Held by the call that has the next slot, until its time comes.
    next: Arc<Mutex<Instant>>,
    /// Held by the one ordinary call that may wait for `next`.
    ordinary: Arc<Mutex<()>>,
    rate: Arc<StdMutex<Rate>>,
    lane: Lane,
    calls: Arc<AtomicU64>,
    throttled: Arc<AtomicU64>,
}

/// Calls a second.
#[derive(Debug)]
struct Rate {
    most: f64,
    now: f64,
}

impl Budget {
    /// Returns a bucket that allows `calls_per_second`, at least 0.1.
    pub fn new(calls_per_second: f64) -> Self {
        let most = calls_per_second.max(0.1);
        Self {
            next: Arc::new(Mutex::new(Instant::now())),
            ordinary: Arc::default(),
            rate: Arc::new(StdMutex::new(Rate { most, now: most })),
            lane: Lane::Ordinary,
            calls: Arc::default(),
            throttled: Arc::default(),
        }
    }

    /// Returns the same bucket for calls that remove access.
    #[must_use]
    pub fn for_revocations(&self) -> Self {
        Self {
            lane: Lane::Revocation,
            ..self.clone()
        }
    }

    /// Waits for the next free slot and counts the call.
    pub async fn turn(&self) {
        let _ordinary = match self.lane {
            Lane::Revocation => None,
            Lane::Ordinary => Some(self.ordinary.lock().await),
        };
        let mut next = self.next.lock().await;
        let now = Instant::now();
        // Timers fire late, especially on a busy machine. Tolerating this lag keeps the average rate. At 20 calls a
        // second it is half a call, so it cannot cause a burst.
        let floor = now.checked_sub(LAG).unwrap_or(now);
        let at = (*next).max(floor);
        tokio::time::sleep_until(at).await;
        *next = at + Duration::from_secs_f64(1.0 / self.rate(|rate| rate.now));
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn rate<T>(&self, with: impl FnOnce(&mut Rate) -> T) -> T {
        with(&mut self.rate.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a throttle and halves the rate, down to 0.5 calls a second.
    pub fn slow_down(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        self.rate(|rate| rate.now = (rate.now / 2.0).max(0.5));
    }

    /// Raises the rate by 1% of the maximum, after a successful call.
    pub fn speed_up(&self) {
        self.rate(|rate| {
            if rate.now < rate.most {
                rate.now = (rate.now + rate.most / 100.0).min(rate.most);
            }
        });
    }

    /// Returns the calls a second that are allowed now, and at most.
    pub fn calls_per_second(&self) -> (f64, f64) {
        self.rate(|rate| (rate.now, rate.most))
    }

    /// Returns the number of calls so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns the number of throttles so far.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills the ordinary lane, and returns the callers.
    async fn flood(budget: &Budget) -> Vec<tokio::task::JoinHandle<()>> {
        let callers = (0..200).map(|_| {
            let budget = budget.clone();
            tokio::spawn(async move { budget.turn().await })
        });
        let callers = callers.collect();
        tokio::task::yield_now().await;
        callers
    }

    #[tokio::test]
    async fn a_revocation_waits_for_at_most_one_other_call() {
        let budget = Budget::new(50.0);
        let callers = flood(&budget).await;
        let before = budget.calls();
        budget.for_revocations().turn().await;
        let served = budget.calls() - before;
        assert!(served <= 3, "{served} of 200 calls came first");
        for caller in callers {
            caller.abort();
        }
    }

    #[tokio::test]
    async fn callers_that_gave_up_leave_no_place_behind() {
        let budget = Budget::new(50.0);
        for caller in flood(&budget).await {
            caller.abort();
        }
        budget.turn().await;
        let due = budget
            .next
            .lock()
            .await
            .saturating_duration_since(Instant::now());
        assert!(due <= Duration::from_millis(100), "{due:?}");
    }
}
