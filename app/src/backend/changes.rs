//! Changes: preview, submission, progress and decisions.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    approval::{ApproverRefusal, Decision},
    change::{State, UnreadableCause},
    ids::{ChangeId, EffectHash},
    permission_set::analysis::Finding,
    time::Timestamp,
    verdict::{Outcome, Verdict},
};

use super::{
    AccountRef, AffectedPeople, ChangeForm, ChangeKind, ChangeRow, DecisionInput, LinkEvidence,
    ListQuery, Page, PortResult, PrincipalRef, SetRef, SubjectEffectRow, Submission, UndoLink,
};

/// An option of a list in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormOption {
    pub value: String,
    pub label: String,
}

/// The options of the form, limited to what the caller may propose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormOptions {
    /// The kinds of changes that the caller may propose, in the order of the form.
    pub kinds: Vec<ChangeKind>,
    pub who: Vec<FormOption>,
    pub sets: Vec<FormOption>,
    pub accounts: Vec<FormOption>,
    /// Groups, for join and leave.
    pub groups: Vec<FormOption>,
    pub terms: Vec<FormOption>,
    /// The fields whose list is too long for a page and that are text inputs instead. Their list then contains only the
    /// selected value.
    pub typed: Vec<&'static str>,
}

/// Short names of policies, by id.
pub type PolicyTitles = BTreeMap<String, String>;

/// A gain or loss of access, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// The beneficiary; `None` stands for future members of a group.
    pub who: Option<PrincipalRef>,
    /// The beneficiary, for display.
    pub label: String,
    pub account: Option<AccountRef>,
    pub set: Option<SetRef>,
    /// The path, for display.
    pub via: String,
    /// The duration, for display; empty for a loss.
    pub term: String,
}

/// One page of the effect of a change: all gains, then all losses, then what changes besides access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectPage {
    pub gained: Vec<EffectRow>,
    pub lost: Vec<EffectRow>,
    /// What changes besides access, after the losses.
    pub others: Vec<SubjectEffectRow>,
    /// The page number, from 1.
    pub number: usize,
}

impl EffectPage {
    /// The number of rows per page. A preview contains the first page.
    pub const SIZE: usize = 200;
}

/// The effect and the verdict of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// A one-line description.
    pub title: String,
    /// The first gains.
    pub gained: Vec<EffectRow>,
    /// Who gains access.
    pub gainers: AffectedPeople,
    /// The first losses.
    pub lost: Vec<EffectRow>,
    /// Who loses access.
    pub losers: AffectedPeople,
    /// The first subjects of which something else than access changes.
    pub others: Vec<SubjectEffectRow>,
    /// The number of all these subjects.
    pub other_count: usize,
    pub verdict: Verdict,
    /// The short names of the policies in the verdict, by id.
    pub policy_titles: PolicyTitles,
    /// The hash of the effect, to which approvals are bound.
    pub effect: EffectHash,
    /// The risks of the permission set.
    pub findings: Vec<Finding>,
    /// How long role sessions can outlive a removal, in seconds.
    pub session_seconds: u32,
    /// The names of the people who can approve.
    pub approvers: Vec<String>,
    pub alarm: AlarmOnSubmit,
    /// What speaks for and against each item about an identity.
    pub evidence: Vec<LinkEvidence>,
}

/// Whether the submission of a change raises an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmOnSubmit {
    Raised,
    None,
}

/// The form for a new change, with the preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// The selection, with entered names resolved to ids.
    pub change_form: ChangeForm,
    pub choices: FormOptions,
    /// The errors of the selection.
    pub errors: Vec<super::FieldError>,
    /// The preview, if the selection is complete.
    pub preview: Option<Preview>,
    /// How long sessions of the selected permission set last, if one is selected to be granted.
    pub session: Option<SessionView>,
    /// An idempotency key, unique per rendered form, so that a double click submits once.
    pub form_key: String,
}

/// How long a role session of a permission set lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The maximum duration, for display.
    pub length: String,
    /// Set if a session can outlast the selected duration of the access.
    pub overrun: Option<SessionOverrun>,
}

/// That a role session can outlast the access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOverrun {
    /// The difference of the durations, for display.
    pub by: String,
    /// Both durations, as a sentence.
    pub found: String,
    /// What to do.
    pub cure: String,
}

/// A decision on a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalView {
    pub approver: String,
    pub decision: Decision,
    pub reason: String,
    pub at: Timestamp,
    /// Whether it counts: it is bound to the current effect and round, and the approver is neither the requester nor a
    /// beneficiary.
    pub counts: bool,
}

/// An event in the history of a change, from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// The sequence number in the ledger.
    pub seq: u64,
    pub at: Timestamp,
    /// A description of the event.
    pub what: String,
    /// The actor; `None` for observations and automatic events.
    pub who: Option<String>,
    /// The AWS request id, if known.
    pub aws_request_id: Option<String>,
    /// The justification or reason given.
    pub note: Option<String>,
}

/// The status of one operation of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRow {
    /// A one-line description.
    pub what: String,
    /// The progress, for display. Never states more than AWS has confirmed.
    pub words: String,
    /// The status, for a badge.
    pub status: OperationStatus,
    /// The AWS request id, if known.
    pub aws_request_id: Option<String>,
    /// When a read of AWS confirmed the result.
    pub verified: Option<Timestamp>,
    /// Until when role sessions can last after a removal.
    pub sessions_until: Option<Timestamp>,
    /// Other paths that remain after a removal, for display.
    pub remaining: Vec<String>,
}

/// The number of items on one page. A change contains the first page.
pub const ITEMS_PER_PAGE: usize = 50;

/// A change with an item that this version of Leastwise does not understand: it can be seen and withdrawn only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableChangeView {
    pub id: ChangeId,
    pub title: String,
    /// The name of the requester.
    pub requester: String,
    pub submitted: Timestamp,
    pub state: State,
    pub justification: String,
    pub ticket: Option<String>,
    pub cause: UnreadableCause,
    /// What this version understands of the change, and why it does nothing with it.
    pub explanation: String,
    /// The first items, as far as they are understood.
    pub items: Vec<UnreadableItem>,
    /// The number of all items.
    pub total: usize,
    pub timeline: Vec<TimelineRow>,
    /// Whether the viewer may withdraw it; an error holds the reason why not.
    pub withdraw: Result<(), &'static str>,
    pub live_key: String,
    pub live_words: String,
    /// How it differs from the ledger, if it does.
    pub mismatch: Option<LedgerMismatchView>,
}

/// An item of a change that is not understood as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnreadableItem {
    /// Understood, in one line.
    Known(String),
    /// The stored document.
    Newer(String),
}

/// A new sign-in that a decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepUpView {
    /// With a second factor, which the current sign-in did not prove.
    NoFactor,
    /// Because the current one is too old; explains how old it may be.
    TooOld(String),
}

/// Why the viewer may not decide a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionObstacle {
    /// A sign-in with a second factor is all that is missing.
    NoSecondFactor,
    /// The reason in words. It remains after a sign-in with a second factor.
    Other(&'static str),
}

impl From<ApproverRefusal> for DecisionObstacle {
    fn from(refusal: ApproverRefusal) -> Self {
        match refusal {
            ApproverRefusal::NoMfa => Self::NoSecondFactor,
            other => Self::Other(other.reason()),
        }
    }
}

/// A change, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeView {
    pub row: ChangeRow,
    pub justification: String,
    pub ticket: Option<String>,
    /// The effect and the verdict.
    pub preview: Preview,
    pub approvals: Vec<ApprovalView>,
    /// The first page of its items.
    pub operations: Vec<OperationRow>,
    pub timeline: Vec<TimelineRow>,
    /// Whether the viewer may decide; an error holds the reason why not.
    pub decide: Result<(), DecisionObstacle>,
    /// What the viewer has to do before they decide.
    pub step_up: Option<StepUpView>,
    /// Why an undecided change can no longer be approved, one sentence each.
    pub obsolete: Vec<String>,
    /// Whether the viewer may withdraw it; an error holds the reason why not.
    pub withdraw: Result<(), &'static str>,
    /// The version of its row.
    pub version: i64,
    /// Identifies the state that the page shows. A different key in a live event means that the page is out of date.
    pub live_key: String,
    /// The progress in one line.
    pub live_words: String,
    /// The reason for its result, if Leastwise or AWS reported one.
    pub result: Option<String>,
    /// The forms that undo it, if the viewer may propose that.
    pub undo: Vec<UndoLink>,
    /// How it differs from the ledger, if it does.
    pub mismatch: Option<LedgerMismatchView>,
}

/// How a change, or a decision on it, differs from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerMismatchView {
    /// What differs, one sentence each.
    pub differences: Vec<String>,
    /// What follows for the change.
    pub consequence: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxPosition {
    /// A page, from 1.
    Page(usize),
    /// The page that contains a change, or the first page if the change is not in the inbox.
    Change(ChangeId),
}

/// The filter of the list for changes that raised an alarm: they remove oversight access, or the access of many people.
pub const WITH_ALARM: &str = "alarm";

/// Reads changes.
#[async_trait]
pub trait ChangesPort {
    /// Returns a page of the list, newest first. `only` is the name of a state, `mine`, [`WITH_ALARM`] or
    /// [`REFUSED_BY`](super::REFUSED_BY), [`ALARM_BY`](super::ALARM_BY).
    async fn changes(&self, query: &ListQuery) -> PortResult<Page<ChangeRow>>;
    /// [`Denied::NewerVersion`](super::Denied::NewerVersion) if this version does not understand all of the change.
    async fn change(&self, id: &ChangeId) -> PortResult<ChangeView>;
    /// Returns a change that this version does not understand completely.
    async fn unreadable_change(&self, id: &ChangeId) -> PortResult<UnreadableChangeView>;
    /// Returns a page of the items of a change, in their order.
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

/// Returns the label of a verdict.
pub fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "Allowed",
        Outcome::NeedsApproval => "Needs approval",
        Outcome::Refused => "Blocked",
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
