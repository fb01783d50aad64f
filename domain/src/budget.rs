//! The budget of a long computation: the caller can end it early.
//!
//! The domain has no runtime and no clock, so it asks the caller whether to go on. A computation that was ended returns
//! `Stopped` and never a partial result, because a partial effect would look harmless.

use std::fmt;

use thiserror::Error;

/// The computation was ended by its caller: the request is gone, its time is over, or the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the computation was stopped")]
pub struct Stopped;

/// Tells a computation whether to go on.
#[derive(Clone, Copy)]
pub struct Budget<'a>(Option<&'a dyn Fn() -> bool>);

/// How many items a loop processes between two checks: few enough to react in a millisecond, and so many that the checks
/// cost nothing.
const EVERY: usize = 256;

impl<'a> Budget<'a> {
    /// A computation that is never ended.
    pub const UNLIMITED: Self = Self(None);

    /// A computation that ends as soon as `stop` returns true.
    pub fn until(stop: &'a dyn Fn() -> bool) -> Self {
        Self(Some(stop))
    }

    /// Fails if the computation is to end.
    pub fn check(self) -> Result<(), Stopped> {
        match self.0 {
            Some(stop) if stop() => Err(Stopped),
            _ => Ok(()),
        }
    }

    /// Like `check`, for item number `at` of a long loop; asks only now and then.
    pub fn check_at(self, at: usize) -> Result<(), Stopped> {
        if at.is_multiple_of(EVERY) {
            self.check()
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Until"
        } else {
            "Unlimited"
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_loop_ends_soon_after_its_caller_wants_it_to() {
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        let budget = Budget::until(&stop);
        let done = (0..100_000).take_while(|at| budget.check_at(*at).is_ok());
        assert_eq!(done.count(), 3 * EVERY);
        assert_eq!(Budget::UNLIMITED.check(), Ok(()));
    }
}
