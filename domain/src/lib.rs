//! The decision logic of Leastwise: pure functions over plain values.
//!
//! Everything that decides is here: who may act, who has effective access, what a change does, whether it is
//! allowed, and what has to happen next. The crate does no I/O, reads no clock and draws no random numbers; the
//! caller passes in `now`, ids and observations. A rule that cannot be tested with plain values does not belong here.

// The fixtures that the tests of other crates share name this crate from outside.
#[cfg(test)]
extern crate self as domain;

pub mod access;
pub mod approval;
pub mod authorize;
pub mod budget;
pub mod card_number;
pub mod change;
pub mod classification;
pub mod crawl;
pub mod diff;
pub mod directory;
pub mod drift;
pub mod engine;
pub mod exposure_history;
pub mod grant;
pub mod hash;
pub mod identity;
pub mod ids;
pub mod job;
#[cfg(feature = "signatures")]
pub mod ledger;
pub mod org;
pub mod permission_set;
pub mod person;
pub mod policies;
pub mod private;
pub mod report_difference;
pub mod second_factor;
pub mod shared_map;
pub mod snapshot;
pub mod span;
pub mod stored_document;
pub mod subject;
pub mod time;
pub mod verdict;
