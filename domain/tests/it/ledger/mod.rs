//! The ledger as a stranger meets it: pinned bytes, known answers, and every way to tamper.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case should stop there"
)]

mod bundle;
mod checkpoint;
mod leaf;
mod support;
mod tree;
mod verify;
