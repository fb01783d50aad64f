//! The projection of sessions: their start, what they were bound to, and their end.
//!
//! A session row that was inserted into the database is not a session: the entry of the session's start covers all of
//! its fixed properties, and a forged row has no such entry.

use serde::{Deserialize, Serialize};

use super::{Entry, Outcome};
use crate::{
    approval::Mfa,
    ids::PersonId,
    ledger::{EventKind, Hash},
    person::Subject,
    shared_map::SharedMap,
    time::{Duration, Timestamp},
};

/// The event type of a sign-in.
pub const STARTED: &str = EventKind::SessionStarted.as_str();
/// The event type of a session's end.
pub const ENDED: &str = EventKind::SessionEnded.as_str();
/// Every event type that changes a session.
pub const OF_SESSIONS: [&str; 2] = [STARTED, ENDED];
/// The member of `data` that holds [`SessionBinding::digest`].
pub const BOUND: &str = "bound";

/// The properties of a session that never change after its start.
#[derive(Debug, Clone, Copy)]
pub struct SessionBinding<'a> {
    /// The public id.
    pub id: &'a str,
    /// SHA-256 of the cookie, in hex.
    pub token_hash: &'a str,
    pub subject: &'a Subject,
    /// The username in the user pool, under which the pool is queried.
    pub username: &'a str,
    pub mfa: Mfa,
    pub authenticated_at: Timestamp,
    pub started_at: Timestamp,
    /// The latest end of the session.
    pub ends_at: Timestamp,
}

impl SessionBinding<'_> {
    /// Returns the SHA-256 of all properties. JSON delimits them unambiguously.
    pub fn digest(&self) -> Hash {
        let parts = serde_json::json!([
            "leastwise-session-v1",
            self.id,
            self.token_hash,
            self.subject.iss,
            self.subject.sub,
            self.username,
            self.mfa == Mfa::Proven,
            self.authenticated_at.0,
            self.started_at.0,
            self.ends_at.0,
        ]);
        Hash::of(parts.to_string().as_bytes())
    }
}

/// A session according to its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedSession {
    pub bound: Hash,
    /// Whose sign-in it was then. Entries of the first versions state none.
    pub person: Option<PersonId>,
    pub ended_at: Option<Timestamp>,
}

/// How long a session is known after its start, at least; twice as long at most. Longer than the server keeps the row of a
/// session: a row without its session does not count.
pub const KNOWN_FOR: Duration = Duration::days(16);

/// The sessions that began lately, by SHA-256 of their public id. Time passes by the starts that were recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The number of the newest period of [`KNOWN_FOR`] in which a session began.
    period: i64,
    of_period: SharedMap<Hash, RecordedSession>,
    /// Those that began before, without those of the periods before that.
    before: SharedMap<Hash, RecordedSession>,
}

impl Sessions {
    pub(super) fn apply(&mut self, entry: &Entry) {
        let (Some(name), Outcome::Success) = (entry.actor.session, entry.outcome) else {
            return;
        };
        match entry.kind.as_str() {
            STARTED => {
                let bound = entry.data.get(BOUND).and_then(|bound| bound.as_str());
                let bound = bound.and_then(|hex| Hash::parse_hex(hex.as_bytes()));
                if let Some(bound) = bound {
                    let begun = RecordedSession {
                        bound,
                        person: entry.actor.person_id.clone(),
                        ended_at: None,
                    };
                    self.begin_period_of(entry.occurred_at);
                    // The first start counts.
                    if !self.before.contains_key(&name) {
                        self.of_period.or_insert_with(name, || begun);
                    }
                }
            }
            ENDED => {
                for known in [&mut self.of_period, &mut self.before] {
                    if let Some(begun) = known.get_mut(&name) {
                        begun.ended_at.get_or_insert(entry.occurred_at);
                    }
                }
            }
            _ => {}
        }
    }

    /// Forgets the sessions of the period before the last one if another one begins at this instant. A start with a wrong
    /// time far ahead forgets no more than any other.
    fn begin_period_of(&mut self, at: Timestamp) {
        let period = at.0.div_euclid(KNOWN_FOR.0);
        if period > self.period {
            self.period = period;
            self.before = std::mem::take(&mut self.of_period);
        }
    }

    /// Returns the session of a row if the entry of its start confirms the row.
    pub fn proof(&self, row: &SessionBinding<'_>) -> Option<RecordedSession> {
        let name = Hash::of(row.id.as_bytes());
        let begun = self.of_period.get(&name);
        let begun = begun.or_else(|| self.before.get(&name))?;
        (begun.bound == row.digest()).then(|| begun.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Actor, ActorKind, EntryType};

    fn subject(sub: &str) -> Subject {
        Subject {
            iss: "https://issuer".into(),
            sub: sub.into(),
        }
    }

    fn bound(subject: &Subject) -> SessionBinding<'_> {
        SessionBinding {
            id: "s-1",
            token_hash: "00",
            subject,
            username: "ann",
            mfa: Mfa::NotProven,
            authenticated_at: Timestamp(1),
            started_at: Timestamp(2),
            ends_at: Timestamp(3),
        }
    }

    fn entry(kind: &str, bound: &SessionBinding<'_>) -> Entry {
        let kind = EntryType::parse(kind).unwrap();
        let actor = Actor {
            session: Some(Hash::of(bound.id.as_bytes())),
            ..Actor::new(ActorKind::Human)
        };
        let mut entry = Entry::new(kind, Timestamp(5), Outcome::Success, actor);
        entry.data.insert(BOUND.into(), bound.digest().hex().into());
        entry
    }

    #[test]
    fn a_session_counts_as_what_it_began_as_and_nothing_else() {
        let (ann, bob) = (subject("ann"), subject("bob"));
        let began = bound(&ann);
        let mut sessions = Sessions::default();
        assert_eq!(sessions.proof(&began), None);
        sessions.apply(&entry(STARTED, &began));
        assert!(sessions.proof(&began).is_some());
        for other in [
            SessionBinding { id: "s-2", ..began },
            SessionBinding {
                token_hash: "01",
                ..began
            },
            SessionBinding {
                subject: &bob,
                ..began
            },
            SessionBinding {
                username: "bob",
                ..began
            },
            SessionBinding {
                mfa: Mfa::Proven,
                ..began
            },
            SessionBinding {
                authenticated_at: Timestamp(9),
                ..began
            },
            SessionBinding {
                started_at: Timestamp(9),
                ..began
            },
            SessionBinding {
                ends_at: Timestamp(9),
                ..began
            },
        ] {
            assert_eq!(sessions.proof(&other), None, "{other:?}");
        }
    }

    #[test]
    fn a_session_is_forgotten_after_the_period_that_follows_its_own() {
        let ann = subject("ann");
        let began = bound(&ann);
        let start = |id: &'static str, at: i64| {
            let mut entry = entry(STARTED, &SessionBinding { id, ..began });
            entry.occurred_at = Timestamp(at);
            entry
        };
        let last = KNOWN_FOR.0 - 1;
        let mut sessions = Sessions::default();
        sessions.apply(&start("s-1", last));
        sessions.apply(&start("s-2", 2 * KNOWN_FOR.0 - 1));
        assert!(sessions.proof(&began).is_some(), "for a whole period");
        let mut ended = entry(ENDED, &began);
        ended.occurred_at = Timestamp(last + 1);
        sessions.apply(&ended);
        sessions.apply(&start("s-1", last + 2));
        let proof = sessions.proof(&began).unwrap();
        assert_eq!(proof.ended_at, Some(Timestamp(last + 1)), "begins once");
        sessions.apply(&start("s-3", 2 * KNOWN_FOR.0));
        assert_eq!(sessions.proof(&began), None);
        // A clock that is wrong once signs nobody out.
        sessions.apply(&start("s-4", 99 * KNOWN_FOR.0));
        let third = SessionBinding { id: "s-3", ..began };
        assert!(sessions.proof(&third).is_some());
        assert!(sessions.of_period.len() == 1 && sessions.before.len() == 1);
    }

    #[test]
    fn an_end_is_final_and_a_second_beginning_is_none() {
        let ann = subject("ann");
        let began = bound(&ann);
        let mut sessions = Sessions::default();
        sessions.apply(&entry(ENDED, &began));
        for kind in [STARTED, ENDED, STARTED] {
            sessions.apply(&entry(kind, &began));
        }
        let proof = sessions.proof(&began).unwrap();
        assert_eq!(proof.ended_at, Some(Timestamp(5)));
    }
}
