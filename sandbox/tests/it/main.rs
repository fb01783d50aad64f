//! The tests of the sandbox in one program: each program would link every dependency again.

// The attribute is always true here; it makes Clippy treat the helpers as test code.
#[cfg(test)]
mod aws;
#[cfg(test)]
mod cognito;

/// Returns the file of the key with which the user pools of tests sign. A pool without a file generates a key at each
/// start, which takes seconds in an unoptimized build.
#[cfg(test)]
fn pool_key() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/test_key.pem")
}
