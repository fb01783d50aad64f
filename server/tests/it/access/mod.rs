//! What pages say of access: the numbers against a count made the slow way, who may see what, and that every
//! page of the sample organisation renders.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod numbers;
mod org;
mod pages;
mod report;
mod rights;
mod rows;
mod speed;
