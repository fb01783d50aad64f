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
    let provider = signed.username.split_once('_').map(|(name, _)| name);
    let is_federated = provider.is_some_and(|name| {
        let mut known = settings
            .identity_providers
            .keys()
            .chain(&settings.mfa_providers);
        known.any(|known| known.eq_ignore_ascii_case(name))
    });
    let address = signed.email.clone().filter(|_| is_federated);
    address.unwrap_or_else(|| signed.username.clone())
}
