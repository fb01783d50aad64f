//! The one source of time in the sandbox, so that tests can stand still and benchmarks can hurry.
//!
//! The calendar never runs faster than the world's: only delays shrink and quotas grow with the
//! speed, so that time stamps, tokens and `Date` headers agree with every client's own clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time as the sandbox sees it. Cloning yields another handle on the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The machine's clock; delays last `1/speed` of their time.
    Real { started: Instant, speed: u32 },
    /// Stands still until a test moves it. Milliseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock, with every delay divided and every quota multiplied by `speed` (at least 1).
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's clock")]
    pub fn real(speed: u32) -> Self {
        Self(Source::Real {
            started: Instant::now(),
            speed: speed.max(1),
        })
    }

    /// A clock that stands at `unix_ms` until [`Clock::advance`] moves it.
    pub fn manual(unix_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(unix_ms))))
    }

    /// Milliseconds since the Unix epoch, UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's clock")]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::Real { .. } => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
                }),
            Source::Manual(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Microseconds on a scale that runs `speed` times as fast as the calendar; for quotas only.
    pub fn quota_us(&self) -> i64 {
        match &self.0 {
            Source::Real { started, speed } => {
                let elapsed = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
                elapsed.saturating_mul(i64::from(*speed))
            }
            Source::Manual(at) => at.load(Ordering::SeqCst).saturating_mul(1000),
        }
    }

    /// How long something that takes `at_speed_one` in AWS takes here, in calendar time.
    pub fn scale(&self, at_speed_one: Duration) -> Duration {
        match &self.0 {
            Source::Real { speed, .. } => at_speed_one / *speed,
            Source::Manual(_) => at_speed_one,
        }
    }

    /// Moves a manual clock forward; a real clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(at) = &self.0 {
            let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            at.fetch_add(ms, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(5_000);
        let same = clock.clone();
        clock.advance(Duration::from_millis(250));
        assert_eq!((same.now_ms(), same.quota_us()), (5_250, 5_250_000));
    }

    #[test]
    fn speed_shortens_delays_but_not_the_calendar() {
        let clock = Clock::real(200);
        assert_eq!(
            clock.scale(Duration::from_secs(5)),
            Duration::from_millis(25)
        );
        assert_eq!(
            Clock::manual(0).scale(Duration::from_secs(5)),
            Duration::from_secs(5)
        );
    }
}
