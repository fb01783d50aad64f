//! The pages about access: numbers compared with an independent count, who may see what, and that every
//! page of the sample organization renders.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

mod attention;
mod capabilities;
mod numbers;
mod org;
mod pages;
mod paths;
mod report;
mod rights;
mod rows;
