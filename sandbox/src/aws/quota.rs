//! Request quotas: one token bucket per service, as Identity Center has one per instance.

use crate::clock::Clock;

use super::refusal::Refusal;
use super::service::Service;

/// The buckets of all services.
pub(crate) struct Quotas {
    limits: Limits,
    buckets: [Bucket; Service::ALL.len()],
}

/// Whether request quotas are enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// The quotas that AWS publishes.
    #[default]
    Published,
    /// No quotas, for tests of other behaviour.
    Unlimited,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    /// Millionths of a request. `None` until the first call fills the bucket.
    tokens: Option<i64>,
    at_us: i64,
}

const REQUEST: i64 = 1_000_000;

impl Quotas {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buckets: Default::default(),
        }
    }

    /// Takes a token for a call, or returns the throttling error.
    pub fn admit(&mut self, service: Service, clock: &Clock) -> Result<(), Refusal> {
        if self.limits == Limits::Unlimited {
            return Ok(());
        }
        let rate = i64::from(service.quota_per_second());
        // A burst of one second is allowed. At a high speed that second is so short that scheduling delays would exceed
        // it, so a bucket holds at least 50 ms of calendar time.
        let speed = 1_000_000
            / clock
                .scale(std::time::Duration::from_secs(1))
                .as_micros()
                .max(1);
        let speed = i64::try_from(speed).unwrap_or(i64::MAX);
        let capacity =
            (rate * REQUEST).max(rate.saturating_mul(speed).saturating_mul(REQUEST / 20));
        let now = clock.quota_us();
        let bucket = &mut self.buckets[service as usize];
        let gained = now.saturating_sub(bucket.at_us).saturating_mul(rate);
        let tokens = bucket
            .tokens
            .map_or(capacity, |left| left.saturating_add(gained).min(capacity));
        bucket.at_us = now;
        if tokens < REQUEST {
            bucket.tokens = Some(tokens);
            return Err(throttled(service));
        }
        bucket.tokens = Some(tokens - REQUEST);
        Ok(())
    }
}

/// Returns the error for a call that exceeds the quota.
pub(crate) fn throttled(service: Service) -> Refusal {
    match service {
        Service::Organizations => Refusal::new(
            service.throttled_code(),
            "AWS Organizations can't complete your request because another request is already in progress. Try again later.",
        )
        .with("Type", "Requester"),
        _ => Refusal::new(service.throttled_code(), "Rate exceeded"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn twenty_calls_pass_at_once_and_one_more_each_fiftieth_of_a_second() {
        let clock = Clock::manual(1_000);
        let mut quotas = Quotas::new(Limits::Published);
        let mut admitted = || quotas.admit(Service::SsoAdmin, &clock).is_ok();
        assert_eq!((0..25).filter(|_| admitted()).count(), 20);
        clock.advance(Duration::from_millis(49));
        assert!(!admitted());
        clock.advance(Duration::from_millis(1));
        assert!(admitted());
        assert!(!admitted());
    }

    #[test]
    fn services_do_not_share_a_bucket() {
        let clock = Clock::manual(0);
        let mut quotas = Quotas::new(Limits::Published);
        while quotas.admit(Service::SsoAdmin, &clock).is_ok() {}
        assert!(quotas.admit(Service::IdentityStore, &clock).is_ok());
    }
}
