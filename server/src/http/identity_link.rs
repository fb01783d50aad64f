//! Records the link of an identity at sign-in: the user that it is linked to, with every external id that the user has,
//! and the keys of the sign-in by which it was found.
//!
//! Nothing counts as the link of an identity but what the ledger records, and what this sign-in found. The row of a link is
//! never recorded here; the check after the sign-in suspends an identity whose row differs.

use std::collections::BTreeSet;

use domain::{
    identity::{ExternalIdDigest, IdentityRecord},
    person::link::{IdentityLink, LinkMethod},
};

use super::state::HttpState;
use crate::{
    service::{journal::UserOfIdentity, sign_in::SignInEvent},
    store::{
        StoreError, Tx, identity,
        person::{ResolvedPerson, SignInClaims},
    },
};

/// Returns the event to record in the same transaction if the ledger lacks the link or an external id.
pub(super) async fn record(
    state: &HttpState,
    tx: &mut Tx,
    known: &ResolvedPerson,
    who: &SignInClaims<'_>,
    record: &IdentityRecord,
) -> Result<Option<SignInEvent>, StoreError> {
    let Some(user) = &known.user else {
        return Ok(None);
    };
    if record.suspended.is_some() {
        return Ok(None);
    }
    let observed = state.ports.users.external_ids(user);
    let mut external_ids: BTreeSet<_> = observed.iter().map(ExternalIdDigest::of).collect();
    external_ids.insert(ExternalIdDigest::of_subject(&who.keys.subject));
    // An identity at a provider that did not find the user may be somebody else's.
    if matches!(who.link, IdentityLink::Linked(found, by) if found == user && by.contains(&LinkMethod::Identities))
    {
        external_ids.extend(who.keys.identity.iter().map(ExternalIdDigest::of));
    }
    let recorded = record.users.get(user);
    if recorded.is_some_and(|recorded| external_ids.is_subset(recorded)) {
        return Ok(None);
    }
    identity::keep(tx, &known.person, user, &external_ids, who.at).await?;
    Ok(Some(SignInEvent::IdentityLinked(UserOfIdentity {
        person: known.person.clone(),
        user: user.clone(),
        external_ids,
    })))
}
