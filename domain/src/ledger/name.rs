//! The names in every leaf: the log and the event type.
//!
//! Both are permanently compared byte by byte, so they must not contain characters that JSON escapes or that a signed
//! note forbids.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An error for text that is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{value}` is not a valid {kind}: {expected}")]
pub struct InvalidName {
    /// The kind of name.
    pub kind: &'static str,
    /// The given text, truncated to 80 characters.
    pub value: String,
    /// A description of valid names.
    pub expected: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a name.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { kind: $kind, value: text.chars().take(80).collect(), expected: $expected })
                }
            }

            /// Returns the name as it appears in the leaf.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a log: the `log` member of every leaf, the first line of every checkpoint and the name of the key
    /// that signs them. By C2SP convention a URL without its scheme.
    LogName, "log name", "1 to 128 visible ASCII characters without `+`, `\"` and `\\`",
    |t| (1..=128).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'+' | b'"' | b'\\'))
}

name! {
    /// The type of an event, such as `change.submitted`. Its meaning never changes; a new meaning takes a new name.
    EntryType, "entry type", "two or more dotted words of a-z, 0-9 and `_`, at most 64 characters",
    |t| t.len() <= 64
        && t.contains('.')
        && t.split('.').all(|word| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_type_is_dotted_lower_case_words() {
        for right in [
            "change.submitted",
            "log.key.added",
            "session.mfa_failed",
            "a.b2",
        ] {
            assert!(EntryType::parse(right).is_ok(), "{right}");
        }
        let long = format!("a.{}", "b".repeat(63));
        for wrong in [
            "",
            "change",
            "Change.submitted",
            "change.",
            ".x",
            "a..b",
            "a.2b",
            "a b.c",
            long.as_str(),
        ] {
            assert!(EntryType::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_log_name_needs_no_escape_in_json_and_fits_a_signed_note() {
        assert!(LogName::parse("leastwise.example.com/ledger").is_ok());
        for wrong in ["", "two words", "a+b", "a\"b", "a\\b", "a\nb", "häuser"] {
            assert!(LogName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
