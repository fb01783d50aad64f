//! What the entries of a change say of its row beside what decides: its state, the time to decide, and the texts that people
//! typed. Pages show this, and a verification compares it with the rows.
//!
//! Not part of the projection: it is made of the entries when somebody asks.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::{
    APPROVED, BEGAN, DECLINED, Decisions, ENDINGS, Entry, REFUSED, SENT_BACK, SUBMITTED, changes,
};
use crate::{
    approval::Decision,
    change::State,
    ids::PersonId,
    ledger::{EventKind, Hash, PrivateValue},
    time::Timestamp,
};

const FAILED: &str = EventKind::ChangeFailed.as_str();

/// What a row of a change states otherwise than its entries. Pages show what the entries say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Misstatement {
    #[error("its state differs from the one that the ledger records")]
    State,
    #[error("the end of the time to decide differs from the one that the ledger records")]
    DecideBy,
    #[error("its reason differs from the one that the ledger records")]
    Justification,
    /// The text was taken out of the ledger's private values, so what the row contains is not proven.
    #[error("its reason is not proven, because the ledger no longer holds it")]
    JustificationNotHeld,
    #[error("the reason why it failed differs from the one that the ledger records")]
    Result,
}

impl Misstatement {
    /// Whether nobody approves with this difference: they would agree to what somebody else wrote.
    pub fn stops_approvals(self) -> bool {
        matches!(self, Self::Justification | Self::JustificationNotHeld)
    }
}

/// A text that somebody typed, as an entry records it: the text itself is a private value of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedText {
    /// The number of the entry.
    pub seq: u64,
    hash: Hash,
}

impl RecordedText {
    /// The paths of these texts among the private values.
    pub const PATHS: [&'static str; 2] = ["/justification", "/private/reason"];

    fn of(seq: u64, entry: &Entry) -> Option<Self> {
        let private = match entry.kind.as_str() {
            FAILED => entry.private.get("reason"),
            _ => entry.justification.as_ref(),
        };
        let hash = private?.hash();
        Some(Self { seq, hash })
    }

    /// Returns the text among values that are stored beside entries, if it was not erased.
    pub fn among<'a>(
        &self,
        values: impl IntoIterator<Item = &'a PrivateValue>,
    ) -> Option<&'a PrivateValue> {
        values.into_iter().find(|value| value.hash() == self.hash)
    }
}

/// How a change, or a round of it, began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct RoundStart {
    /// None if the entry does not state it: an earlier version wrote it.
    state: Option<State>,
    approvals_needed: Option<u64>,
    decide_by: Option<Timestamp>,
}

impl RoundStart {
    fn of(entry: &Entry) -> Self {
        let text = |name: &str| entry.data.get(name).and_then(Value::as_str);
        let state = match entry.kind.as_str() {
            REFUSED => Some(State::Refused),
            SUBMITTED => match entry.outcome {
                super::Outcome::Pending => Some(State::Waiting),
                super::Outcome::Success => Some(State::Approved),
                _ => None,
            },
            _ => text("state").and_then(State::from_word),
        };
        Self {
            state,
            approvals_needed: entry.data.get("approvals_needed").and_then(Value::as_u64),
            decide_by: text("decide_by").and_then(Timestamp::parse_rfc3339),
        }
    }
}

/// What the entries of one change say of its row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeRecord {
    begun: Option<RoundStart>,
    /// The state since the engine started it, or since it ended.
    moved: Option<State>,
    justification: Option<RecordedText>,
    /// Of each decision, in the order of [`Decisions::given`].
    reasons: Vec<Option<RecordedText>>,
    result: Option<RecordedText>,
}

impl ChangeRecord {
    /// Applies the next entry about the change.
    pub fn apply(&mut self, seq: u64, entry: &Entry) {
        match entry.kind.as_str() {
            SUBMITTED | REFUSED if self.begun.is_none() => {
                self.begun = Some(RoundStart::of(entry));
                self.justification = RecordedText::of(seq, entry);
            }
            SENT_BACK => {
                self.begun = Some(RoundStart::of(entry));
                if self.moved == Some(State::Applying) {
                    self.moved = None;
                }
            }
            APPROVED | DECLINED if changes::decision(entry).is_some() => {
                self.reasons.push(RecordedText::of(seq, entry));
            }
            BEGAN if self.moved.is_none() => self.moved = Some(State::Applying),
            ending if ENDINGS.contains(&ending) => {
                self.moved = state_after(ending);
                self.result = (ending == FAILED)
                    .then(|| RecordedText::of(seq, entry))
                    .flatten();
            }
            _ => {}
        }
    }

    /// Returns the states that the row may have, the first one if it has another one; none if nobody requested the change.
    /// Whether an approval filled a slot when it was given is not recorded, so two are possible after enough approvals.
    pub fn states(&self, decisions: &Decisions) -> Vec<State> {
        if let Some(state) = self.moved {
            return vec![state];
        }
        let Some(begun) = &self.begun else {
            return Vec::new();
        };
        let of_round = || {
            let given = decisions.given.iter();
            given.filter(|given| given.round == decisions.round)
        };
        if of_round().any(|given| given.decision == Decision::Decline) {
            return vec![State::Declined];
        }
        let approvers: BTreeSet<&PersonId> = of_round().map(|given| &given.approver).collect();
        let enough = |needed: u64| u64::try_from(approvers.len()).is_ok_and(|have| have >= needed);
        match begun.state {
            None => vec![State::Waiting, State::Approved, State::Refused],
            Some(State::Waiting) if approvers.is_empty() => vec![State::Waiting],
            Some(State::Waiting) if begun.approvals_needed.is_none_or(enough) => {
                vec![State::Waiting, State::Approved]
            }
            Some(state) => vec![state],
        }
    }

    /// Returns when the time to decide ends, if the entries state it.
    pub fn decide_by(&self) -> Option<Timestamp> {
        self.begun.as_ref()?.decide_by
    }

    /// Returns the reason of the requester.
    pub fn justification(&self) -> Option<&RecordedText> {
        self.justification.as_ref()
    }

    /// Returns the reason of a decision by its place among [`Decisions::given`].
    pub fn reason(&self, at: usize) -> Option<&RecordedText> {
        self.reasons.get(at)?.as_ref()
    }

    /// Returns why it failed, if it did.
    pub fn result(&self) -> Option<&RecordedText> {
        self.result.as_ref()
    }

    /// Returns the texts of all entries.
    pub fn texts(&self) -> impl Iterator<Item = &RecordedText> {
        let reasons = self.reasons.iter().flatten();
        let others = [&self.justification, &self.result];
        others.into_iter().flatten().chain(reasons)
    }
}

fn state_after(ending: &str) -> Option<State> {
    Some(match EventKind::from_word(ending)? {
        EventKind::ChangeVerified => State::Verified,
        EventKind::ChangeFailed => State::Failed,
        EventKind::ChangeWithdrawn => State::Withdrawn,
        EventKind::ChangeExpired => State::Expired,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::ChangeId,
        ledger::{Actor, ActorKind, Outcome},
    };

    const CHANGE: &str = "00000004-0000-4000-8000-000000000001";

    fn entry(kind: EventKind, outcome: Outcome, person: u8) -> Entry {
        let mut actor = Actor::new(ActorKind::Human);
        let person = format!("00000003-0000-4000-8000-00000000000{person}");
        actor.person_id = Some(PersonId::parse(&person).unwrap());
        let mut entry = Entry::new(kind.entry_type(), Timestamp(1), outcome, actor);
        entry.change_id = Some(ChangeId::parse(CHANGE).unwrap());
        entry.data.insert("effect".into(), "e".into());
        entry
    }

    fn states(entries: &[Entry]) -> Vec<State> {
        let mut all = changes::AllChanges::default();
        for (seq, entry) in (0..).zip(entries) {
            all.apply(seq, entry);
        }
        let read = &all.by_id()[&ChangeId::parse(CHANGE).unwrap()];
        read.record.states(&read.decisions)
    }

    fn requested(needed: u8) -> Entry {
        let mut entry = entry(EventKind::ChangeSubmitted, Outcome::Pending, 1);
        entry.data.insert("approvals_needed".into(), needed.into());
        entry
    }

    #[test]
    fn the_state_of_a_row_follows_from_its_entries() {
        use EventKind::{
            ChangeApproved, ChangeDeclined, ChangeExpired, ChangeFailed, ChangeRefused,
            ChangeSentBack, ChangeStarted, ChangeSubmitted, ChangeVerified, ChangeWithdrawn,
        };
        let done = |kind, person| entry(kind, Outcome::Success, person);
        let approved = |person| done(ChangeApproved, person);
        assert_eq!(states(&[approved(2)]), [], "nobody requested it");
        assert_eq!(
            states(&[entry(ChangeRefused, Outcome::Denied, 1)]),
            [State::Refused]
        );
        assert_eq!(states(&[done(ChangeSubmitted, 1)]), [State::Approved]);
        let asked = requested(2);
        assert_eq!(states(std::slice::from_ref(&asked)), [State::Waiting]);
        let one = [asked.clone(), approved(2)];
        assert_eq!(states(&one), [State::Waiting]);
        let same = [asked.clone(), approved(2), approved(2)];
        assert_eq!(states(&same), [State::Waiting], "one person");
        let both = [asked.clone(), approved(2), approved(3)];
        assert_eq!(states(&both), [State::Waiting, State::Approved]);
        let against = [asked.clone(), approved(2), done(ChangeDeclined, 3)];
        assert_eq!(states(&against), [State::Declined]);
        let mut back = entry(ChangeSentBack, Outcome::Pending, 1);
        let of_before = [asked.clone(), approved(2), back.clone()];
        let any = [State::Waiting, State::Approved, State::Refused];
        assert_eq!(states(&of_before), any, "an earlier version wrote no state");
        back.data.insert("state".into(), "waiting".into());
        let again = [asked.clone(), approved(2), approved(3), back];
        assert_eq!(states(&again), [State::Waiting], "a new round");
        let begun = [
            asked.clone(),
            approved(2),
            approved(3),
            done(ChangeStarted, 1),
        ];
        assert_eq!(states(&begun), [State::Applying]);
        for (kind, state) in [
            (ChangeVerified, State::Verified),
            (ChangeFailed, State::Failed),
            (ChangeWithdrawn, State::Withdrawn),
            (ChangeExpired, State::Expired),
        ] {
            assert_eq!(states(&[asked.clone(), done(kind, 1)]), [state]);
        }
    }
}
