//! The server: the only crate that performs I/O.
//!
//! `store` (SQL) and `aws` (SDK) do not depend on each other; `service`, `engine` and `jobs` use both; `http` calls
//! `service` only. `tests/it/architecture.rs` checks these dependencies.

// It panics when the reader of the output is gone; `cli::print` does not.
#![deny(clippy::print_stdout)]

pub mod aws;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod http;
pub mod jobs;
mod key_file;
pub mod mapping_file;
pub mod pool_configuration;
pub mod process_lock;
mod row_comparison;
pub mod row_key;
pub mod service;
pub mod state;
pub mod store;
