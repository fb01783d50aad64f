//! The only source of time, ids and randomness.
//!
//! All other code takes them as parameters or reads them here, so tests set the time and never wait.

use std::{
    fs::File,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use domain::{
    ids::{ChangeId, GrantId, JobId, OperationId, PersonId},
    time::Timestamp,
};
use rand::RngCore;

/// The source of the current time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system clock.
    System,
    /// A clock that moves only through [`Clock::advance`], for tests.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Returns a manual clock that starts at `start`.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.0)))
    }

    /// Returns the current time in milliseconds, UTC.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only read of the system clock"
    )]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                Timestamp(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
            }
            Self::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Returns the time since a fixed moment in the past. Unlike [`now`](Self::now) it never goes back when the system
    /// clock is set.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only read of the monotonic clock"
    )]
    pub fn elapsed(&self) -> std::time::Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        match self {
            Self::System => START.get_or_init(Instant::now).elapsed(),
            Self::Manual(at) => {
                let millis = u64::try_from(at.load(Ordering::SeqCst)).unwrap_or(0);
                std::time::Duration::from_millis(millis)
            }
        }
    }

    /// The result of [`since_boot`](Self::since_boot) if the kernel did not answer: later than any other time.
    pub const UNKNOWN: std::time::Duration = std::time::Duration::MAX;

    /// Returns a time for leases: like [`elapsed`](Self::elapsed), but it also advances while the machine is suspended,
    /// which the clock behind `elapsed` does not do on Linux. Both advance while the process is stopped. Where the kernel
    /// states no uptime, it is `elapsed`.
    pub fn since_boot(&self) -> std::time::Duration {
        // Open from the first use on, because files can run out.
        static UPTIME: OnceLock<Option<File>> = OnceLock::new();
        match self {
            Self::System => match UPTIME.get_or_init(|| File::open("/proc/uptime").ok()) {
                Some(file) => uptime(file).unwrap_or(Self::UNKNOWN),
                None => self.elapsed(),
            },
            Self::Manual(_) => self.elapsed(),
        }
    }

    /// Moves a manual clock forward. Has no effect on the system clock.
    pub fn advance(&self, by: domain::time::Duration) {
        if let Self::Manual(at) = self {
            at.fetch_add(by.0, Ordering::SeqCst);
        }
    }
}

/// Returns the time since the start of the machine, suspension included: the first number of `/proc/uptime`, in seconds
/// with two decimals.
#[cfg(unix)]
fn uptime(file: &File) -> Option<std::time::Duration> {
    let mut bytes = [0; 64];
    let length = std::os::unix::fs::FileExt::read_at(file, &mut bytes, 0).ok()?;
    let text = std::str::from_utf8(&bytes[..length]).ok()?;
    let seconds = text.split_whitespace().next()?.parse().ok()?;
    std::time::Duration::try_from_secs_f64(seconds).ok()
}

/// Other systems have no such file.
#[cfg(not(unix))]
fn uptime(_: &File) -> Option<std::time::Duration> {
    None
}

/// Returns a UUIDv7. It sorts by creation time, which keeps indexes compact.
#[expect(clippy::disallowed_methods, reason = "the only place that creates ids")]
fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Returns a new person id.
pub fn person_id() -> PersonId {
    PersonId::parse(&uuid()).expect("a UUID is a valid id")
}

/// Returns a new change id.
pub fn change_id() -> ChangeId {
    ChangeId::parse(&uuid()).expect("a UUID is a valid id")
}

/// Returns a new grant id.
pub fn grant_id() -> GrantId {
    GrantId::parse(&uuid()).expect("a UUID is a valid id")
}

/// Returns a new operation id.
pub fn operation_id() -> OperationId {
    OperationId::parse(&uuid()).expect("a UUID is a valid id")
}

/// Returns a new job id.
pub fn job_id() -> JobId {
    JobId::parse(&uuid()).expect("a UUID is a valid id")
}

/// Returns a new id for rows without an id type of their own (crawls, requests).
pub fn row_id() -> String {
    uuid()
}

/// Returns 256 random bits from the operating system.
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    bytes
}

/// Returns 256 random bits as 43 characters of unpadded base64url, for cookies, state, nonce and verifier.
pub fn token() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random())
}

#[cfg(test)]
mod tests {
    use std::{thread::sleep, time::Duration};

    use super::*;

    #[test]
    fn the_time_of_leases_advances_and_never_goes_back() {
        let before = Clock::System.since_boot();
        sleep(Duration::from_millis(40));
        let after = Clock::System.since_boot();
        assert!(
            before < after && after < Clock::UNKNOWN,
            "{before:?} {after:?}"
        );
    }
}
