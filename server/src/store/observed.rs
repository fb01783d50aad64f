//! The observed state of AWS: loading it as the parts of a snapshot, and storing what a crawl changed.
//!
//! Only differences are written: a crawl without changes updates one row per pair and group (its *as of* time).
//! Assignments and memberships are stored as spans and never deleted; see migrations/*/0002_observed.sql for what is
//! merged per pair.

mod accounts;
mod aggregated;
mod history;
mod interner;
mod load;
mod rows;
mod save;
mod version;

pub use accounts::reclassify;
pub use history::{
    AssignmentSpan, MembershipSpan, ended_in, ended_since, gone_users, last_read_of_each_day, left,
    memberships_since,
};
pub use load::{ClassRow, class_rows, load, organization, recorded};
pub use save::save;
pub use version::{Missed, ObservedRead, advance, keep_special, missed, newest, special};

/// The values of the column `provisioned`.
const LATEST: &str = "latest";
/// The permission set was edited after it was provisioned.
const OUTDATED: &str = "outdated";
