//! What a sign-in records in the ledger.

use domain::{
    identity::{IdentityRecord, KeysDigest},
    ids::PersonId,
    person::link::{IdentityLink, LinkKeys},
};

use super::SignInSuccess;
use crate::{
    http::request_id,
    service::sign_in::{SignInEntry, SignInEvent},
    store::{person::ResolvedPerson, session::NewSession},
};

/// Returns what the sign-in changed about the link, or why it is not clear which user it is. Those who agreed to a link knew
/// what its keys contradict; that they lead to another user is stated all the same.
pub(super) fn linking(
    known: &ResolvedPerson,
    link: &IdentityLink,
    keys: &LinkKeys,
    record: &IdentityRecord,
) -> Vec<SignInEvent> {
    let leads_elsewhere = matches!(link, IdentityLink::Linked(..));
    let is_agreed =
        !leads_elsewhere && !keys.is_unread() && record.agreed_keys.contains(&KeysDigest::of(keys));

    let claimed = known.claimed.clone().map(SignInEvent::Claimed);
    let linked = known.linked.clone();
    let linked = linked.map(|link| SignInEvent::Linked(known.person.clone(), link));
    let unclear = match &known.user {
        None => link
            .obstacle()
            .map(|_| SignInEvent::NotLinked(link.clone())),
        Some(_) if is_agreed => None,
        Some(user) => {
            let objection = link.objection(user);
            objection.map(|why| SignInEvent::Unclear(user.clone(), why))
        }
    };
    claimed.into_iter().chain(linked).chain(unclear).collect()
}

/// Returns the event of the session that starts.
pub(super) fn began(
    who: &SignInSuccess,
    known: &ResolvedPerson,
    new: &NewSession<'_>,
) -> SignInEvent {
    SignInEvent::SignedIn {
        mfa: new.remembered.mfa,
        linked: known.user.is_some(),
        authenticated_at: who.identity.authenticated_at,
        bound: new.bound().digest(),
    }
}

/// Returns the entry of an event of this sign-in.
pub(super) fn entry(
    who: &SignInSuccess,
    event: SignInEvent,
    person: &PersonId,
    session: &str,
    subject: Option<domain::person::Subject>,
) -> SignInEntry {
    SignInEntry {
        event,
        at: who.now,
        subject,
        person: Some(person.clone()),
        session: Some(session.to_owned()),
        client_ip: who.from,
        request: request_id::current(),
    }
}
