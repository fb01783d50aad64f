//! What AWS showed: loading it as a snapshot's parts, and writing what a crawl changed.
//!
//! Only differences are written: a crawl that finds nothing new touches one row per pair and group
//! (its *as of*). Assignments and memberships are spans and never deleted; see
//! migrations/*/0002_observed.sql for what is merged per pair.

mod load;
mod once;
mod rows;
mod save;

pub use load::{load, recorded};
pub use save::save;

/// The words of `provisioned` in the database.
const LATEST: &str = "latest";
/// The set was edited since.
const OUTDATED: &str = "outdated";
