//! Token buckets that limit the call rate per AWS service.
//!
//! The quotas are shared with every other client of the account (Terraform, the console, scanners). A throttle
//! therefore halves the rate at once, and the rate recovers slowly. Each bucket serves calls in order of arrival: a
//! revocation waits behind calls that a crawl queued earlier.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

/// How far the schedule of a bucket may lag behind the clock before it is reset to the clock.
const LAG: Duration = Duration::from_millis(25);

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
}

/// One bucket. Calls are spaced evenly and bursts are never allowed, because a burst exceeds the shared quota when
/// another client calls at the same time.
#[derive(Debug, Clone)]
pub struct Budget {
    pace: Arc<Mutex<Pace>>,
    calls: Arc<AtomicU64>,
    throttled: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Pace {
    most: f64,
    now: f64,
    next: Instant,
}

impl Budget {
    /// Returns a bucket that allows `calls_per_second`, at least 0.1.
    pub fn new(calls_per_second: f64) -> Self {
        let most = calls_per_second.max(0.1);
        Self {
            pace: Arc::new(Mutex::new(Pace {
                most,
                now: most,
                next: Instant::now(),
            })),
            calls: Arc::default(),
            throttled: Arc::default(),
        }
    }

    /// Waits for the next free slot and counts the call.
    pub async fn turn(&self) {
        let at = {
            let mut pace = self.pace.lock().await;
            let now = Instant::now();
            // Timers fire late, especially on a busy machine. Tolerating this lag keeps the average rate. At 20 calls a
            // second it is half a call, so it cannot cause a burst.
            let floor = now.checked_sub(LAG).unwrap_or(now);
            let at = pace.next.max(floor);
            pace.next = at + Duration::from_secs_f64(1.0 / pace.now);
            at
        };
        tokio::time::sleep_until(at).await;
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Records a throttle and halves the rate, down to 0.5 calls a second.
    pub async fn slow_down(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        let mut pace = self.pace.lock().await;
        pace.now = (pace.now / 2.0).max(0.5);
    }

    /// Raises the rate by 1% of the maximum, after a successful call.
    pub async fn speed_up(&self) {
        let mut pace = self.pace.lock().await;
        if pace.now < pace.most {
            pace.now = (pace.now + pace.most / 100.0).min(pace.most);
        }
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
