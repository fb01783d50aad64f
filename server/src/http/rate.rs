//! Rate limits per key, with the `governor` crate and the server's own clock.
//!
//! A key is removed when its allowance is fully refilled, never earlier, so that a flood of invented keys resets no
//! limit. Memory is bounded because each remaining key was used within its refill time: their number cannot exceed the
//! requests that the server receives in that time by much.

use std::{
    hash::Hash,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};

use crate::clock::Clock;

/// The number of keys below which no key is removed.
const FEW: usize = 1_024;

/// One allowance per key. The quota sets the burst size and the refill rate.
#[derive(Debug)]
pub struct Buckets<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, HashMapStateStore<K>, Elapsed, NoOpMiddleware<Duration>>,
    /// The number of keys at which fully refilled keys are removed next.
    forget_at: AtomicUsize,
}

/// The server's clock, for `governor`.
#[derive(Debug, Clone)]
struct Elapsed(Clock);

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The error for too many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// The value of `Retry-After`, in seconds; 1 to 3,600.
    pub retry_after: u64,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Returns limits in which every key has a full allowance.
    pub fn new(quota: Quota, clock: &Clock) -> Self {
        Self {
            limiter: RateLimiter::hashmap_with_clock(quota, Elapsed(clock.clone())),
            forget_at: AtomicUsize::new(FEW),
        }
    }

    /// Takes one request from the allowance of a key.
    pub fn take(&self, key: &K) -> Result<(), TooMany> {
        let taken = self.limiter.check_key(key);
        self.forget();
        taken.map_err(|until| {
            let wait = until.wait_time_from(self.limiter.clock().now());
            TooMany {
                retry_after: whole_seconds(wait).clamp(1, 3_600),
            }
        })
    }

    /// Removes fully refilled keys, each time the number of keys has doubled.
    fn forget(&self) {
        if self.limiter.len() < self.forget_at.load(Ordering::Relaxed) {
            return;
        }
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
        let next = self.limiter.len().saturating_mul(2).max(FEW);
        self.forget_at.store(next, Ordering::Relaxed);
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use domain::time::{self, Timestamp};

    use super::*;

    fn buckets<K: Hash + Eq + Clone>(burst: u32, every: Duration) -> (Buckets<K>, Clock) {
        let clock = Clock::manual(Timestamp(1_800_000_000_000));
        let quota = Quota::with_period(every).unwrap();
        let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap());
        (Buckets::new(quota, &clock), clock)
    }

    #[test]
    fn a_burst_passes_then_one_per_refill_and_keys_do_not_share() {
        let (buckets, clock) = buckets(3, Duration::from_secs(2));
        for _ in 0..3 {
            assert_eq!(buckets.take(&"a"), Ok(()));
        }
        assert_eq!(buckets.take(&"a"), Err(TooMany { retry_after: 2 }));
        assert_eq!(buckets.take(&"b"), Ok(()));
        clock.advance(time::Duration::seconds(2));
        assert_eq!(buckets.take(&"a"), Ok(()));
        assert_eq!(buckets.take(&"a"), Err(TooMany { retry_after: 2 }));
    }

    #[test]
    fn a_refusal_costs_nothing_and_names_at_least_one_second() {
        let (buckets, clock) = buckets(1, Duration::from_millis(20));
        assert_eq!(buckets.take(&"a"), Ok(()));
        for _ in 0..100 {
            assert_eq!(buckets.take(&"a"), Err(TooMany { retry_after: 1 }));
        }
        clock.advance(time::Duration(20));
        assert_eq!(buckets.take(&"a"), Ok(()));
    }

    #[test]
    fn a_flood_of_keys_resets_nobody() {
        let (buckets, clock) = buckets(2, Duration::from_secs(1_000));
        while buckets.take(&0).is_ok() {}
        for key in 1..60_000 {
            buckets.take(&key).unwrap();
            if key % 1_000 == 0 {
                clock.advance(time::Duration::seconds(1));
            }
        }
        assert!(
            buckets.take(&0).is_err(),
            "a used-up allowance stays used up"
        );
    }

    #[test]
    fn keys_with_a_complete_allowance_are_forgotten() {
        let (buckets, clock) = buckets(2, Duration::from_secs(1));
        for key in 0..100_000 {
            buckets.take(&key).unwrap();
            clock.advance(time::Duration(10));
        }
        assert!(
            buckets.limiter.len() <= FEW,
            "{} keys",
            buckets.limiter.len()
        );
    }
}
