//! The local Cognito, spoken to as its clients do: over HTTP requests through its router, on a clock that stands
//! still. Nothing here reads the provider's memory.

mod authorize;
mod faults;
mod quirks;
mod sign_in;
mod support;
mod tokens;
