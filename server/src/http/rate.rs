//! Token buckets, one per key. Forgets full buckets, so that a flood of made-up keys cannot fill
//! the memory.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use domain::time::Timestamp;

/// More keys than this, and full buckets are forgotten; if none is full, the oldest halves go.
const MOST_KEYS: usize = 50_000;

/// How many at once, and how many per second after that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// At once.
    pub burst: f64,
    /// Per second.
    pub per_second: f64,
}

/// Buckets by key.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// Too many; come back after so many seconds (at least 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// For `Retry-After`.
    pub retry_after: u64,
}

impl<K: Hash + Eq> Buckets<K> {
    /// Empty.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: Mutex::default(),
        }
    }

    /// Takes one token.
    pub fn take(&self, key: K, now: Timestamp) -> Result<(), TooMany> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_KEYS && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| self.filled(bucket, now) < self.rate.burst);
            if buckets.len() >= MOST_KEYS {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            tokens: self.rate.burst,
            at: now,
        });
        bucket.tokens = self.filled(bucket, now);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = ((1.0 - bucket.tokens) / self.rate.per_second)
            .ceil()
            .clamp(1.0, 3_600.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped above"
        )]
        Err(TooMany {
            retry_after: wait as u64,
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds between two requests"
    )]
    fn filled(&self, bucket: &Bucket, now: Timestamp) -> f64 {
        let seconds = now.since(bucket.at).0.max(0) as f64 / 1_000.0;
        (bucket.tokens + seconds * self.rate.per_second).min(self.rate.burst)
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_then_one_per_refill_and_keys_do_not_share() {
        let buckets = Buckets::new(Rate {
            burst: 3.0,
            per_second: 0.5,
        });
        let start = Timestamp(1_000_000);
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start), Ok(()));
        }
        assert_eq!(buckets.take("a", start), Err(TooMany { retry_after: 2 }));
        assert_eq!(buckets.take("b", start), Ok(()));
        assert_eq!(buckets.take("a", start + Duration::seconds(2)), Ok(()));
    }

    #[test]
    fn a_flood_of_keys_does_not_grow_without_bound() {
        let buckets = Buckets::new(Rate {
            burst: 2.0,
            per_second: 0.001,
        });
        for key in 0..MOST_KEYS + 10 {
            buckets.take(key, Timestamp(0)).unwrap();
        }
        assert!(buckets.buckets.lock().unwrap().len() <= MOST_KEYS);
    }
}
