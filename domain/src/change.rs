//! A change: its items, its states, and who may move it between them.
//!
//! Every request is a change, from an hour of access to a bulk of assignments. The requester never writes the state;
//! only the transitions below do. Terminal states are final.

mod aim;
mod approval_slots;
mod comments;
mod items;

pub use crate::subject::Operation;
pub use aim::{Aim, Allowance};
pub use approval_slots::{may_decide, may_fill_slot, tally};
pub use comments::{CommentKind, CommentRefusal, InvalidComment, comment_text, may_comment};
pub use items::{ITEM_VERSION, StoredItem, UnreadableCause, UnreadableChange, read_all};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    approval::Approval,
    card_number::holds_card_number,
    ids::{ChangeId, EffectHash, PersonId},
    subject::InvalidItem,
    time::{Date, Duration, Timestamp},
    verdict::Verdict,
};

/// The state of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Blocked by policy. Terminal; kept, because refusals are evidence.
    Refused,
    /// Waiting for approvals.
    Waiting,
    /// Approved, or allowed without approval. The engine starts it next.
    Approved,
    /// The engine is carrying it out.
    Applying,
    /// Carried out completely, and verified by reading AWS. Terminal.
    Verified,
    /// An approver declined it. Terminal.
    Declined,
    /// It was not decided or started in time. Terminal.
    Expired,
    /// The requester withdrew it. Terminal.
    Withdrawn,
    /// It could not be carried out. What remains of it, if anything, is listed. Terminal.
    Failed,
}

impl State {
    /// Whether the state is final.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Waiting | Self::Approved | Self::Applying)
    }

    /// Returns the name of the state in URLs, the database and the ledger.
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

    /// Returns the state after a withdrawal, which is the only step that needs no item to be understood. Possible until the
    /// engine starts the change, which may be long after the last approval if AWS cannot be read.
    pub fn withdrawn(self) -> Result<Self, TransitionError> {
        match self {
            Self::Waiting | Self::Approved => Ok(Self::Withdrawn),
            Self::Applying => Err(TransitionError::Started),
            Self::Refused
            | Self::Verified
            | Self::Declined
            | Self::Expired
            | Self::Withdrawn
            | Self::Failed => Err(TransitionError::AlreadyIn(self)),
        }
    }

    /// Parses the name of a state.
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

/// A request, before it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// At least one, each at most once.
    pub operations: Vec<Operation>,
    /// The requester's reason, as entered.
    pub justification: String,
    pub ticket: Option<String>,
    /// When it may start at the earliest; none if it may start at once. Its verdict is then given again, and its access
    /// windows begin then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The date by which somebody reviews the standing access that it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<Date>,
}

/// A stored change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub id: ChangeId,
    pub requester: PersonId,
    pub proposal: Proposal,
    pub submitted: Timestamp,
    /// When the time for a decision ends.
    pub decide_by: Timestamp,
    /// The verdict of the policies.
    pub verdict: Verdict,
    /// The hash of the effect, which approvals are bound to.
    pub effect: EffectHash,
    pub state: State,
    /// Decisions, oldest first; append-only.
    pub approvals: Vec<Approval>,
    /// How often the change was sent back for a new decision.
    pub round: u32,
}

/// How long a change may wait for a decision.
pub const DECIDE_WITHIN: Duration = Duration::hours(3);
/// How long after `decide_by`, or after the time at which it may start, an approved change may still start to give access.
pub const START_WITHIN: Duration = Duration::hours(12);
/// How far ahead a change may start, because its approvers agree to something of now.
pub const START_AHEAD: Duration = Duration::days(30);
/// The maximum length of a justification in bytes: it must fit on a page and into the form limit.
pub const JUSTIFICATION_BYTES: usize = 4_000;
/// The minimum length of a justification in characters.
pub const JUSTIFICATION_CHARS: usize = 10;
/// The maximum number of operations in one change.
pub const OPERATIONS: usize = 2_000;

/// The reason why a proposal is invalid, worded so that the requester can correct it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidProposal {
    /// There is no operation.
    #[error(
        "This change contains no items. Choose a person or group, a permission set and an account."
    )]
    Empty,
    /// An operation occurs twice.
    #[error("This change contains the same item twice. Remove one of them.")]
    Twice,
    #[error("A change can contain at most {OPERATIONS} items, and this one has {0}. Split it.")]
    TooMany(usize),
    #[error(
        "The justification has {0} of at least {JUSTIFICATION_CHARS} characters. Explain why this is needed: approvers base their decision on it."
    )]
    TooShort(usize),
    #[error(
        "The justification is {0} bytes long, and the limit is {JUSTIFICATION_BYTES}. Shorten it, or put the details in the ticket."
    )]
    TooLong(usize),
    #[error(
        "The text contains what looks like a card number. Remove it: card data must never be stored here."
    )]
    CardNumber,
    #[error(
        "The review date is {date}. Standing access is reviewed at least once every six months (PCI DSS 7.2.4): state a date from {first} to {last}."
    )]
    ReviewOn { date: Date, first: Date, last: Date },
    #[error(
        "The start is {} UTC, and a change starts at once or later, until {} UTC. State a time in between, or none.",
        at.minute(),
        last.minute()
    )]
    Start { at: Timestamp, last: Timestamp },
    #[error("A ticket has at most 64 characters: letters, digits, `-`, `_`, `#`, `/` and `.`.")]
    Ticket,
    /// An item is invalid by itself.
    #[error(transparent)]
    Item(#[from] InvalidItem),
}

impl Proposal {
    /// Returns until when a change that gives access may start, if it had to be decided at `decide_by`.
    pub fn start_by(&self, decide_by: Timestamp) -> Timestamp {
        let from = self.not_before.map_or(decide_by, |at| at.max(decide_by));
        from + START_WITHIN
    }

    /// Validates everything that does not depend on the organization.
    pub fn check(&self) -> Result<(), InvalidProposal> {
        if self.operations.is_empty() {
            return Err(InvalidProposal::Empty);
        }
        if self.operations.len() > OPERATIONS {
            return Err(InvalidProposal::TooMany(self.operations.len()));
        }
        let distinct: std::collections::BTreeSet<_> =
            self.operations.iter().map(Operation::key).collect();
        if distinct.len() != self.operations.len() {
            return Err(InvalidProposal::Twice);
        }
        for operation in &self.operations {
            operation.subject().check()?;
        }
        self.wrong_texts().next().map_or(Ok(()), Err)
    }

    /// Validates the date of the review on the day of the request. A change that waits or starts later keeps its date.
    pub fn check_review(&self, now: Timestamp) -> Result<(), InvalidProposal> {
        let (Some(date), Some(today)) = (self.review_on, Date::of(now)) else {
            return Ok(());
        };
        let (first, last) = review_dates(today);
        if (first..=last).contains(&date) {
            Ok(())
        } else {
            Err(InvalidProposal::ReviewOn { date, first, last })
        }
    }

    /// Validates the time at which it starts, at the time of the request.
    pub fn check_start(&self, now: Timestamp) -> Result<(), InvalidProposal> {
        let last = now + START_AHEAD;
        match self.not_before {
            Some(at) if at < now || at > last => Err(InvalidProposal::Start { at, last }),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns what is wrong with the texts of the requester, whatever the items are.
    pub fn wrong_texts(&self) -> impl Iterator<Item = InvalidProposal> + use<> {
        let ticket = self.ticket.as_deref().map_or(Ok(()), check_ticket);
        [check_text(&self.justification), ticket]
            .into_iter()
            .filter_map(Result::err)
    }
}

/// The longest time until a review, in months. PCI DSS 4.0.1 asks for one at least every six months (requirement 7.2.4).
const REVIEW_WITHIN: i8 = 6;

/// Returns the first and the last date by which what is requested today can be reviewed: tomorrow, and six months ahead.
pub fn review_dates(today: Date) -> (Date, Date) {
    (today.tomorrow(), today.months_later(REVIEW_WITHIN))
}

fn check_text(text: &str) -> Result<(), InvalidProposal> {
    if text.len() > JUSTIFICATION_BYTES {
        return Err(InvalidProposal::TooLong(text.len()));
    }
    let chars = text.trim().chars().count();
    if chars < JUSTIFICATION_CHARS {
        return Err(InvalidProposal::TooShort(chars));
    }
    if holds_card_number(text) {
        Err(InvalidProposal::CardNumber)
    } else {
        Ok(())
    }
}

fn check_ticket(ticket: &str) -> Result<(), InvalidProposal> {
    if holds_card_number(ticket) {
        return Err(InvalidProposal::CardNumber);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_#/.".contains(c);
    if !ticket.is_empty() && ticket.len() <= 64 && ticket.chars().all(plain) {
        Ok(())
    } else {
        Err(InvalidProposal::Ticket)
    }
}

/// The reason why a change cannot move to another state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TransitionError {
    /// It is finished or already in a later state.
    #[error("this change is already {}", .0.as_str())]
    AlreadyIn(State),
    /// It can be withdrawn only before the engine starts it.
    #[error("this change is being carried out and can no longer be withdrawn")]
    Started,
}

impl Change {
    /// Expires a change that was not decided in time, or that was approved and did not start in time, because the approvers
    /// agreed to something now. What may not be delayed never expires after approval.
    pub fn expire(&self, now: Timestamp) -> Option<State> {
        let gives = self.may_be_delayed();
        let over = match self.state {
            State::Waiting => now >= self.decide_by,
            State::Approved => gives && now >= self.proposal.start_by(self.decide_by),
            _ => false,
        };
        over.then_some(State::Expired)
    }

    /// Whether what delays a grant may delay the change.
    pub fn may_be_delayed(&self) -> bool {
        self.proposal.may_be_delayed(&self.verdict)
    }

    /// Returns what counts of a verdict when the change starts. A removal of access is not blocked: AWS decides.
    pub fn at_start(&self, verdict: Verdict) -> Verdict {
        if self.proposal.only_removes() {
            verdict.of_accepted_removal()
        } else {
            verdict
        }
    }

    /// Checks whether the change can be decided now.
    pub fn decidable(&self, now: Timestamp) -> Result<(), TransitionError> {
        match self.state {
            State::Waiting if now < self.decide_by => Ok(()),
            State::Waiting => Err(TransitionError::AlreadyIn(State::Expired)),
            other => Err(TransitionError::AlreadyIn(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{GroupId, UserId},
        verdict::RulesVersion,
    };

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
    fn a_review_is_tomorrow_at_the_earliest_and_within_six_months() {
        let adds = of_member(|group, user| Operation::AddMember { group, user });
        let now = Timestamp(1_795_425_245_007);
        let on = |date: &str| {
            let mut proposal = standing(State::Waiting, adds.clone()).proposal;
            proposal.review_on = Some(Date::parse(date).unwrap());
            proposal.check_review(now)
        };
        for date in ["2026-11-24", "2027-03-31", "2027-05-23"] {
            assert_eq!(on(date), Ok(()), "{date}");
        }
        for date in ["2026-11-23", "2020-01-01", "2027-05-24", "9999-12-31"] {
            let wrong = on(date).unwrap_err().to_string();
            assert!(
                wrong.contains(date) && wrong.contains("from 2026-11-24 to 2027-05-23"),
                "{wrong}"
            );
        }
        let undated = standing(State::Waiting, adds).proposal;
        assert_eq!(undated.check_review(now), Ok(()));
    }

    #[test]
    fn a_change_starts_within_thirty_days() {
        let adds = of_member(|group, user| Operation::AddMember { group, user });
        let now = Timestamp(1_795_425_245_007);
        let at = |at: Option<Timestamp>| {
            let mut proposal = standing(State::Waiting, adds.clone()).proposal;
            proposal.not_before = at;
            proposal.check_start(now)
        };
        let last = now + START_AHEAD;
        for fine in [None, Some(now), Some(last)] {
            assert_eq!(at(fine), Ok(()));
        }
        for wrong in [now - Duration(1), last + Duration(1)] {
            let said = at(Some(wrong)).unwrap_err().to_string();
            assert!(
                said.contains(&wrong.minute()) && said.contains(&last.minute()),
                "{said}"
            );
        }
    }

    #[test]
    fn a_reason_must_say_something_and_fit() {
        assert_eq!(check_text("short"), Err(InvalidProposal::TooShort(5)));
        assert_eq!(
            check_text(&"x".repeat(4_001)),
            Err(InvalidProposal::TooLong(4_001))
        );
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
                not_before: None,
                review_on: None,
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
        let mut later = approved(&adds);
        later.proposal.not_before = Some(last);
        assert_eq!(later.expire(last), None, "it starts now at the earliest");
        assert_eq!(later.expire(last + START_WITHIN - Duration(1)), None);
        assert_eq!(later.expire(last + START_WITHIN), Some(State::Expired));
        later.proposal.not_before = Some(Timestamp(1));
        assert_eq!(later.expire(last), Some(State::Expired));
        assert_eq!(standing(State::Applying, adds).expire(last), None);
    }

    #[test]
    fn a_change_can_be_taken_back_until_the_engine_begins() {
        assert_eq!(State::Waiting.withdrawn(), Ok(State::Withdrawn));
        assert_eq!(State::Approved.withdrawn(), Ok(State::Withdrawn));
        assert_eq!(State::Applying.withdrawn(), Err(TransitionError::Started));
        assert_eq!(
            State::Expired.withdrawn(),
            Err(TransitionError::AlreadyIn(State::Expired))
        );
    }
}
