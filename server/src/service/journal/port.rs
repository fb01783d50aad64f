//! Ledger entries for the sign-ins and sessions that `http` reports.

use async_trait::async_trait;
use domain::ledger::{Outcome, said::sessions::BOUND};

use super::{Draft, Journal, Kind, Who};
use crate::{
    http::ports::{self, Event},
    store::{StoreError, Tx},
};

impl Journal {
    fn of_session(&self, told: &ports::Entry) -> Draft {
        let who = Who {
            person: told.person.clone(),
            subject: told.subject.clone(),
            session: told.session.clone(),
            mfa: match told.event {
                Event::SignedIn { mfa, .. } => Some(mfa),
                _ => None,
            },
            request: Some(told.request.clone()),
            client_ip: told.client_ip,
            ..Who::default()
        };
        let draft = match &told.event {
            Event::SignedIn {
                joined,
                authenticated_at,
                bound,
                ..
            } => self
                .entry(Kind::SessionStarted, Outcome::Success, &who)
                .fact("joined", *joined)
                .fact("authenticated_at", authenticated_at.rfc3339())
                .fact(BOUND, bound.hex()),
            Event::Ended(why) => self
                .entry(Kind::SessionEnded, Outcome::Success, &who)
                .reason(why.as_str()),
            Event::Refused(why) => self
                .entry(Kind::SessionRefused, Outcome::Denied, &who)
                .reason(why),
            Event::RoleEnded(person, role) => self
                .role_ended(&who, person, *role, told.at)
                .reason("no longer in the group of this role"),
            Event::Claimed(claim) => self.subject_claimed(&who, claim),
        };
        draft.at(told.at)
    }
}

#[async_trait]
impl ports::Journal for Journal {
    async fn record(&self, tx: &mut Tx, entry: &ports::Entry) -> Result<(), StoreError> {
        self.append(tx, self.of_session(entry)).await.map(|_| ())
    }

    async fn refused(&self, entry: &ports::Entry) {
        if let Err(error) = self.note(self.of_session(entry)).await {
            // The entry is kept and appended with the next one; the sign-in is refused in any case.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a refused sign-in could not be recorded in the ledger yet"
            );
        }
    }
}
