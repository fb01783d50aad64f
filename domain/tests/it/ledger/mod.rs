//! Tests of the ledger from the perspective of a third party: pinned bytes, known answers and every kind of tampering.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case should stop there"
)]

mod bundle;
mod checkpoint;
mod items;
mod leaf;
mod support;
mod tree;
mod verify;
