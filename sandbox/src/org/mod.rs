//! Organisations as plain data: what AWS holds when the sandbox starts.

pub mod pool;
