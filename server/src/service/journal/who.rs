//! Who did it and from where, before it is an entry.

use std::{collections::BTreeSet, net::IpAddr};

use domain::{
    approval::Mfa,
    authorize::Role,
    ids::{PersonId, UserId},
    ledger::{Actor, ActorKind, Hash, Mfa as Evidence},
    person::Subject,
};

use super::private;
use crate::http::session::Signed;

/// Who did it. [`Who::default`] is a stranger: a human of whom nothing is known.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// Leastwise itself; everything else about a person then stays empty.
    pub system: bool,
    /// The Person.
    pub person: Option<PersonId>,
    /// Their Identity Center user.
    pub user: Option<UserId>,
    /// Their sign-in.
    pub subject: Option<Subject>,
    /// Roles held now.
    pub roles: BTreeSet<Role>,
    /// The session's public name; only its hash is written.
    pub session: Option<String>,
    /// Whether a second factor was proven, where there is a session.
    pub mfa: Option<Mfa>,
    /// By what it was proven, where that is still known.
    pub evidence: Option<Evidence>,
    /// Shown name; private.
    pub name: Option<String>,
    /// The HTTP request.
    pub request: Option<String>,
    /// The peer, as far as it can be trusted; private.
    pub client_ip: Option<IpAddr>,
    /// Trusted hops before it; private.
    pub forwarded_for: Option<String>,
    /// The browser; private.
    pub user_agent: Option<String>,
}

impl Who {
    /// Leastwise itself: an expiry, a sync, the engine.
    pub fn leastwise() -> Self {
        Self {
            system: true,
            ..Self::default()
        }
    }

    /// Somebody who is signed in, in this request.
    pub fn signed(signed: &Signed, request: &str) -> Self {
        Self {
            person: Some(signed.person.clone()),
            user: signed.user.clone(),
            subject: Some(signed.subject.clone()),
            roles: signed.actor.roles.clone(),
            session: Some(signed.session.clone()),
            mfa: Some(signed.actor.mfa),
            name: Some(signed.name.clone()),
            request: Some(request.to_owned()),
            client_ip: signed.client_ip,
            ..Self::default()
        }
    }

    pub(super) fn actor(&self) -> Actor {
        if self.system {
            return Actor::new(ActorKind::System);
        }
        let mut roles: Vec<String> = self
            .roles
            .iter()
            .map(|role| role.as_str().to_owned())
            .collect();
        roles.sort_unstable();
        Actor {
            person_id: self.person.clone(),
            identity_store_user_id: self.user.clone(),
            iss: self.subject.as_ref().map(|subject| subject.iss.clone()),
            sub: self.subject.as_ref().map(|subject| subject.sub.clone()),
            roles,
            session: self
                .session
                .as_ref()
                .map(|session| Hash::of(session.as_bytes())),
            mfa: self.evidence.clone(),
            name: self.name.as_deref().map(private),
            ..Actor::new(ActorKind::Human)
        }
    }

    /// Told where there is no evidence to show: the session keeps the answer, not always its source.
    pub(super) fn second_factor_proven(&self) -> Option<bool> {
        if self.evidence.is_some() {
            None
        } else {
            self.mfa.map(|mfa| mfa == Mfa::Proven)
        }
    }
}
