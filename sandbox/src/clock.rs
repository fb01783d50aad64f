//! The only source of time in the sandbox, so that tests can use a fixed time and benchmarks shorter delays.
//!
//! The calendar never runs faster than real time: the speed only shortens delays and raises quotas, so that timestamps,
//! tokens and `Date` headers agree with the clocks of clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock of the sandbox. Cloning returns another handle on the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The system clock. Delays are divided by `speed`.
    Real { started: Instant, speed: u32 },
    /// A fixed time in milliseconds since the Unix epoch, until a test advances it.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Returns a clock that follows the system clock, divides delays and multiplies quotas by `speed` (at least 1).
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's clock")]
    pub fn real(speed: u32) -> Self {
        Self(Source::Real {
            started: Instant::now(),
            speed: speed.max(1),
        })
    }

    /// Returns a clock fixed at `unix_ms` until [`Clock::advance`] moves it.
    pub fn manual(unix_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(unix_ms))))
    }

    /// Returns the current time in milliseconds since the Unix epoch.
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

    /// Returns microseconds on a scale that runs `speed` times as fast as the calendar. For quotas only.
    pub fn quota_us(&self) -> i64 {
        match &self.0 {
            Source::Real { started, speed } => {
                let elapsed = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
                elapsed.saturating_mul(i64::from(*speed))
            }
            Source::Manual(at) => at.load(Ordering::SeqCst).saturating_mul(1000),
        }
    }

    /// Converts a delay at speed one to calendar time.
    pub fn scale(&self, at_speed_one: Duration) -> Duration {
        match &self.0 {
            Source::Real { speed, .. } => at_speed_one / *speed,
            Source::Manual(_) => at_speed_one,
        }
    }

    /// Advances a manual clock. Has no effect on a real clock.
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
