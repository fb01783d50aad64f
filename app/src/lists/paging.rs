//! How the pages of a list are counted: by their number, or by the numbers of their rows. A list that grows while somebody
//! reads it, and of which only a part is ever read, has pages that begin before or after one of its rows.

use std::fmt;

/// How the pages of a list are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// From 1, and all rows are counted.
    ByNumber,
    /// By the sequence numbers of the rows.
    BySequence,
}

/// Where a page begins that is counted by sequence numbers. None is the first page of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With the row before this number: the next older rows.
    Before(u64),
    /// With the row after this number: the next newer rows.
    After(u64),
}

const BEFORE: &str = "before";
const AFTER: &str = "after";

impl Start {
    /// Reads a field of a URL; none if it is another field, or its value is no number of a row.
    pub(super) fn parse(name: &str, value: &str) -> Option<Self> {
        let number: u64 = value.parse().ok()?;
        // The database holds no larger number.
        i64::try_from(number).ok()?;
        match name {
            BEFORE => Some(Self::Before(number)),
            AFTER => Some(Self::After(number)),
            _ => None,
        }
    }

    /// Returns the name of its field in a URL.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Before(_) => BEFORE,
            Self::After(_) => AFTER,
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(number) | Self::After(number) => number.fmt(f),
        }
    }
}
