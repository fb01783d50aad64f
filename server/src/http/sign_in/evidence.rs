//! What the user pool and the identity provider state about a sign-in: the evidence of a second factor, and the keys of
//! the Identity Center user.
//!
//! `domain` evaluates it. A key that is unclear or could not be read is marked as such and never left out.

use domain::{
    directory::ExternalId,
    ids::UserId,
    person::link::{LinkKeys, UnusableKey},
    second_factor::{Authenticator, PoolMfa},
};

use crate::{
    http::{
        oidc::{Identity, SignInFailure},
        state::{HttpSettings, HttpState},
    },
    service::sign_in::PoolStatus,
};

/// What the pool states about an active user.
pub(super) struct PoolAnswer {
    mfa: PoolMfa,
    directory_user: Option<String>,
}

/// Queries the pool. Returns `None` if it did not respond; a user who may not sign in is refused.
pub(super) async fn pool_answer(
    state: &HttpState,
    identity: &Identity,
) -> Result<Option<PoolAnswer>, SignInFailure> {
    match state.ports.pool.status(&identity.username).await {
        PoolStatus::Disabled | PoolStatus::Gone => Err(SignInFailure::Refused("disabled")),
        PoolStatus::Active {
            mfa,
            directory_user,
            ..
        } => Ok(Some(PoolAnswer {
            mfa,
            directory_user,
        })),
        PoolStatus::Unknown => Ok(None),
    }
}

/// Returns who authenticated the person. The pool never asks federated users for a second factor, and any provider of the
/// claim may have been the one that was used, so each of them has to require it.
pub(super) fn authenticator(
    settings: &HttpSettings,
    identity: &Identity,
    pool: Option<&PoolAnswer>,
) -> Authenticator {
    if !identity.federated {
        return Authenticator::Pool(pool.map(|answer| answer.mfa));
    }
    match &identity.identity {
        Ok(Some(at)) if at.providers.is_subset(&settings.mfa_providers) => {
            Authenticator::StrictProvider
        }
        _ => Authenticator::Provider,
    }
}

/// Returns the keys by which the directory is searched for the user of a sign-in.
pub(super) fn link_keys(
    settings: &HttpSettings,
    identity: &Identity,
    pool: Option<PoolAnswer>,
) -> LinkKeys {
    let mut keys = LinkKeys::of_subject(identity.subject.clone());
    if !settings.identity_providers.is_empty() {
        match &identity.identity {
            Ok(Some(at)) => {
                let issuer = settings.identity_providers.get(&at.provider);
                keys.identity = issuer.map(|issuer| ExternalId {
                    issuer: issuer.clone(),
                    id: at.user_id.clone(),
                });
            }
            Ok(None) => {}
            Err(why) => keys.unusable = Some(*why),
        }
        if keys.identity.as_ref().is_some_and(|at| at.id.contains('@')) {
            (keys.identity, keys.unusable) = (None, Some(UnusableKey::EmailAsIdentity));
        }
    }
    if settings.identity_attribute.is_some() {
        match pool.map(|answer| answer.directory_user) {
            None => keys.unusable = Some(UnusableKey::UnreadAttribute),
            Some(None) => {}
            Some(Some(text)) => match UserId::parse(&text) {
                Ok(user) => keys.attribute = Some(user),
                Err(_) => keys.unusable = Some(UnusableKey::MalformedAttribute),
            },
        }
    }
    keys
}
