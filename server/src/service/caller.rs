//! Who calls a service: a person in a browser, a person's program, a loop of Leastwise, or somebody on the host.
//!
//! Services ask the caller and know neither cookies nor HTTP. What a kind of caller does not have is answered in the safe
//! way: only a request of a browser session proves a second factor, so nobody else ever decides.

use std::{borrow::Cow, collections::BTreeSet, net::IpAddr};

use domain::{
    approval::Mfa,
    authorize::{Actor, IdentityState},
    ids::{PersonId, UserId},
    person::Subject,
    second_factor::{StepUp, StepUpReason, step_up},
    time::{Duration, Timestamp},
};

use crate::store::Moment;

/// The caller of a service.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A person in a browser.
    Browser(CallingPerson, BrowserRequest),
    /// A program of a person, by an API token. It has the roles of the person and proves no second factor.
    ApiToken(CallingPerson),
    /// A loop of Leastwise itself.
    Job,
    /// Somebody on the host who runs a command.
    CommandLine,
}

/// The person who calls, as of this call.
#[derive(Debug, Clone)]
pub struct CallingPerson {
    /// The actor for authorization and policies. It contains the person only if it is linked to an Identity Center user.
    pub actor: Actor,
    pub person: PersonId,
    /// The linked user.
    pub user: Option<UserId>,
    /// The sign-in.
    pub subject: Subject,
    /// The directory's name of the person, or the marked name of a sign-in without a directory user.
    pub name: String,
    /// The name that the sign-in states, which the person may write. Only shown beside `name`.
    pub self_reported: Option<String>,
}

/// What only a request of a browser session has.
#[derive(Debug, Clone)]
pub struct BrowserRequest {
    /// The id of the request, for the ledger.
    pub id: String,
    /// The public id of the session, for the ledger. Not the cookie.
    pub session: String,
    /// The address of the client, for the ledger.
    pub client_ip: Option<IpAddr>,
    /// The time of the last authentication at Cognito.
    pub authenticated_at: Timestamp,
    /// The moment at which the request began.
    pub began: Moment,
}

/// A caller that is no person has no right that depends on a role or a person.
static NOBODY: Actor = Actor {
    person: None,
    roles: BTreeSet::new(),
    approver_since: None,
    mfa: Mfa::NotProven,
    identity: IdentityState::Active,
};

impl Caller {
    /// Returns the person who calls; none for a job and the command line.
    pub fn person(&self) -> Option<&CallingPerson> {
        match self {
            Self::Browser(person, _) | Self::ApiToken(person) => Some(person),
            Self::Job | Self::CommandLine => None,
        }
    }

    /// Returns the actor for authorization and policies.
    pub fn actor(&self) -> Cow<'_, Actor> {
        match self {
            Self::Browser(person, _) => Cow::Borrowed(&person.actor),
            // The person's second factor says nothing about who holds the token.
            Self::ApiToken(person) => Cow::Owned(Actor {
                mfa: Mfa::NotProven,
                ..person.actor.clone()
            }),
            Self::Job | Self::CommandLine => Cow::Borrowed(&NOBODY),
        }
    }

    /// Whether this person calls, linked or not.
    pub fn is(&self, person: &PersonId) -> bool {
        self.person()
            .is_some_and(|calling| calling.person == *person)
    }

    /// Whether this person calls, and is linked to an Identity Center user.
    pub fn acts_as(&self, person: &PersonId) -> bool {
        self.actor().person.as_ref() == Some(person)
    }

    /// Returns the Identity Center user of the person who calls.
    pub fn user(&self) -> Option<&UserId> {
        self.person()?.user.as_ref()
    }

    /// Returns the time of the last authentication; none outside a browser session.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        match self {
            Self::Browser(_, request) => Some(request.authenticated_at),
            Self::ApiToken(_) | Self::Job | Self::CommandLine => None,
        }
    }

    /// Checks whether the caller proved a second factor recently enough for a decision.
    pub fn step_up(&self, limit: Duration, now: Timestamp) -> StepUp {
        match self.authenticated_at() {
            Some(at) => step_up(self.actor().mfa, at, limit, now),
            None => StepUp::Needed(StepUpReason::NoFactor),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::authorize::{ACTIONS, Action, Role, may, writes};

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn administrator_and_approver() -> CallingPerson {
        let person = PersonId::parse("00000003-0000-4000-8000-000000000001").expect("a UUID");
        CallingPerson {
            actor: Actor {
                person: Some(person.clone()),
                roles: [Role::Administrator, Role::Approver].into(),
                approver_since: Some(Timestamp(0)),
                mfa: Mfa::Proven,
                identity: IdentityState::Active,
            },
            person,
            user: None,
            subject: Subject {
                iss: "https://issuer".into(),
                sub: "sub".into(),
            },
            name: "Ann".into(),
            self_reported: None,
        }
    }

    fn in_a_browser() -> Caller {
        let request = BrowserRequest {
            id: "request-1".into(),
            session: "session-1".into(),
            client_ip: None,
            authenticated_at: NOW,
            began: Moment::now(),
        };
        Caller::Browser(administrator_and_approver(), request)
    }

    #[test]
    fn only_a_browser_session_proves_a_second_factor_and_decides() {
        let limit = Duration::minutes(5);
        assert_eq!(in_a_browser().step_up(limit, NOW), StepUp::Proven);
        assert_eq!(may(&in_a_browser().actor(), Action::Decide), Ok(()));
        let token = Caller::ApiToken(administrator_and_approver());
        for caller in [token, Caller::Job, Caller::CommandLine] {
            let needed = StepUp::Needed(StepUpReason::NoFactor);
            assert_eq!(caller.step_up(limit, NOW), needed, "{caller:?}");
            assert!(may(&caller.actor(), Action::Decide).is_err(), "{caller:?}");
            assert_eq!(caller.actor().mfa, Mfa::NotProven, "{caller:?}");
        }
    }

    #[test]
    fn a_caller_that_is_no_person_may_write_nothing_and_is_nobody() {
        let ann = administrator_and_approver().person;
        assert!(in_a_browser().is(&ann) && in_a_browser().acts_as(&ann));
        for caller in [Caller::Job, Caller::CommandLine] {
            for action in ACTIONS.into_iter().filter(|action| writes(*action)) {
                assert!(
                    may(&caller.actor(), action).is_err(),
                    "{caller:?}: {action:?}"
                );
            }
            assert!(!caller.is(&ann) && !caller.acts_as(&ann), "{caller:?}");
        }
    }
}
