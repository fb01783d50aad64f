//! The form of a new change with its preview: the effect and the verdict.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    grant::Term,
    ids::{ChangeId, EffectHash, GroupId},
    permission_set::analysis::{Analysis, Capability},
    report_difference::ReportDifference,
    time::{Date, Duration, Timestamp},
    verdict::Verdict,
};

use super::{
    AccountRef, AffectedPeople, ChangeForm, ChangeKind, ChangeTitle, FieldError, Held,
    LinkEvidence, PrincipalRef, SetRef, SubjectEffectRow, ViaRef,
};

/// An option of a list in the form.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FormOption {
    pub value: String,
    pub label: String,
}

/// The options of the form, limited to what the caller may propose.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EffectRow {
    pub who: AffectedPrincipal,
    pub account: AccountRef,
    pub set: SetRef,
    pub via: ViaRef,
    /// How long a gain lasts; none for a loss.
    pub term: Option<Term>,
}

/// Who gains or loses access.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AffectedPrincipal {
    Principal(PrincipalRef),
    /// Whoever becomes a member of the group later.
    FutureMembers {
        group: GroupId,
        name: String,
    },
}

/// One page of the effect of a change: all gains, then all losses, then what changes besides access.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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

/// A permission set that somebody gains, with what it allows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GainedSet {
    pub set: SetRef,
    pub analysis: Analysis,
}

/// The effect and the verdict of a change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Preview {
    pub title: ChangeTitle,
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
    /// The number of policies by which it was evaluated; none if others are in force by now.
    pub policies: Option<usize>,
    /// The hash of the effect, to which approvals are bound.
    pub effect: EffectHash,
    /// The date by which somebody reviews the standing access. Part of what approvals are bound to.
    pub review_on: Option<Date>,
    /// When it may start at the earliest; none if at once.
    pub not_before: Option<Timestamp>,
    /// The names of users to whom it gives access although the directory has disabled them.
    pub disabled: Vec<String>,
    /// The permission sets that somebody gains.
    pub sets: Vec<GainedSet>,
    /// How long role sessions can outlive a removal, in seconds.
    pub session_seconds: u32,
    /// The names of the people who can approve.
    pub approvers: Vec<String>,
    pub alarm: AlarmOnSubmit,
    /// What speaks for and against each item about an identity.
    pub evidence: Vec<LinkEvidence>,
    /// Other changes of the same subjects, newest first. Only of a form.
    pub related: Vec<RelatedChange>,
    /// What it does to the report of production PCI, as long as it is undecided; none if it classifies nothing.
    pub report: Option<ReportDifference>,
    /// What would lift its block. Only of a form, and of a blocked change for its requester.
    pub ways_out: WaysOut,
}

impl Preview {
    /// Returns how long the gained access lasts; none if nothing is gained, or not all of it lasts equally long.
    pub fn only_term(&self) -> Option<Term> {
        let mut terms = self.gained.iter().filter_map(|row| row.term);
        let first = terms.next()?;
        terms.all(|term| term == first).then_some(first)
    }
}

/// What would lift the block of a request, found by evaluating it with something else chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct WaysOut {
    /// The ways that help, each alone. Empty if none was found.
    pub ways: Vec<WayOut>,
    /// The number of approvals that it then needs, if that is known and the same for each.
    pub approvals: Option<u8>,
    /// The policy that a date of a review satisfies, whatever else blocks the request.
    pub dated: Option<String>,
    /// The policy that limits access together with the last session in it, if it blocks the request.
    pub session_limit: Option<String>,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WayOut {
    /// Another permission set, because this one is blocked with every duration.
    OtherSet {
        /// The first that are not blocked.
        sets: Vec<OfferedSet>,
        /// The number of the others.
        more: usize,
    },
    /// A date by which somebody reviews the standing access.
    ReviewDate,
    /// A duration of at most so much.
    Duration { longest: Duration },
    /// Shorter sessions of the permission set, and then a duration of at most so much.
    Sessions {
        /// The name of the permission set.
        set: String,
        /// How long its sessions last.
        session: Duration,
        /// How long they may last.
        shortened: Duration,
        longest: Duration,
    },
}

/// A permission set that is not blocked where the one of a request is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OfferedSet {
    pub name: String,
    /// The value of the form field.
    pub key: String,
    /// How long it is possible for, if it is not as long as the request says.
    pub only_for: Option<Duration>,
    /// What it allows.
    pub capabilities: Vec<Capability>,
    /// How long its sessions last.
    pub session: Duration,
}

/// Another change of the subjects of a form.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RelatedChange {
    pub id: ChangeId,
    pub title: ChangeTitle,
    /// The name of the requester.
    pub requester: String,
    /// When it was requested, or last changed its state.
    pub at: Timestamp,
    pub relation: Relation,
}

/// Why another change is shown with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The viewer requested exactly the same, and it waits for approval.
    OwnWaiting,
    /// Somebody else requested exactly the same, and it waits for approval; or the viewer, with other dates.
    SameWaiting,
    /// Somebody else changed the same a moment ago.
    ChangedMeanwhile,
}

/// Whether the submission of a change raises an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmOnSubmit {
    Raised,
    None,
}

/// The form for a new change, with the preview.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NewChange {
    /// The selection, with entered names resolved to ids.
    pub change_form: ChangeForm,
    pub choices: FormOptions,
    /// The errors of the selection.
    pub errors: Vec<FieldError>,
    /// The preview, if the selection is complete.
    pub preview: Option<Preview>,
    /// How long sessions of the selected permission set last, if one is selected to be granted.
    pub session: Option<SessionView>,
    /// What the principal holds already of what the form asks for.
    pub held: Option<Held>,
    /// The permission sets that the policies block in the chosen account for somebody who proposes for themselves only, as
    /// values of the form.
    pub blocked_sets: BTreeSet<String>,
    /// The durations that the policies block for what is chosen, as values of the form. Empty as long as they are not looked for.
    pub blocked_terms: BTreeSet<String>,
    /// How long the last session lasts, if only together with it the shortest of the blocked durations is too long.
    pub blocked_with_session: Option<Duration>,
    /// The dates by which standing access can be reviewed, if the form has a field for one.
    pub review: Option<ReviewDates>,
    /// An idempotency key, unique per rendered form, so that a double click submits once.
    pub form_key: String,
}

/// The first and the last date by which standing access can be reviewed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReviewDates {
    pub first: Date,
    pub last: Date,
    /// The title and the control of the policy that asks for a date; none if no policy does.
    pub because: Option<String>,
}

/// How long a role session of a permission set lasts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SessionView {
    /// Set if a session can last longer than the selected duration of the access.
    pub overrun: Option<SessionOverrun>,
}

/// That a role session can last longer than the access. It outlasts the access by its length if it starts just before the
/// end.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SessionOverrun {
    /// The name of the permission set.
    pub set: String,
    /// How long its sessions last.
    pub session: Duration,
    /// How long the access lasts.
    pub access: Duration,
    /// The shortest session duration of AWS, unless sessions are that short already.
    pub shorter: Option<Duration>,
}
