//! Text that must not be exposed. It never prints itself, and is compared in constant time.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A client secret or bearer token.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for the call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether `given` is equal, in a time that reveals neither the position nor the length of a difference.
    pub fn matches(&self, given: &str) -> bool {
        bool::from(
            Sha256::digest(&self.0)
                .as_slice()
                .ct_eq(Sha256::digest(given).as_slice()),
        )
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Returns the SHA-256 in hex, the stored form of a cookie or a state.
pub fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_itself_only_and_never_prints_itself() {
        let secret = Secret::new("s3cret");
        assert!(secret.matches("s3cret"));
        assert!(!secret.matches("s3cre"));
        assert!(!format!("{secret:?}").contains("s3"));
    }
}
