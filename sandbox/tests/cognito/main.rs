//! The local Cognito, tested by HTTP requests through its router, with a manual clock. No test reads the provider's
//! internal state.

// The attribute is always true here; it makes Clippy treat the helpers as test code.
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod quirks;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
