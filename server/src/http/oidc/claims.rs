//! The claims of Cognito ID tokens beyond the standard, and what they prove.

use std::collections::BTreeSet;

use domain::{person::link::UnusableKey, second_factor::TokenEvidence};
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

/// The user of an external identity provider, as the token names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// The name of the provider in the user pool.
    pub provider: String,
    /// The provider's id of the user.
    pub user_id: String,
    /// Every provider that the token names, linked ones included. Cognito does not state which of them was used.
    pub providers: BTreeSet<String>,
}

/// Reads the `identities` claim. Returns `None` if it names no primary identity, and an error if it is not clear who
/// signed in.
pub(super) fn federated_identity(
    identities: Option<&serde_json::Value>,
) -> Result<Option<FederatedIdentity>, UnusableKey> {
    let Some(claim) = identities.filter(|claim| !claim.is_null()) else {
        return Ok(None);
    };
    let all = claim.as_array().ok_or(UnusableKey::MalformedIdentities)?;
    let (mut primary, mut providers) = (None, BTreeSet::new());
    for identity in all {
        let text = |member: &str| {
            let value = identity.get(member).and_then(serde_json::Value::as_str);
            let value = value.filter(|value| !value.is_empty());
            value
                .map(str::to_owned)
                .ok_or(UnusableKey::MalformedIdentities)
        };
        let provider = text("providerName")?;
        providers.insert(provider.clone());
        // Cognito writes the boolean as a string.
        match identity.get("primary") {
            Some(serde_json::Value::String(word)) if word == "false" => continue,
            Some(serde_json::Value::Bool(false)) => continue,
            Some(serde_json::Value::String(word)) if word == "true" => {}
            Some(serde_json::Value::Bool(true)) => {}
            _ => return Err(UnusableKey::MalformedIdentities),
        }
        if primary.is_some() {
            return Err(UnusableKey::SeveralIdentities);
        }
        primary = Some((provider, text("userId")?));
    }
    Ok(primary.map(|(provider, user_id)| FederatedIdentity {
        provider,
        user_id,
        providers,
    }))
}

/// Evaluates `acr` and `amr`. `fed` alone means that only the external identity provider knows the methods.
pub(super) fn evidence(
    acr: Option<&str>,
    amr: Option<&[&str]>,
    mfa_acr: &[String],
) -> TokenEvidence {
    if acr.is_some_and(|acr| mfa_acr.iter().any(|mfa| mfa == acr)) {
        return TokenEvidence::Proven;
    }
    let methods = amr.unwrap_or_default();
    let has = |names: &[&str]| methods.iter().any(|method| names.contains(method));
    let one_time = has(&["otp", "sms", "email_otp"]);
    // A passkey counts as two factors: the device and what unlocks it (PCI DSS 4.0.1, 8.4.2).
    if has(&["mfa", "swk", "hwk"]) || (has(&["pwd"]) && one_time) {
        return TokenEvidence::Proven;
    }
    match (acr, methods) {
        (None, []) => TokenEvidence::Silent,
        (None, ["fed"]) => TokenEvidence::Federated,
        _ => TokenEvidence::NotProven,
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
            (None, None, TokenEvidence::Silent),
            (Some("urn:cognito:loa:4"), None, TokenEvidence::Proven),
            (Some("urn:cognito:loa:3"), None, TokenEvidence::Proven),
            (Some("urn:cognito:loa:2"), None, TokenEvidence::NotProven),
            (
                Some("urn:cognito:loa:1"),
                Some(&["pwd"][..]),
                TokenEvidence::NotProven,
            ),
            (
                None,
                Some(&["pwd", "otp", "mfa"][..]),
                TokenEvidence::Proven,
            ),
            (None, Some(&["pwd", "sms"][..]), TokenEvidence::Proven),
            (None, Some(&["email_otp"][..]), TokenEvidence::NotProven),
            (None, Some(&["hwk"][..]), TokenEvidence::Proven),
            (None, Some(&["fed"][..]), TokenEvidence::Federated),
            (None, Some(&["fed", "pwd"][..]), TokenEvidence::NotProven),
            (None, Some(&[][..]), TokenEvidence::Silent),
            (Some("urn:example:mfa"), None, TokenEvidence::NotProven),
        ] {
            assert_eq!(evidence(acr, amr, &mfa), expected, "{acr:?} {amr:?}");
        }
    }

    #[test]
    fn exactly_one_primary_identity_is_read() {
        let identity = |provider: &str, id: &str, primary: serde_json::Value| serde_json::json!({ "providerName": provider, "userId": id, "primary": primary });
        let read = |claim: serde_json::Value| federated_identity(Some(&claim));
        let ann = |providers: &[&str]| {
            Ok(Some(FederatedIdentity {
                provider: "Okta".into(),
                user_id: "00u1".into(),
                providers: providers.iter().map(|&name| name.to_owned()).collect(),
            }))
        };
        let primary = identity("Okta", "00u1", "true".into());
        let other = identity("Google", "77", "false".into());
        assert_eq!(
            read(serde_json::json!([primary, other])),
            ann(&["Google", "Okta"])
        );
        assert_eq!(
            read(serde_json::json!([identity("Okta", "00u1", true.into())])),
            ann(&["Okta"])
        );
        assert_eq!(read(serde_json::json!([other])), Ok(None));
        assert_eq!(federated_identity(None), Ok(None));
        let second = identity("Google", "77", "true".into());
        assert_eq!(
            read(serde_json::json!([primary, second])),
            Err(UnusableKey::SeveralIdentities)
        );
        for odd in [
            serde_json::json!("[]"),
            serde_json::json!([identity("Okta", "", "true".into())]),
            serde_json::json!([{ "providerName": "Okta", "userId": "00u1" }]),
            serde_json::json!([{ "userId": "00u1", "primary": "true" }]),
            serde_json::json!([primary, { "userId": "77", "primary": "false" }]),
        ] {
            assert_eq!(
                read(odd.clone()),
                Err(UnusableKey::MalformedIdentities),
                "{odd}"
            );
        }
    }
}
