//! What forms do: mutations only, a few lines each, one file per noun.
//!
//! An action reads its fields, asks the port, and answers where to go: the record is the result
//! page. It never decides. Plain POST routes instead of Leptos server functions, which in 0.8
//! answer every error with status 500 or a redirect to the caller's `Referer`; nothing in the
//! browser calls them anyway.

pub mod change;
