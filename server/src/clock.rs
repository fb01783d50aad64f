//! The one place where time, ids and randomness enter.
//!
//! Everything else takes them as parameters or asks this; a test sets the time, never waits.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use domain::{
    ids::{ChangeId, GrantId, OperationId, PersonId},
    time::Timestamp,
};
use rand::RngCore;

/// Where *now* comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands until it is moved: for tests.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A standing clock.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.0)))
    }

    /// Now, in milliseconds UTC.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reading of the machine's clock"
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

    /// The time since a fixed moment in the past. Unlike [`now`](Self::now) it never goes back when the machine's
    /// clock is set.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reading of the machine's monotonic clock"
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

    /// Moves a standing clock forward; the machine's clock is left alone.
    pub fn advance(&self, by: domain::time::Duration) {
        if let Self::Manual(at) = self {
            at.fetch_add(by.0, Ordering::SeqCst);
        }
    }
}

/// A UUIDv7: sorts by time of making, so that indexes stay compact.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where ids are made"
)]
fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A fresh person id.
pub fn person_id() -> PersonId {
    PersonId::parse(&uuid()).expect("a UUID is a valid id")
}

/// A fresh change id.
pub fn change_id() -> ChangeId {
    ChangeId::parse(&uuid()).expect("a UUID is a valid id")
}

/// A fresh grant id.
pub fn grant_id() -> GrantId {
    GrantId::parse(&uuid()).expect("a UUID is a valid id")
}

/// A fresh operation id.
pub fn operation_id() -> OperationId {
    OperationId::parse(&uuid()).expect("a UUID is a valid id")
}

/// A fresh id for rows that have no type of their own (crawls, requests).
pub fn row_id() -> String {
    uuid()
}

/// 256 random bits from the operating system.
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    bytes
}

/// 256 random bits as 43 characters of unpadded base64url: cookies, state, nonce, verifier.
pub fn token() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random())
}
