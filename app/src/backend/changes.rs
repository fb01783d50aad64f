//! Changes: preview, submission, progress and decisions.

use async_trait::async_trait;
use domain::{
    approval::{ApproverRefusal, Decision},
    change::State,
    ids::{ChangeId, PersonId},
    ledger::EventKind,
    subject::StepName,
    time::{Duration, Timestamp},
};

use super::{
    AccountRef, AgainstApproval, ChangeForm, ChangeKind, ChangeRow, CommentObstacle, CommentView,
    DecisionInput, EarlierRequests, EffectPage, EntryAuthenticity, FollowUpLink, FollowUps,
    FormOption, GivenAccess, ItemProgress, LedgerMismatchView, ListPage, LiveProgress, NewChange,
    Page, PairHolders, PortResult, Preview, RecordedFactor, SentencePart, SetRef, Submission,
    UnreadableChangeView, UnreadableItem, UserRef, ViaRef, obstacle,
};
use crate::lists::ListChoice;

/// A decision on a change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ApprovalView {
    pub approver: String,
    pub person: PersonId,
    pub decision: Decision,
    pub reason: String,
    pub at: Timestamp,
    /// Whether it counts: it is bound to the current effect and round, and the approver is neither the requester nor a
    /// beneficiary.
    pub counts: bool,
    /// Whether the viewer made it.
    pub own: bool,
}

/// An event in the history of a change, from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TimelineRow {
    /// The sequence number in the ledger.
    pub seq: u64,
    pub authenticity: EntryAuthenticity,
    pub at: Timestamp,
    /// None if a newer version wrote the entry.
    #[serde(skip)]
    pub kind: Option<EventKind>,
    /// Who did it, if that is an identity of Leastwise.
    pub person: Option<PersonId>,
    pub factor: RecordedFactor,
    /// A description of the event.
    pub what: String,
    /// The account that the event is about, if the change has several items.
    pub account: Option<String>,
    /// The actor; `None` for observations and automatic events.
    pub who: Option<String>,
    /// The AWS request id, if known.
    pub aws_request_id: Option<String>,
    /// The justification or reason given.
    pub note: Option<String>,
}

/// The status of one operation of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// Waits for a person, or for a time to pass.
    Waiting,
    /// Is being carried out.
    Running,
    /// A read of AWS confirmed the result.
    Done,
    /// Was attempted and failed.
    Failed,
    /// Was not carried out, or is no longer in effect.
    Over,
}

/// The progress of one operation of a change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OperationRow {
    /// The item, in one line.
    pub what: Vec<SentencePart>,
    pub progress: ItemProgress,
    /// The status, for a badge.
    pub status: OperationStatus,
    /// The AWS request id, if known.
    pub aws_request_id: Option<String>,
    /// When a read of AWS confirmed the result.
    pub verified: Option<Timestamp>,
    /// Other paths that remain after a removal.
    pub remaining: RemainingPaths,
    /// How it is carried out, step by step. Empty for access.
    pub steps: Vec<StepView>,
    /// What is left to request of it alone, if its change has several items.
    pub follow_up: Option<FollowUpLink>,
}

/// The paths by which people still reach the accounts of a removal.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct RemainingPaths {
    /// The first of them.
    pub paths: Vec<RemainingPath>,
    /// The number of the others.
    pub more: usize,
}

/// A path that remains after a removal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RemainingPath {
    pub user: UserRef,
    pub account: AccountRef,
    pub set: SetRef,
    pub via: ViaRef,
}

/// The progress of one step of an item.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StepView {
    pub name: StepName,
    pub state: StepState,
    /// The number of attempts. None if it was found done.
    pub attempt: u32,
    /// When the last attempt began.
    pub intended: Option<Timestamp>,
    /// When the read that showed it done began.
    pub verified: Option<Timestamp>,
    /// Why the last attempt was not carried out.
    pub reason: Option<String>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Waiting,
    /// It may have been carried out; a read has to show it.
    Intended,
    /// A read showed that it is not done; it is tried again.
    NotDone,
    /// A read showed it done.
    Done,
    /// It was not carried out, and is not tried again.
    Failed,
    /// Its item ended before it.
    NotReached,
}

/// The number of items on one page. A change contains the first page.
pub const ITEMS_PER_PAGE: usize = 50;

/// A new sign-in that a decision needs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepUpView {
    /// With a second factor, which the current sign-in did not prove.
    NoFactor,
    /// Because the current one is too old.
    TooOld {
        /// How old it may be.
        limit: Duration,
        signed_in: Timestamp,
    },
}

/// Why the viewer may not decide a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionObstacle {
    /// By who the viewer is, or how they signed in.
    Viewer(ApproverRefusal),
    /// The change concerns the viewer, who may decline it, and may not approve it.
    MayDeclineOnly(ApproverRefusal),
    /// The change is in this state.
    Over(State),
    /// The change does not match the ledger.
    LedgerMismatch,
    /// Many identities differ from the directory at once.
    IdentityAlarm,
}

/// Why the viewer cannot withdraw a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawObstacle {
    /// The viewer is not the requester.
    NotTheirs,
    /// It is too late: the change is in this state.
    Stuck(State),
}

/// A change, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChangeView {
    pub row: ChangeRow,
    pub justification: String,
    pub ticket: Option<String>,
    /// The effect and the verdict.
    pub preview: Preview,
    pub approvals: Vec<ApprovalView>,
    /// The first page of its items: what failed first, then what is under way or waits.
    pub operations: Vec<OperationRow>,
    pub timeline: Vec<TimelineRow>,
    /// The comments on it, oldest first.
    pub comments: Vec<CommentView>,
    /// Whether the viewer may comment on it; an error holds the reason why not.
    #[serde(rename = "comment_obstacle", serialize_with = "obstacle")]
    pub comment: Result<(), CommentObstacle>,
    /// Whether the viewer may ask its requester a question; an error holds the reason why not.
    #[serde(rename = "question_obstacle", serialize_with = "obstacle")]
    pub question: Result<(), CommentObstacle>,
    /// What the requester asked for earlier, if it is undecided.
    pub earlier: EarlierRequests,
    /// Who has its access already, if it is undecided.
    pub holders: Vec<PairHolders>,
    /// What the newest reads show of the assignments that it gave, if it is verified.
    pub given: Option<GivenAccess>,
    /// Whether the viewer may decide; an error holds the reason why not.
    #[serde(rename = "decision_obstacle", serialize_with = "obstacle")]
    pub decide: Result<(), DecisionObstacle>,
    /// The name under which the viewer is among those who may approve, if they may.
    pub own_name: Option<String>,
    /// What the viewer has to do before they decide.
    pub step_up: Option<StepUpView>,
    /// Why an undecided change cannot be approved.
    pub against: Vec<AgainstApproval>,
    /// Whether the viewer may withdraw it; an error holds the reason why not.
    #[serde(rename = "withdraw_obstacle", serialize_with = "obstacle")]
    pub withdraw: Result<(), WithdrawObstacle>,
    /// The version of its row.
    pub version: i64,
    /// Identifies the state that the page shows. A different key in a live event means that the page is out of date.
    pub live_key: String,
    /// How far it is.
    pub live: LiveProgress,
    /// The reason for its result, if Leastwise or AWS reported one.
    pub result: Option<String>,
    /// What is left to request of it, if it is over and the viewer may request that.
    pub follow_ups: FollowUps,
    /// How it differs from the ledger, if it does.
    pub mismatch: Option<LedgerMismatchView>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InboxPosition {
    /// A page, from 1.
    Page(usize),
    /// The page that contains a change, or the first page if the change is not in the inbox.
    Change(ChangeId),
}

/// Reads changes.
#[async_trait]
pub trait ChangesPort {
    /// Returns a page of the list, as far as the viewer may see the changes.
    async fn changes(&self, choice: &ListChoice) -> PortResult<ListPage<ChangeRow>>;
    /// [`Denied::NotUnderstood`](super::Denied::NotUnderstood) if this version does not understand all of the change.
    async fn change(&self, id: &ChangeId) -> PortResult<ChangeView>;
    /// Returns a change that this version does not understand completely.
    async fn unreadable_change(&self, id: &ChangeId) -> PortResult<UnreadableChangeView>;
    /// Returns a page of the items of such a change, in their order.
    async fn unreadable_items(
        &self,
        id: &ChangeId,
        page: usize,
    ) -> PortResult<Page<UnreadableItem>>;
    /// Returns a page of the items of a change: what failed first, then what is under way or waits.
    async fn change_items(&self, id: &ChangeId, page: usize) -> PortResult<Page<OperationRow>>;
    /// Returns a page of the gains and losses of a change, so that an approver can see everybody who gains.
    async fn effect(&self, id: &ChangeId, page: usize) -> PortResult<EffectPage>;
    /// Returns a page of the changes that need the viewer's decision, oldest first.
    async fn inbox(&self, at: InboxPosition) -> PortResult<Page<ChangeView>>;
}

/// Previews and submits a new change.
#[async_trait]
pub trait NewChangePort {
    /// Returns the form, with the preview if the selection is complete. Has no side effects.
    async fn new_change(&self, change_form: &ChangeForm) -> PortResult<NewChange>;
    /// Returns what the typed words may mean in a field of a form, at most ten values. Each label says more of its value.
    fn suggestions(
        &self,
        kind: ChangeKind,
        field: &str,
        words: &str,
    ) -> PortResult<Vec<FormOption>>;
    /// Stores a change, whatever its verdict, and returns its id. Idempotent: the same form key returns the same id.
    async fn submit(&self, submission: Submission) -> PortResult<ChangeId>;
}

/// Decides on changes.
#[async_trait]
pub trait DecisionPort {
    /// Approves or declines a change.
    async fn decide(&self, id: &ChangeId, input: DecisionInput) -> PortResult<()>;
}

/// Withdraws changes.
#[async_trait]
pub trait WithdrawalPort {
    /// Withdraws a change. Returns an error if the engine has started it.
    async fn withdraw(&self, id: &ChangeId) -> PortResult<()>;
}

/// Returns why a change in a state cannot be decided or withdrawn any more.
pub const fn state_reason(state: State) -> &'static str {
    match state {
        State::Refused => "This change is blocked by policy. No approval can override this.",
        State::Waiting => "This change is waiting for a decision.",
        State::Approved => "This change is about to be applied.",
        State::Applying => "This change is being applied.",
        State::Verified => "This change has already been carried out.",
        State::Declined => "This change has already been declined.",
        State::Expired => "This change has expired. Request it again.",
        State::Withdrawn => "The requester has withdrawn this change.",
        State::Failed => "This change could not be carried out. Request it again.",
    }
}

impl ChangeRow {
    /// Returns the label of its state. What needed no approval is never called approved.
    pub fn state_words(&self) -> &'static str {
        match (self.state, self.approvals) {
            (State::Approved, (_, 0)) => "No approval needed",
            (state, _) => state_words(state),
        }
    }
}

/// Returns the label of a state.
pub fn state_words(state: State) -> &'static str {
    match state {
        State::Refused => "Blocked",
        State::Waiting => "Waiting for approval",
        State::Approved => "Approved",
        State::Applying => "Applying",
        State::Verified => "Verified",
        State::Declined => "Declined",
        State::Expired => "Expired",
        State::Withdrawn => "Withdrawn",
        State::Failed => "Failed",
    }
}
