//! Since when something is so, and until when it was.
//!
//! AWS tells what is, never since when. A span says what we saw: first seen, last confirmed, and,
//! once it is gone, between which two reads it went. From spans an answer about a date is *yes*,
//! *no* or *not known then*; it never guesses between two reads.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One unbroken stretch of something being observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first read that showed it.
    pub first_seen: Timestamp,
    /// The last read that showed it.
    pub last_confirmed: Timestamp,
    /// The first complete read that no longer showed it.
    pub gone_seen: Option<Timestamp>,
}

/// What is known about an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// It was so.
    Yes,
    /// It was not so.
    No,
    /// Nobody looked then.
    NotKnown,
}

impl Span {
    /// A span that begins with this read.
    pub fn begin(at: Timestamp) -> Self {
        Self {
            first_seen: at,
            last_confirmed: at,
            gone_seen: None,
        }
    }

    /// Another read shows it. A read older than what is known changes nothing.
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

    /// A complete read no longer shows it. A read not later than the last confirmation is stale.
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

    /// Whether it was so at an instant, as far as anybody looked.
    pub fn at(self, instant: Timestamp) -> Known {
        if instant < self.first_seen {
            return Known::NotKnown;
        }
        if instant <= self.last_confirmed {
            return Known::Yes;
        }
        match self.gone_seen {
            Some(gone) if instant >= gone => Known::No,
            _ => Known::NotKnown,
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
        assert_eq!(span.at(t(9)), Known::NotKnown);
        assert_eq!(span.at(t(10)), Known::Yes);
        assert_eq!(span.at(t(20)), Known::Yes);
        assert_eq!(span.at(t(25)), Known::NotKnown);
        assert_eq!(span.at(t(30)), Known::No);
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
