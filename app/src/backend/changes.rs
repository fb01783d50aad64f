//! Changes: preview, submit, follow, decide.

use async_trait::async_trait;
use domain::{
    approval::Decision,
    change::State,
    diff::EffectHash,
    ids::ChangeId,
    permission_set::analysis::Finding,
    time::Timestamp,
    verdict::{Outcome, Verdict},
};

use super::{
    AccountRef, Answer, ChangeRow, DecisionInput, Draft, ListQuery, Page, PrincipalRef, SetRef,
    Submission,
};

/// One entry of a form's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Sent with the form.
    pub value: String,
    /// Shown.
    pub label: String,
}

/// What the form can choose from, narrowed to what this person may propose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Users and groups.
    pub who: Vec<Choice>,
    /// Permission sets.
    pub sets: Vec<Choice>,
    /// Accounts.
    pub accounts: Vec<Choice>,
    /// Groups, for join and leave.
    pub groups: Vec<Choice>,
    /// Terms.
    pub terms: Vec<Choice>,
    /// Fields of the form whose list would be too long for a page: they are typed. Their list then holds
    /// no more than what is chosen.
    pub typed: Vec<&'static str>,
}

/// One gain or loss in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// Who; none is whoever joins the group later.
    pub who: Option<PrincipalRef>,
    /// Who, in words.
    pub label: String,
    /// Where.
    pub account: Option<AccountRef>,
    /// With what.
    pub set: Option<SetRef>,
    /// Through what, in words.
    pub via: String,
    /// For how long, in words.
    pub term: String,
}

/// What a change would do, and what the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What it does, in one line.
    pub title: String,
    /// Who gains what.
    pub gained: Vec<EffectRow>,
    /// Who loses what.
    pub lost: Vec<EffectRow>,
    /// What the rules say.
    pub verdict: Verdict,
    /// What approvals would be bound to.
    pub effect: EffectHash,
    /// What the set could be abused for.
    pub findings: Vec<Finding>,
    /// How long role sessions may outlive a removal, in seconds.
    pub session_seconds: u32,
    /// Who could approve, by name.
    pub approvers: Vec<String>,
}

/// The page of a new change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// What is chosen, as it was understood: a name that was typed stands here as an id.
    pub draft: Draft,
    /// What can be chosen.
    pub choices: Choices,
    /// What is wrong with what was chosen.
    pub errors: Vec<super::FieldError>,
    /// The preview, once everything is chosen.
    pub preview: Option<Preview>,
    /// One value per form shown, so that a double click submits once.
    pub form_key: String,
}

/// One decision, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalView {
    /// Who.
    pub approver: String,
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Whether it still counts: bound to the effect in force.
    pub counts: bool,
}

/// One thing that happened to a change, from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// Ledger number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What, in words.
    pub what: String,
    /// Who did it; none where it was seen or came about by itself.
    pub who: Option<String>,
    /// AWS's request id, where one is known.
    pub aws_request_id: Option<String>,
    /// The words given with it.
    pub note: Option<String>,
}

/// Where one operation of a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationStatus {
    /// It waits for a person, or for a time to pass.
    Waiting,
    /// It is being carried out.
    Running,
    /// AWS was read again and shows it.
    Done,
    /// It was tried and did not work.
    Failed,
    /// It was not carried out, or is no longer in force.
    Over,
}

/// How far one operation of a change has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRow {
    /// What it does, in one line.
    pub what: String,
    /// How far it has come, in words that never run ahead of AWS.
    pub words: String,
    /// The same for a badge.
    pub status: OperationStatus,
    /// AWS's request id.
    pub aws_request_id: Option<String>,
    /// When AWS was last seen to agree.
    pub verified: Option<Timestamp>,
    /// Until when role sessions may live on after a removal.
    pub sessions_until: Option<Timestamp>,
    /// Other paths that remain after a removal, in words.
    pub remaining: Vec<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeView {
    /// As in a list.
    pub row: ChangeRow,
    /// Why, in the requester's words.
    pub justification: String,
    /// The ticket.
    pub ticket: Option<String>,
    /// What it does and what the rules said.
    pub preview: Preview,
    /// Who decided what.
    pub approvals: Vec<ApprovalView>,
    /// How far it has come.
    pub operations: Vec<OperationRow>,
    /// Everything that happened to it.
    pub timeline: Vec<TimelineRow>,
    /// Whether the viewer may decide; otherwise why not.
    pub decide: Result<(), &'static str>,
    /// Whether the viewer may take it back; otherwise why not.
    pub withdraw: Result<(), &'static str>,
    /// What the last event about it was, for live updates.
    pub version: i64,
    /// Names what the page shows: another key in an event means that the page is out of date.
    pub live_key: String,
    /// How far it has come, in one line.
    pub live_words: String,
    /// Why it ended as it did, where Leastwise or AWS said why.
    pub result: Option<String>,
}

/// Where in the inbox somebody looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxPlace {
    /// At a page, counted from 1.
    Page(usize),
    /// At a change; at the first page if it does not wait for them.
    Change(ChangeId),
}

/// Asks about changes.
#[async_trait]
pub trait ChangesPort {
    /// The list, newest first. `only` is a state's word or `mine`.
    async fn changes(&self, query: &ListQuery) -> Answer<Page<ChangeRow>>;
    /// One change.
    async fn change(&self, id: &ChangeId) -> Answer<ChangeView>;
    /// Changes that wait for the viewer's decision, oldest first: a page of them, or the page on which
    /// one of them is.
    async fn inbox(&self, at: InboxPlace) -> Answer<Page<ChangeView>>;
}

/// Asks for a new change.
#[async_trait]
pub trait NewChangePort {
    /// The form, and the preview once everything is chosen. Writes nothing.
    async fn new_change(&self, draft: &Draft) -> Answer<NewChange>;
    /// Stores a change, whatever the verdict, and answers its id. The same form key twice answers
    /// the same id.
    async fn submit(&self, submission: Submission) -> Answer<ChangeId>;
}

/// Decides changes.
#[async_trait]
pub trait DecisionPort {
    /// Approves or declines.
    async fn decide(&self, id: &ChangeId, input: DecisionInput) -> Answer<()>;
}

/// Withdraws changes.
#[async_trait]
pub trait WithdrawalPort {
    /// Takes a change back, as long as the engine has not begun with it.
    async fn withdraw(&self, id: &ChangeId) -> Answer<()>;
}

/// Words for an outcome, for badges.
pub fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "Allowed",
        Outcome::NeedsApproval => "Needs approval",
        Outcome::Refused => "Refused",
    }
}

/// Words for a state, for badges.
pub fn state_words(state: State) -> &'static str {
    match state {
        State::Refused => "Refused",
        State::Waiting => "Waiting for approval",
        State::Approved => "Approved",
        State::Applying => "Being carried out",
        State::Verified => "Verified",
        State::Declined => "Declined",
        State::Expired => "Expired",
        State::Withdrawn => "Withdrawn",
        State::Failed => "Failed",
    }
}
