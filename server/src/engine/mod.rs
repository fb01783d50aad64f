//! Runs `domain::engine` and the other loops: sync, expiry, sealing.
//!
//! The only place from which AWS is written to (`execute`), and never inside a database
//! transaction. What the reconciler decides is in `domain`; here is only the carrying out, which may
//! be killed at any instant.

pub mod commit;
pub mod execute;
pub mod expire;
pub mod failpoint;
pub mod fresh;
pub mod observe;
pub mod reconcile;
pub mod seal;
pub mod sync;
