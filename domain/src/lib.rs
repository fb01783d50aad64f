//! The rules of Leastwise, and nothing else.
//!
//! Everything that decides lives here: who may act, what access really is, what a change would do,
//! whether it is allowed, and what has to happen next. Nothing here reads a clock, draws a random
//! number, or talks to the world; the caller passes `now`, ids and observations in. If a rule
//! cannot be tested with plain values, it does not belong in this crate.

pub mod access;
pub mod approval;
pub mod authorize;
pub mod change;
pub mod classification;
pub mod crawl;
pub mod diff;
pub mod directory;
pub mod drift;
pub mod engine;
pub mod grant;
pub mod guardrails;
pub mod ids;
#[cfg(feature = "signatures")]
pub mod ledger;
pub mod org;
pub mod permission_set;
pub mod person;
pub mod snapshot;
pub mod span;
pub mod time;
pub mod verdict;
