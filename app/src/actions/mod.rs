//! The actions behind forms, one file per noun.
//!
//! An action reads its fields, calls a port, and returns the URL of the record to redirect to. It contains no decision
//! logic. Actions are plain POST routes and not Leptos server functions, which in 0.8 respond to every error with
//! status 500 or a redirect to the caller's `Referer`.

pub mod change;
pub mod job;
