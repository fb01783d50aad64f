//! The only crate that touches the world.
//!
//! `store` (SQL) and `aws` (SDK) never know each other; `service` and `engine` use both; `http`
//! talks to `service` only. `tests/it/architecture.rs` holds that.

pub mod aws;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod http;
pub mod policies;
pub mod service;
pub mod state;
pub mod store;
