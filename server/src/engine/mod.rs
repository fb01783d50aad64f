//! Runs `domain::engine` and the other loops: sync, expiry, sealing.
//!
//! The only module that writes to AWS (`execute`), and never inside a database transaction. `domain` decides; this
//! module carries out, and may be killed at any instant.

pub mod adopt_mapping;
pub mod commit;
pub mod declarations;
pub mod execute;
pub mod expire;
pub mod failpoint;
pub mod observe;
mod persons;
pub mod reconcile;
pub mod reread;
mod reread_accounts;
pub mod reread_removal;
mod saga_steps;
pub mod seal;
pub mod sync;
