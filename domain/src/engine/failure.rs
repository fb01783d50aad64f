//! Classifies errors of writes: certainly not carried out, or unknown.
//!
//! A write that AWS may have carried out must never be classified as not carried out. Only an error with a code **and**
//! a 4xx status is a refusal (measured: reference/spikes.md A2); everything else is unknown.

use serde::{Deserialize, Serialize};

use super::event::AwsResponse;

/// An AWS error which proves that the write was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The class of the error, which decides what happens next.
    pub why: RefusalKind,
    /// The error message from AWS, for display.
    pub message: String,
}

/// The class of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// `ConflictException`: another operation is in progress, or the resource already exists. Read, wait, retry.
    Conflict,
    /// Throttled. Wait and retry.
    Throttled,
    /// A referenced resource does not exist. A delete request then only needs a read to verify it.
    NotFound,
    /// Access denied, invalid request or quota exceeded. A retry of a grant does not help.
    #[serde(rename = "hopeless")]
    Permanent,
}

impl AwsResponse {
    /// Classifies a failed call by the AWS error code, the HTTP status and the message.
    pub fn classify(code: Option<&str>, status: Option<u16>, message: &str) -> Self {
        let (Some(code), Some(400..=499)) = (code, status) else {
            return Self::Unknown(message.to_owned());
        };
        // The wire form may carry a namespace: `com.amazonaws.ssoadmin#ThrottlingException`.
        let name = code.rsplit('#').next().unwrap_or(code);
        let why = match name {
            "ConflictException" => RefusalKind::Conflict,
            "ThrottlingException" | "TooManyRequestsException" | "Throttling" => {
                RefusalKind::Throttled
            }
            "ResourceNotFoundException" => RefusalKind::NotFound,
            // The write may still complete on the server side.
            "RequestTimeout" | "RequestTimeoutException" | "InternalServerException" => {
                return Self::Unknown(format!("{name}: {message}"));
            }
            _ => RefusalKind::Permanent,
        };
        Self::Refused(Refusal {
            why,
            message: format!("{name}: {message}"),
        })
    }
}

/// Returns whether a `FailureReason` shows that retrying a grant does not help: a missing principal, permission set or
/// policy, or an exceeded quota. An unknown reason is worth a retry.
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

/// Returns whether a `FailureReason` shows that the principal of the assignment no longer exists in the directory. AWS
/// then always refuses the removal, and nobody can sign in through the assignment (reference/aws.md 1.3).
pub(super) fn orphaned(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["404", "assignee", "not found"]
        .iter()
        .all(|sign| reason.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(answer: AwsResponse) -> Option<RefusalKind> {
        match answer {
            AwsResponse::Refused(refusal) => Some(refusal.why),
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
                matches!(
                    AwsResponse::classify(code, status, "x"),
                    AwsResponse::Unknown(_)
                ),
                "{code:?} {status:?}"
            );
        }
    }

    #[test]
    fn a_conflict_and_a_throttle_are_known_with_and_without_a_namespace() {
        let conflict = AwsResponse::classify(Some("ConflictException"), Some(400), "x");
        assert_eq!(why(conflict), Some(RefusalKind::Conflict));
        let code = Some("com.amazonaws.ssoadmin#ThrottlingException");
        assert_eq!(
            why(AwsResponse::classify(code, Some(400), "x")),
            Some(RefusalKind::Throttled)
        );
        let denied = AwsResponse::classify(Some("AccessDeniedException"), Some(403), "x");
        assert_eq!(why(denied), Some(RefusalKind::Permanent));
    }
}
