//! A change: what somebody asks for, its life, and who may move it.
//!
//! Everything anyone asks for is a change, an hour of access as much as a bulk of assignments. Only the
//! moves below write to its state, never the requester; each names who may make it. Terminal states stay.

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

/// Whether a text holds 13 to 19 digits, spaced or dashed as people type them, that pass the Luhn
/// check: card data must never enter (reference/pci.md 1.1). An AWS account number has 12 digits.
pub fn holds_card_number(text: &str) -> bool {
    let mut digits: Vec<u32> = Vec::new();
    for c in text.chars().chain(std::iter::once('.')) {
        match c.to_digit(10) {
            Some(d) => digits.push(d),
            None if (c == ' ' || c == '-') && !digits.is_empty() => {}
            None => {
                if digits_hold_card(&digits) {
                    return true;
                }
                digits.clear();
            }
        }
    }
    false
}

/// The whole run, or sixteen digits within a longer one that begin as cards do. Shorter pieces of a run
/// are not tried: one number in ten passes the sum by chance.
fn digits_hold_card(digits: &[u32]) -> bool {
    let whole = (13..=19).contains(&digits.len()) && luhn(digits);
    whole
        || digits
            .windows(16)
            .any(|d| (3..=6).contains(&d[0]) && luhn(d))
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, d)| match (at % 2, d * 2) {
            (0, _) => *d,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    // A run of one digit passes the sum for some lengths and is never a card.
    sum.is_multiple_of(10) && digits.iter().any(|d| d != &digits[0])
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
    /// The requester takes it back.
    pub fn withdraw(&self) -> Result<State, Stuck> {
        match self.state {
            State::Waiting => Ok(State::Withdrawn),
            State::Approved | State::Applying => Err(Stuck::Started),
            other => Err(Stuck::Is(other)),
        }
    }

    /// Nobody decided in time.
    pub fn expire(&self, now: Timestamp) -> Option<State> {
        (self.state == State::Waiting && now >= self.decide_by).then_some(State::Expired)
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

    #[test]
    fn a_card_number_is_seen_through_spaces_and_dashes_and_inside_longer_runs() {
        for text in [
            "4111111111111111",
            "card 4111 1111 1111 1111!",
            "5500-0000-0000-0004",
            "id 94111111111111111 x",
        ] {
            assert!(holds_card_number(text), "{text}");
        }
    }

    #[test]
    fn account_numbers_tickets_and_times_are_not_card_numbers() {
        for text in [
            "111122223333",
            "OPS-4711 at 2026-11-23 09:14",
            "0000 0000 0000 0000",
            "4111111111111112",
        ] {
            assert!(!holds_card_number(text), "{text}");
        }
    }

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
}
