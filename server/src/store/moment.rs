//! Moments of this process, which tell how old a look at the ledger is.
//!
//! Never compared with the moments of another process.

use std::time::Duration;

use crate::clock::Clock;

/// A moment, such as the one at which a request began. What a request looks at in the ledger is at least as new: what
/// anybody committed before it is in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// Returns the present moment.
    pub fn now() -> Self {
        Self(Clock::System.elapsed())
    }
}
