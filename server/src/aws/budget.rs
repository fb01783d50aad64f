//! Token buckets: how often a service may be called.
//!
//! The quotas are shared with everybody else who uses the account (Terraform, the console,
//! scanners), so a throttle halves our pace at once and it grows back slowly. There is one
//! queue: whoever asks first goes first, a revocation behind the calls of a crawl that asked before it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

/// How far a bucket's schedule may lag behind the clock before it begins anew.
const LAG: Duration = Duration::from_millis(25);

/// One bucket a service quota.
#[derive(Debug, Clone)]
pub struct Budgets {
    /// Identity Center: 20 calls a second, shared by all of its operations.
    pub sso: Budget,
    /// Its directory: 20 calls a second of its own.
    pub directory: Budget,
    /// The organization.
    pub organizations: Budget,
    /// The user pool.
    pub pool: Budget,
}

impl Budgets {
    /// The same pace for each.
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

/// One bucket. It spaces calls evenly and never lets a burst through: a burst is what meets the
/// quota when somebody else is calling, too.
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
    /// A bucket of so many calls a second.
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

    /// Waits for a turn and counts it.
    pub async fn turn(&self) {
        let at = {
            let mut pace = self.pace.lock().await;
            let now = Instant::now();
            // A timer wakes late, and a busy machine later still; letting the schedule lag by that much keeps
            // the pace true. At 20 calls a second it is half a call, so no burst comes of it.
            let floor = now.checked_sub(LAG).unwrap_or(now);
            let at = pace.next.max(floor);
            pace.next = at + Duration::from_secs_f64(1.0 / pace.now);
            at
        };
        tokio::time::sleep_until(at).await;
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// AWS said that it is too much: half the pace.
    pub async fn slow_down(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        let mut pace = self.pace.lock().await;
        pace.now = (pace.now / 2.0).max(0.5);
    }

    /// AWS answered: a little faster again.
    pub async fn speed_up(&self) {
        let mut pace = self.pace.lock().await;
        if pace.now < pace.most {
            pace.now = (pace.now + pace.most / 100.0).min(pace.most);
        }
    }

    /// Calls made so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Throttles met so far.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }
}
