//! The claims of Cognito ID tokens beyond the standard, and what they prove.

use std::collections::BTreeSet;

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};

/// The Cognito-specific claims.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CognitoClaims {
    /// `id` or `access`. An access token must never be accepted as an ID token.
    pub(super) token_use: Option<String>,
    #[serde(rename = "cognito:username")]
    pub(super) username: Option<String>,
    /// Absent, not empty, for a user without groups.
    #[serde(rename = "cognito:groups", default)]
    pub(super) groups: BTreeSet<String>,
    /// Present for users of an external identity provider.
    pub(super) identities: Option<serde_json::Value>,
}

impl AdditionalClaims for CognitoClaims {}

impl CognitoClaims {
    pub(super) fn federated(&self) -> bool {
        self.identities
            .as_ref()
            .is_some_and(|value| !value.is_null())
    }
}

/// The evidence of a second factor in a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A second factor was used.
    Proven,
    /// The token states the methods, and they are not sufficient.
    NotProven,
    /// The token states nothing: AWS sets `acr` and `amr` in some pools only.
    Silent,
}

/// Evaluates `acr` and `amr`. `fed` alone means that only the external identity provider knows the methods.
pub(super) fn evidence(acr: Option<&str>, amr: Option<&[&str]>, mfa_acr: &[String]) -> Evidence {
    if acr.is_some_and(|acr| mfa_acr.iter().any(|mfa| mfa == acr)) {
        return Evidence::Proven;
    }
    let methods = amr.unwrap_or_default();
    let has = |names: &[&str]| methods.iter().any(|method| names.contains(method));
    let one_time = has(&["otp", "sms", "email_otp"]);
    // A passkey counts as two factors: the device and what unlocks it (PCI DSS 4.0.1, 8.4.2).
    if has(&["mfa", "swk", "hwk"]) || (has(&["pwd"]) && one_time) {
        return Evidence::Proven;
    }
    if acr.is_none() && methods.is_empty() {
        Evidence::Silent
    } else {
        Evidence::NotProven
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_factors_or_a_passkey_prove_and_one_factor_does_not() {
        let mfa = [
            "urn:cognito:loa:3".to_owned(),
            "urn:cognito:loa:4".to_owned(),
        ];
        for (acr, amr, expected) in [
            (None, None, Evidence::Silent),
            (Some("urn:cognito:loa:4"), None, Evidence::Proven),
            (Some("urn:cognito:loa:3"), None, Evidence::Proven),
            (Some("urn:cognito:loa:2"), None, Evidence::NotProven),
            (
                Some("urn:cognito:loa:1"),
                Some(&["pwd"][..]),
                Evidence::NotProven,
            ),
            (None, Some(&["pwd", "otp", "mfa"][..]), Evidence::Proven),
            (None, Some(&["pwd", "sms"][..]), Evidence::Proven),
            (None, Some(&["email_otp"][..]), Evidence::NotProven),
            (None, Some(&["hwk"][..]), Evidence::Proven),
            (None, Some(&["fed"][..]), Evidence::NotProven),
            (None, Some(&[][..]), Evidence::Silent),
            (Some("urn:example:mfa"), None, Evidence::NotProven),
        ] {
            assert_eq!(evidence(acr, amr, &mfa), expected, "{acr:?} {amr:?}");
        }
    }
}
