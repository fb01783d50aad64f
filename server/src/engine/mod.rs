//! Runs `domain::engine` and the loops of every process, and does what jobs run: crawls, expiry.
//!
//! The only module that writes to AWS (`execute`), and never inside a database transaction. `domain` decides; this
//! module carries out, and may be killed at any instant.

pub mod adopt_mapping;
pub mod approver_status;
pub mod commit;
pub mod declarations;
mod engine_permission;
pub mod execute;
pub mod expire;
pub mod failpoint;
pub mod follow;
pub mod heartbeat;
mod held_up;
pub mod lease;
pub mod pending_starts;
mod persons;
pub mod reconcile;
pub mod reread;
mod reread_accounts;
mod saga_steps;
pub mod seal;
pub mod start;
mod start_refusals;
pub mod sync;
