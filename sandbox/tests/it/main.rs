//! The tests of the sandbox in one program: each program would link every dependency again.

// The attribute is always true here; it tells clippy that the helpers are tests as well.
#[cfg(test)]
mod aws;
#[cfg(test)]
mod cognito;

/// The key with which pools of tests sign. A pool without a file makes a key of its own at each start, which takes
/// seconds in an unoptimised build.
#[cfg(test)]
fn pool_key() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/test_key.pem")
}
