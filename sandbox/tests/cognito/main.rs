//! The local Cognito, spoken to as its clients do: over HTTP requests through its router, on a clock that stands
//! still. Nothing here reads the provider's memory.

// The attribute is always true here; it tells clippy that the helpers are tests as well.
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
