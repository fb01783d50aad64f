//! The ledger as a stranger meets it: pinned bytes, known answers, and every way to tamper.

mod bundle;
mod checkpoint;
mod leaf;
mod support;
mod tree;
mod verify;
