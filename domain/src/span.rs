//! The period in which something was observed.
//!
//! AWS returns the current state without its history. A span records what Leastwise observed: when something was first
//! seen, when it was last confirmed, and, once it is gone, between which two reads it disappeared. The answer for a
//! given instant is *yes*, *no* or *not known*; it never guesses between two reads.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One uninterrupted period of observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The time of the first read that showed it.
    pub first_seen: Timestamp,
    /// The time of the last read that showed it.
    pub last_confirmed: Timestamp,
    /// The time of the first complete read that no longer showed it.
    pub gone_seen: Option<Timestamp>,
}

/// What is known about an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointInTime {
    /// It existed.
    #[serde(rename = "yes")]
    Present,
    /// It did not exist.
    #[serde(rename = "no")]
    Absent,
    /// No read covers the instant.
    NotKnown,
}

impl Span {
    /// Returns a span that begins with this read.
    pub fn begin(at: Timestamp) -> Self {
        Self {
            first_seen: at,
            last_confirmed: at,
            gone_seen: None,
        }
    }

    /// Extends the span by a read that shows it. A read older than the last confirmation has no effect.
    #[must_use]
    pub fn confirm(self, at: Timestamp) -> Self {
        match self.gone_seen {
            Some(_) => self,
            None => Self {
                last_confirmed: self.last_confirmed.max(at),
                ..self
            },
        }
    }

    /// Ends the span by a complete read that no longer shows it. A read no later than the last confirmation has
    /// no effect.
    #[must_use]
    pub fn close(self, at: Timestamp) -> Self {
        if self.gone_seen.is_some() || at <= self.last_confirmed {
            return self;
        }
        Self {
            gone_seen: Some(at),
            ..self
        }
    }

    /// Returns whether it existed at an instant, as far as was observed.
    pub fn at(self, instant: Timestamp) -> PointInTime {
        if instant < self.first_seen {
            return PointInTime::NotKnown;
        }
        if instant <= self.last_confirmed {
            return PointInTime::Present;
        }
        match self.gone_seen {
            Some(gone) if instant >= gone => PointInTime::Absent,
            _ => PointInTime::NotKnown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(n: i64) -> Timestamp {
        Timestamp(n)
    }

    #[test]
    fn between_the_last_sight_and_the_first_absence_nothing_is_known() {
        let span = Span::begin(t(10)).confirm(t(20)).close(t(30));
        assert_eq!(span.at(t(9)), PointInTime::NotKnown);
        assert_eq!(span.at(t(10)), PointInTime::Present);
        assert_eq!(span.at(t(20)), PointInTime::Present);
        assert_eq!(span.at(t(25)), PointInTime::NotKnown);
        assert_eq!(span.at(t(30)), PointInTime::Absent);
    }

    #[test]
    fn reads_that_arrive_late_neither_reopen_nor_close_a_span() {
        let open = Span::begin(t(10)).confirm(t(20));
        assert_eq!(open.confirm(t(15)), open);
        assert_eq!(open.close(t(20)), open);
        let closed = open.close(t(30));
        assert_eq!(closed.confirm(t(40)), closed);
        assert_eq!(closed.close(t(50)), closed);
    }
}
