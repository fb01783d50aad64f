//! The actor of an event, and where the request came from.

use std::{collections::BTreeSet, net::IpAddr};

use domain::{
    approval::Mfa,
    authorize::Role,
    ids::{PersonId, UserId},
    ledger::{Actor, ActorKind, Hash, Mfa as Evidence},
    person::Subject,
};

use super::private;
use crate::service::caller::Caller;

/// The actor of an event. [`EntryActor::default`] is an unidentified human.
#[derive(Debug, Clone, Default)]
pub struct EntryActor {
    /// Whether the actor is Leastwise itself. All members about a person are then empty.
    pub system: bool,
    pub person: Option<PersonId>,
    /// The actor's Identity Center user.
    pub user: Option<UserId>,
    /// The actor's sign-in.
    pub subject: Option<Subject>,
    /// The actor's current roles.
    pub roles: BTreeSet<Role>,
    /// The public id of the session. Only its hash is recorded.
    pub session: Option<String>,
    /// Whether a second factor was proven, if there is a session.
    pub mfa: Option<Mfa>,
    /// The evidence of the second factor, if it is still known.
    pub evidence: Option<Evidence>,
    /// The directory's name, or the marked name of a sign-in without a directory user; private.
    pub name: Option<String>,
    /// The name that the sign-in states, recorded beside `name`; private.
    pub self_reported: Option<String>,
    /// The id of the HTTP request.
    pub request: Option<String>,
    /// The client's address, as far as it is trusted; private.
    pub client_ip: Option<IpAddr>,
    /// The trusted proxies in between; private.
    pub forwarded_for: Option<String>,
    /// The user agent; private.
    pub user_agent: Option<String>,
}

impl EntryActor {
    /// Returns Leastwise itself as the actor: for expiry, crawls, the engine and commands on the host.
    pub fn leastwise() -> Self {
        Self {
            system: true,
            ..Self::default()
        }
    }

    /// Returns the caller of a service. A caller that is no person acts as Leastwise itself.
    pub fn of(caller: &Caller) -> Self {
        let Some(calling) = caller.person() else {
            return Self::leastwise();
        };
        let person = Self {
            person: Some(calling.person.clone()),
            user: calling.user.clone(),
            subject: Some(calling.subject.clone()),
            roles: calling.actor.roles.clone(),
            mfa: Some(caller.actor().mfa),
            name: Some(calling.name.clone()),
            self_reported: calling.self_reported.clone(),
            ..Self::default()
        };
        match caller {
            Caller::Browser(_, request) => Self {
                session: Some(request.session.clone()),
                request: Some(request.id.clone()),
                client_ip: request.client_ip,
                ..person
            },
            Caller::ApiToken(_) | Caller::Job | Caller::CommandLine => person,
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

    /// Returns whether a second factor was proven, if there is no evidence to record: a session keeps the result but
    /// not always the evidence.
    pub(super) fn second_factor_proven(&self) -> Option<bool> {
        if self.evidence.is_some() {
            None
        } else {
            self.mfa.map(|mfa| mfa == Mfa::Proven)
        }
    }
}
