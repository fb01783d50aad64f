//! The local Cognito, tested by HTTP requests through its router, with a manual clock. No test reads the provider's
//! internal state.

mod authorize;
mod faults;
mod quirks;
mod sign_in;
mod support;
mod tokens;
