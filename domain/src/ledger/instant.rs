//! The serialization of a time in a leaf: `2026-11-23T09:14:05.120Z`.
//!
//! UTC, always three digits of milliseconds, years 1970 to 9999. Each instant has exactly one spelling; any other is
//! rejected, also on reading.

use serde::{Deserialize, Deserializer, Serializer, de, ser};

use crate::time::Timestamp;

const YEAR_10000: i64 = 253_402_300_800_000;

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    if (0..YEAR_10000).contains(&at.0) {
        serializer.serialize_str(&at.rfc3339())
    } else {
        Err(ser::Error::custom(format_args!(
            "{} ms is not within the years 1970 to 9999",
            at.0
        )))
    }
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse_rfc3339(&text)
        .filter(|at| (0..YEAR_10000).contains(&at.0) && at.rfc3339() == text)
        .ok_or_else(|| de::Error::custom("a time has the form 2026-11-23T09:14:05.120Z"))
}

/// For a key that may be absent. A present key has a value.
pub mod optional {
    use serde::{Deserializer, Serializer};

    use crate::time::Timestamp;

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}
