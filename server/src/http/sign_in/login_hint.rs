//! The name that the sign-in page shows as entered when a signed-in person signs in again. A hint for the page, never a
//! proof of who signs in.

use std::collections::BTreeMap;

use crate::http::{
    error::HttpError,
    session::{CookieLookup, SignedIn},
    state::HttpSettings,
};

/// Returns the name that the person of the current session enters to sign in; none without a session, and for a sign-in
/// as somebody else.
pub(super) fn of(
    settings: &HttpSettings,
    session: &Result<CookieLookup, HttpError>,
    query: &BTreeMap<String, String>,
) -> Option<String> {
    match session {
        Ok(CookieLookup::Signed(signed, _)) if !query.contains_key("account") => {
            Some(name(settings, signed))
        }
        _ => None,
    }
}

/// The pool's own name of a user of an identity provider (`PROVIDER_ID`) is nothing that a person enters, so their address
/// stands for it.
fn name(settings: &HttpSettings, signed: &SignedIn) -> String {
    let mut providers = settings
        .identity_providers
        .keys()
        .chain(&settings.mfa_providers);
    let is_federated = providers.any(|provider| is_of(provider, &signed.username));
    let address = signed.email.clone().filter(|_| is_federated);
    address.unwrap_or_else(|| signed.username.clone())
}

/// Whether a name of the pool is that of a user of this provider, whose name may contain `_` too.
fn is_of(provider: &str, username: &str) -> bool {
    let name = username.get(..provider.len());
    let id = username.get(provider.len()..);
    name.is_some_and(|name| name.eq_ignore_ascii_case(provider))
        && id.is_some_and(|id| id.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_found_in_a_name_though_it_contains_a_separator_itself() {
        assert!(is_of("my_idp", "my_idp_00u1"));
        assert!(is_of("Okta", "okta_00u1"));
        for (provider, username) in [
            ("my", "myra_okafor"),
            ("my_idp", "my_00u1"),
            ("okta", "okta"),
            ("oktaé", "okta_é"),
            ("okt", "okté_1"),
        ] {
            assert!(!is_of(provider, username), "{provider} {username}");
        }
    }
}
