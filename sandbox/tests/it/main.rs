//! The tests of the sandbox in one program: each program would link every dependency again.

// The attribute is always true here; it tells clippy that the helpers are tests as well.
#[cfg(test)]
mod aws;
#[cfg(test)]
mod cognito;
