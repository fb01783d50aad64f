//! What an error of a write means: certainly not done, or nobody knows.
//!
//! The one mistake this must never make is calling a write *not done* that AWS may have carried
//! out. So only an error with a code **and** a 4xx status counts as a refusal (measured:
//! reference/spikes.md A2); everything else is unknown.

use serde::{Deserialize, Serialize};

use super::event::Answer;

/// A write that AWS certainly did not carry out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What to do about it.
    pub why: Why,
    /// AWS's words, for people.
    pub message: String,
}

/// What a refusal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// `ConflictException`: someone is at it, or it is there already. Look, wait, try again.
    Conflict,
    /// Too many calls. Wait, try again.
    Throttled,
    /// What was named does not exist. A delete then only needs to be read back.
    NotFound,
    /// Denied, invalid, over a quota: trying the same again will not help a grant.
    Hopeless,
}

impl Answer {
    /// From what the SDK shows of a failed call: AWS's error code, the HTTP status, the message.
    pub fn classify(code: Option<&str>, status: Option<u16>, message: &str) -> Self {
        let (Some(code), Some(400..=499)) = (code, status) else {
            return Self::Unknown(message.to_owned());
        };
        // The wire form may carry a namespace: `com.amazonaws.ssoadmin#ThrottlingException`.
        let name = code.rsplit('#').next().unwrap_or(code);
        let why = match name {
            "ConflictException" => Why::Conflict,
            "ThrottlingException" | "TooManyRequestsException" | "Throttling" => Why::Throttled,
            "ResourceNotFoundException" => Why::NotFound,
            // The request may have reached a host that gave up while it went on.
            "RequestTimeout" | "RequestTimeoutException" | "InternalServerException" => {
                return Self::Unknown(format!("{name}: {message}"));
            }
            _ => Why::Hopeless,
        };
        Self::Refused(Refusal {
            why,
            message: format!("{name}: {message}"),
        })
    }
}

/// Whether a `FailureReason` says that trying the same again will not help a grant: a principal,
/// set or policy that is not there. An unknown reason is worth another try.
pub(super) fn hopeless(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    [
        "404",
        "not found",
        "does not exist",
        "quota",
        "limit exceeded",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
}

/// Whether a `FailureReason` says that whoever the assignment names is gone from the directory: AWS then
/// refuses its removal for ever, and nobody can sign in by it (reference/aws.md 1.3).
pub(super) fn orphaned(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["404", "assignee", "not found"]
        .iter()
        .all(|sign| reason.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(answer: Answer) -> Option<Why> {
        match answer {
            Answer::Refused(refusal) => Some(refusal.why),
            _ => None,
        }
    }

    #[test]
    fn only_a_code_with_a_4xx_status_proves_that_nothing_was_done() {
        for (code, status) in [
            (None, Some(200)),
            (None, Some(400)),
            (Some("ConflictException"), None),
            (Some("ThrottlingException"), Some(500)),
            (Some("InternalServerException"), Some(400)),
            (None, None),
        ] {
            assert!(
                matches!(Answer::classify(code, status, "x"), Answer::Unknown(_)),
                "{code:?} {status:?}"
            );
        }
    }

    #[test]
    fn a_conflict_and_a_throttle_are_known_with_and_without_a_namespace() {
        let conflict = Answer::classify(Some("ConflictException"), Some(400), "x");
        assert_eq!(why(conflict), Some(Why::Conflict));
        let code = Some("com.amazonaws.ssoadmin#ThrottlingException");
        assert_eq!(
            why(Answer::classify(code, Some(400), "x")),
            Some(Why::Throttled)
        );
        let denied = Answer::classify(Some("AccessDeniedException"), Some(403), "x");
        assert_eq!(why(denied), Some(Why::Hopeless));
    }
}
