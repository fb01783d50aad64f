//! A change: what somebody asks for, its life, and who may move it.
//!
//! Everything anyone asks for is a change, an hour of access as much as a bulk of assignments. Only the
//! moves below write to its state, never the requester; each names who may make it. Terminal states stay.

mod card_number;

pub use card_number::holds_card_number;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    approval::Approval,
    diff::EffectHash,
    grant::Term,
    ids::{Assignment, ChangeId, GroupId, PersonId, UserId},
    time::{Duration, Timestamp},
    verdict::Verdict,
};

/// One thing that a change does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Operation {
    /// Create an account assignment.
    Assign {
        /// Which.
        assignment: Assignment,
        /// For how long.
        term: Term,
    },
    /// Delete an account assignment.
    Unassign {
        /// Which.
        assignment: Assignment,
    },
    /// Put a user into a group.
    AddMember {
        /// Into which.
        group: GroupId,
        /// Whom.
        user: UserId,
    },
    /// Take a user out of a group.
    RemoveMember {
        /// Out of which.
        group: GroupId,
        /// Whom.
        user: UserId,
    },
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The guardrails said no. Terminal; kept, because refusals are evidence.
    Refused,
    /// Waiting for approvers.
    Waiting,
    /// Approved, or free: the engine takes it up.
    Approved,
    /// The engine is at it.
    Applying,
    /// Everything was carried out and read back from AWS. Terminal.
    Verified,
    /// An approver said no. Terminal.
    Declined,
    /// Nobody decided in time. Terminal.
    Expired,
    /// The requester took it back. Terminal.
    Withdrawn,
    /// Could not be carried out; nothing of it remains or what remains is listed. Terminal.
    Failed,
}

impl State {
    /// Whether it can still move.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Waiting | Self::Approved | Self::Applying)
    }

    /// The word for it in URLs, the database and the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Applying => "applying",
            Self::Verified => "verified",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Failed => "failed",
        }
    }

    /// From the word for it.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Refused,
            Self::Waiting,
            Self::Approved,
            Self::Applying,
            Self::Verified,
            Self::Declined,
            Self::Expired,
            Self::Withdrawn,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
}

/// What somebody asks for, before anything is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What it does; at least one, each at most once.
    pub operations: Vec<Operation>,
    /// Why, in the requester's words.
    pub justification: String,
    /// The ticket, if any.
    pub ticket: Option<String>,
}

/// A stored change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `/changes/{id}`.
    pub id: ChangeId,
    /// Who asked.
    pub requester: PersonId,
    /// What for.
    pub proposal: Proposal,
    /// When.
    pub submitted: Timestamp,
    /// Until when it may be decided.
    pub decide_by: Timestamp,
    /// What the rules said.
    pub verdict: Verdict,
    /// What approvals are bound to.
    pub effect: EffectHash,
    /// Where it stands.
    pub state: State,
    /// Who decided what, oldest first; append-only.
    pub approvals: Vec<Approval>,
    /// How often it was sent back to be decided anew.
    pub round: u32,
}

/// How long a change may wait for a decision.
pub const DECIDE_WITHIN: Duration = Duration::hours(3);
/// How long after the last moment for a decision an approved change may still begin to give access.
pub const START_WITHIN: Duration = Duration::hours(12);
/// The longest justification, in bytes: it must fit on a page and through a form limit.
pub const JUSTIFICATION_BYTES: usize = 4_000;
/// The shortest, in characters: enough to say something.
pub const JUSTIFICATION_CHARS: usize = 10;
/// The most operations in one change.
pub const OPERATIONS: usize = 100;
/// The longest window, for any account.
pub const LONGEST_WINDOW: Duration = Duration::hours(12);

/// What is wrong with a proposal: which field, and what would cure it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Invalid {
    /// Nothing was asked for.
    #[error("Choose who, which permission set and which account: this change would do nothing.")]
    Empty,
    /// The same operation twice.
    #[error("The same operation stands in this change twice. Remove one of them.")]
    Twice,
    /// Too many.
    #[error("A change holds at most {OPERATIONS} operations, this one has {0}. Split it.")]
    TooMany(usize),
    /// Says nothing.
    #[error(
        "Write at least {JUSTIFICATION_CHARS} characters on why this is needed: approvers decide by it."
    )]
    TooShort,
    /// Says too much.
    #[error(
        "The reason has {0} bytes, at most {JUSTIFICATION_BYTES} are kept. Shorten it, or put the rest into the ticket."
    )]
    TooLong(usize),
    /// Looks like card data.
    #[error(
        "The text holds what looks like a card number. Remove it: card data must never be stored here."
    )]
    CardNumber,
    /// Ticket of the wrong shape.
    #[error("A ticket is at most 64 letters, digits, `-`, `_`, `#`, `/` or `.`.")]
    Ticket,
    /// A window that is too short or too long.
    #[error("A window lasts from 15 minutes to 12 hours.")]
    Window,
}

impl Proposal {
    /// Checks everything that can be checked without knowing the organisation.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.operations.is_empty() {
            return Err(Invalid::Empty);
        }
        if self.operations.len() > OPERATIONS {
            return Err(Invalid::TooMany(self.operations.len()));
        }
        let distinct: std::collections::BTreeSet<_> =
            self.operations.iter().map(Operation::target).collect();
        if distinct.len() != self.operations.len() {
            return Err(Invalid::Twice);
        }
        for operation in &self.operations {
            if let Operation::Assign {
                term: Term::For(window),
                ..
            } = operation
                && !(Duration::minutes(15)..=LONGEST_WINDOW).contains(window)
            {
                return Err(Invalid::Window);
            }
        }
        check_text(&self.justification)?;
        self.ticket.as_deref().map_or(Ok(()), check_ticket)
    }
}

fn check_text(text: &str) -> Result<(), Invalid> {
    if text.len() > JUSTIFICATION_BYTES {
        return Err(Invalid::TooLong(text.len()));
    }
    if text.trim().chars().count() < JUSTIFICATION_CHARS {
        return Err(Invalid::TooShort);
    }
    if holds_card_number(text) {
        Err(Invalid::CardNumber)
    } else {
        Ok(())
    }
}

fn check_ticket(ticket: &str) -> Result<(), Invalid> {
    if holds_card_number(ticket) {
        return Err(Invalid::CardNumber);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_#/.".contains(c);
    if !ticket.is_empty() && ticket.len() <= 64 && ticket.chars().all(plain) {
        Ok(())
    } else {
        Err(Invalid::Ticket)
    }
}

impl Operation {
    /// Whether it gives something to somebody; the others take.
    pub fn gives(&self) -> bool {
        matches!(self, Self::Assign { .. } | Self::AddMember { .. })
    }

    /// What it touches, whatever it does there: two operations on one target contradict each other.
    fn target(&self) -> (Option<&Assignment>, Option<(&GroupId, &UserId)>) {
        match self {
            Self::Assign { assignment, .. } | Self::Unassign { assignment } => {
                (Some(assignment), None)
            }
            Self::AddMember { group, user } | Self::RemoveMember { group, user } => {
                (None, Some((group, user)))
            }
        }
    }
}

/// Why a change cannot move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Stuck {
    /// It is over, or somebody was faster.
    #[error("this change is already {}", .0.as_str())]
    Is(State),
    /// It can be taken back only before the engine starts.
    #[error("this change is being carried out and can no longer be taken back")]
    Started,
}

impl Change {
    /// The requester takes it back: until the engine begins, which may be long after the last approval
    /// if AWS cannot be read.
    pub fn withdraw(&self) -> Result<State, Stuck> {
        match self.state {
            State::Waiting | State::Approved => Ok(State::Withdrawn),
            State::Applying => Err(Stuck::Started),
            other => Err(Stuck::Is(other)),
        }
    }

    /// Nobody decided in time, or what was approved could not begin in time: what approvers agreed to was
    /// access now. Taking access away has all the time in the world.
    pub fn expire(&self, now: Timestamp) -> Option<State> {
        let gives = self.proposal.operations.iter().any(Operation::gives);
        let over = match self.state {
            State::Waiting => now >= self.decide_by,
            State::Approved => gives && now >= self.decide_by + START_WITHIN,
            _ => false,
        };
        over.then_some(State::Expired)
    }

    /// Whether approvals count now.
    pub fn decidable(&self, now: Timestamp) -> Result<(), Stuck> {
        match self.state {
            State::Waiting if now < self.decide_by => Ok(()),
            State::Waiting => Err(Stuck::Is(State::Expired)),
            other => Err(Stuck::Is(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::RulesVersion;

    #[test]
    fn every_state_is_found_again_by_its_word() {
        for state in [
            State::Refused,
            State::Waiting,
            State::Approved,
            State::Applying,
            State::Verified,
            State::Declined,
            State::Expired,
            State::Withdrawn,
            State::Failed,
        ] {
            assert_eq!(State::from_word(state.as_str()), Some(state));
        }
    }

    #[test]
    fn a_reason_must_say_something_and_fit() {
        assert_eq!(check_text("short"), Err(Invalid::TooShort));
        assert_eq!(check_text(&"x".repeat(4_001)), Err(Invalid::TooLong(4_001)));
        assert_eq!(check_text("investigate incident 4711"), Ok(()));
    }

    fn standing(state: State, operation: Operation) -> Change {
        Change {
            id: ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap(),
            requester: PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap(),
            proposal: Proposal {
                operations: vec![operation],
                justification: String::new(),
                ticket: None,
            },
            submitted: Timestamp(0),
            decide_by: Timestamp(0) + DECIDE_WITHIN,
            verdict: Verdict::allowed(RulesVersion(String::new())),
            effect: EffectHash(String::new()),
            state,
            approvals: Vec::new(),
            round: 0,
        }
    }

    fn of_member(make: fn(GroupId, UserId) -> Operation) -> Operation {
        make(
            GroupId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
            UserId::parse("00000000-0000-4000-8000-000000000002").unwrap(),
        )
    }

    #[test]
    fn what_was_approved_to_give_access_does_not_begin_long_after() {
        let adds = of_member(|group, user| Operation::AddMember { group, user });
        let takes = of_member(|group, user| Operation::RemoveMember { group, user });
        let last = Timestamp(0) + DECIDE_WITHIN + START_WITHIN;
        let early = last - Duration(1);
        let approved = |operation: &Operation| standing(State::Approved, operation.clone());
        assert_eq!(approved(&adds).expire(early), None);
        assert_eq!(approved(&adds).expire(last), Some(State::Expired));
        assert_eq!(approved(&takes).expire(last), None);
        assert_eq!(standing(State::Applying, adds).expire(last), None);
    }

    #[test]
    fn a_change_can_be_taken_back_until_the_engine_begins() {
        let adds = of_member(|group, user| Operation::AddMember { group, user });
        let withdrawn = |state| standing(state, adds.clone()).withdraw();
        assert_eq!(withdrawn(State::Waiting), Ok(State::Withdrawn));
        assert_eq!(withdrawn(State::Approved), Ok(State::Withdrawn));
        assert_eq!(withdrawn(State::Applying), Err(Stuck::Started));
        assert_eq!(withdrawn(State::Expired), Err(Stuck::Is(State::Expired)));
    }
}
