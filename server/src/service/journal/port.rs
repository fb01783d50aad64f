//! Ledger entries for the sign-ins and sessions that are reported.

use async_trait::async_trait;
use domain::ledger::{EventKind, Outcome, projection::sessions::BOUND};

use super::{EntryActor, EntryBuilder, Journal};
use crate::{
    service::sign_in::{SignInEntry, SignInEvent, SignInJournal},
    store::{StoreError, Tx},
};

impl Journal {
    fn of_session(&self, entry: &SignInEntry) -> Vec<EntryBuilder> {
        let who = EntryActor {
            person: entry.person.clone(),
            subject: entry.subject.clone(),
            session: entry.session.clone(),
            mfa: match entry.event {
                SignInEvent::SignedIn { mfa, .. } => Some(mfa),
                _ => None,
            },
            request: Some(entry.request.clone()),
            client_ip: entry.client_ip,
            ..EntryActor::default()
        };
        let builder = match &entry.event {
            SignInEvent::SignedIn {
                linked,
                authenticated_at,
                bound,
                ..
            } => self
                .entry(EventKind::SessionStarted, Outcome::Success, &who)
                .fact("joined", *linked)
                .fact("authenticated_at", authenticated_at.rfc3339())
                .fact(BOUND, bound.hex()),
            SignInEvent::Ended(why) => self
                .entry(EventKind::SessionEnded, Outcome::Success, &who)
                .reason(why.as_str()),
            SignInEvent::Refused(why) => self
                .entry(EventKind::SessionRefused, Outcome::Denied, &who)
                .reason(why),
            SignInEvent::RoleEnded(person, role) => self
                .role_ended(&who, person, *role, entry.at)
                .reason("no longer in the group of this role"),
            SignInEvent::Claimed(claim) => self.subject_claimed(&who, claim),
            SignInEvent::IdentityLinked(linked) => self.identity_linked(&who, linked, entry.at),
            SignInEvent::Linked(person, link) => {
                return self.subject_linked(&who, person, link, entry.at);
            }
            SignInEvent::NotLinked(link) => self.subject_not_linked(&who, link),
            SignInEvent::Unclear(user, why) => self.subject_unclear(&who, user, why),
        };
        vec![builder.at(entry.at)]
    }
}

#[async_trait]
impl SignInJournal for Journal {
    async fn record(&self, tx: &mut Tx, entry: &SignInEntry) -> Result<(), StoreError> {
        self.append_many(tx, self.of_session(entry))
            .await
            .map(|_| ())
    }

    async fn refused(&self, entry: &SignInEntry) {
        for builder in self.of_session(entry) {
            if let Err(error) = self.note(builder).await {
                // The entry is kept and appended with the next one; the sign-in is refused in any case.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a refused sign-in could not be recorded in the ledger yet"
                );
            }
        }
    }
}
