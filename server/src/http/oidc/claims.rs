//! What Cognito writes into an ID token beyond the standard, and what that proves.

use std::collections::BTreeSet;

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};

/// Cognito's own claims.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CognitoClaims {
    /// `id` or `access`: an access token must never pass for an ID token.
    pub(super) token_use: Option<String>,
    #[serde(rename = "cognito:username")]
    pub(super) username: Option<String>,
    /// Absent, not empty, for somebody without a group.
    #[serde(rename = "cognito:groups", default)]
    pub(super) groups: BTreeSet<String>,
    /// Present for people who sign in through another identity provider.
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

/// What a token says of a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// There was one.
    Proven,
    /// It says how the person signed in, and that is not enough.
    NotProven,
    /// It says nothing: AWS writes `acr` and `amr` in some pools only.
    Silent,
}

/// Reads `acr` and `amr`. `fed` alone means that only the other provider could know.
pub(super) fn evidence(acr: Option<&str>, amr: Option<&[&str]>, mfa_acr: &[String]) -> Evidence {
    if acr.is_some_and(|acr| mfa_acr.iter().any(|mfa| mfa == acr)) {
        return Evidence::Proven;
    }
    let methods = amr.unwrap_or_default();
    let has = |names: &[&str]| methods.iter().any(|method| names.contains(method));
    let one_time = has(&["otp", "sms", "email_otp"]);
    // A passkey is two factors by itself: the device, and what unlocks it (PCI DSS 4.0.1, 8.4.2).
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
