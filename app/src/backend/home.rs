//! The home page: who can reach production PCI, pending changes, policy findings and drift.

use async_trait::async_trait;
use domain::{
    change::Aim,
    classification::{Environment, Pci},
    grant::Term,
    identity::LinkDifferenceKind,
    ids::UserId,
    person::link::LinkObstacle,
    snapshot::Figure,
    time::{Duration, Timestamp},
    verdict::Tally,
};

use super::{
    AccountRef, Attention, ChangeForm, ChangeRow, EnvironmentShare, HistoryPoint, HitView,
    PortResult, PrincipalRef, Refused, SetRef, UserRef, ViaRef,
};
use crate::lists::ListChoice;

/// Counts of the access to production PCI.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Exposure {
    /// Accounts that count as production PCI.
    pub accounts: Figure,
    /// Those of them that nothing classifies, so that the strictest value is assumed.
    pub unclassified: Figure,
    /// People who can reach at least one of them, disabled users included.
    pub people: Figure,
    /// Those of them with standing access.
    pub standing_people: Figure,
    /// Those of them who are disabled in the directory.
    pub disabled_people: Figure,
    /// Standing assignments in these accounts.
    pub standing_assignments: Figure,
    /// Temporary assignments in these accounts.
    pub temporary_assignments: Figure,
    /// Assignments in these accounts whose principal is deleted from the directory.
    pub orphaned_assignments: Figure,
    /// Assignments in these accounts with policy violations or without a required approval.
    pub against: Figure<Tally>,
    /// People with administrator access there, or with permissions that let them gain it.
    pub administrators: Figure,
}

/// A person who can reach production PCI.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExposedPerson {
    pub user: UserRef,
    pub title: Option<String>,
    /// The accounts that they reach, strictest first, at most three.
    pub accounts: Vec<AccountRef>,
    /// The number of accounts, including those not listed.
    pub account_count: Figure,
    /// The permission sets, most dangerous first, at most three.
    pub sets: Vec<SetRef>,
    /// The number of permission sets, including those not listed.
    pub set_count: Figure,
    /// The number of paths.
    pub paths: Figure,
    /// The number of paths that are direct assignments.
    pub direct: usize,
    /// Whether any path is standing access.
    pub standing: bool,
}

/// The findings of one policy on existing access.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FindingGroup {
    pub hit: HitView,
    /// The number of assignments concerned.
    pub assignments: Figure,
    /// Those of them that no policy violates: they only lack an approval.
    pub unapproved: Figure,
    /// The number of people with access through them.
    pub people: Figure,
    /// The strictest of the accounts concerned.
    pub accounts: Vec<AccountRef>,
    /// The number of accounts, including those not listed.
    pub account_count: Figure,
}

/// A difference in AWS that no change explains (drift).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DriftRow {
    pub what: DriftKind,
    pub principal: Option<PrincipalRef>,
    pub account: Option<AccountRef>,
    /// The last read before the difference.
    pub after: Timestamp,
    /// The first read that shows it.
    pub by: Timestamp,
    /// The form that undoes it, if it is access.
    pub undo: Option<ChangeForm>,
    /// Why that would always be refused.
    pub refused: Option<Refused>,
}

/// What changed in AWS; the names are those of today.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    Assigned {
        set: String,
    },
    Unassigned {
        set: String,
    },
    Joined {
        group: String,
    },
    Left {
        group: String,
    },
    SetEdited {
        set: String,
    },
    Reclassified {
        from: (Environment, Pci),
        to: (Environment, Pci),
    },
    /// Tags and OUs say something else, and the account counts as it did.
    ReportedOtherwise {
        from: (Environment, Pci),
        to: (Environment, Pci),
    },
}

/// A path of the viewer to an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MyAccess {
    pub account: AccountRef,
    pub set: SetRef,
    pub via: ViaRef,
    /// When the access ends; `None` is standing access.
    pub ends: Option<Timestamp>,
    /// How long a role session of it can last.
    pub session: Duration,
    /// What the viewer can do about it alone; `None` for access through a group.
    pub own: Option<OwnAccess>,
}

/// What a person can request about an assignment of their own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OwnAccess {
    /// The form that removes it.
    pub end: ChangeForm,
    /// The form that asks for an access window after the one that it has; `None` for standing access.
    pub extend: Option<ChangeForm>,
    /// The number of other paths by which they reach the same account.
    pub other_paths: usize,
    /// The idempotency key of the form that removes it.
    pub form_key: String,
}

/// A change of the viewer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MyRequest {
    pub row: ChangeRow,
    /// What it asks for, if all of it is the viewer's own access with one permission set.
    pub own: Option<OwnRequest>,
    /// What is left of the access that it gave, if it was carried out and gave some.
    pub lasting: Option<RequestedAccess>,
    /// The form that requests it again, if it is over.
    pub again: Option<ChangeForm>,
}

/// What a change asks for, of the viewer's own access.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OwnRequest {
    /// The name of the permission set.
    pub set: String,
    /// The names of the accounts, at least one.
    pub accounts: Vec<String>,
    /// How long; none for a removal.
    pub term: Option<Term>,
}

/// What is left of access that a change gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedAccess {
    Until(Timestamp),
    Standing,
    Ended,
}

/// How far the changes behind an alarm have come. In the order of the home page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmPhase {
    /// They wait for a decision.
    Waiting,
    /// They were approved: what they do is carried out, or will be.
    Approved,
    /// They were withdrawn or declined, or they expired.
    NotCarriedOut,
}

/// The changes of one requester that raised an alarm, have the same aim and have come equally far.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AlarmRow {
    pub phase: AlarmPhase,
    pub aim: Aim,
    /// At least 1.
    pub count: usize,
    pub newest: ChangeRow,
    /// The choice of the list that shows each change of the requester with an alarm.
    pub each: ListChoice,
}

/// Changes of the last 7 days with an alarm: they remove oversight access or the access of many people, or gave oversight
/// access that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Alarms {
    /// What waits first, then what was approved, the newest first; at most six.
    pub rows: Vec<AlarmRow>,
    /// The number of changes that no row stands for.
    pub more: usize,
}

/// The organization's part of the home page, for users who may see the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct OrganisationHome {
    pub alarms: Alarms,
    pub exposure: Exposure,
    /// The number of people on each of the last days, the oldest first.
    pub history: Vec<HistoryPoint>,
    /// The environments that have assignments in accounts that do not count as production PCI, the strictest first.
    pub environments: Vec<EnvironmentShare>,
    pub attention: Attention,
    /// The people who can reach production PCI, most exposed first, at most five.
    pub exposed: Vec<ExposedPerson>,
    /// Policy findings on existing access, violations first.
    pub findings: Vec<FindingGroup>,
    /// Recent changes made outside Leastwise that nobody has undone or adopted, newest first, at most eight. Without those
    /// by which an account waits for a confirmation, which is what needs action.
    pub drift: Vec<DriftRow>,
    /// The number of them, including those not listed.
    pub drift_count: usize,
}

/// The home page.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Home {
    /// Changes that need the viewer's decision, oldest first.
    pub waiting: Vec<ChangeRow>,
    /// The viewer's own changes, newest first, at most three.
    pub mine: Vec<MyRequest>,
    /// The viewer's access: what ends first, then standing access, production PCI first; at most five.
    pub access: Vec<MyAccess>,
    /// The number of the viewer's paths, including those not listed.
    pub access_count: Figure,
    /// The viewer's Identity Center user, if their identity is linked to one.
    pub me: Option<UserId>,
    /// `None` for users who may not see the directory.
    pub organisation: Option<OrganisationHome>,
    /// Why the viewer's sign-in is linked to no Identity Center user, if it is not. Names no other user.
    pub not_linked: Option<NotLinked>,
    /// Whom a viewer without a linked user can ask: the names of the administrators, at most five.
    pub administrators: Vec<String>,
    /// How the viewer's identity differs from the directory, if it is suspended.
    pub suspended: Option<LinkDifferenceKind>,
    /// Identities that differ from the directory; `None` for users who may not decide or see operations.
    pub identities: Option<IdentityNotice>,
    /// The oversight marks of the configuration that mark no permission set, for users who may see operations.
    pub idle_oversight_marks: Vec<String>,
    /// The number of rows that differ from the ledger, for those who see operations.
    pub differing_rows: usize,
}

/// Why the viewer's sign-in is linked to no user.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotLinked {
    /// The users of Identity Center were not read yet.
    UsersNotRead,
    /// People ended the link.
    Ended,
    /// The user is, or was, another identity.
    AnotherIdentity,
    /// No user belongs to the sign-in.
    NoUser,
    /// The directory does not say who it is.
    Unclear(LinkObstacle),
}

/// What administrators and approvers must know about identities that differ from the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct IdentityNotice {
    /// The number of suspended identities.
    pub suspended: usize,
    /// The name of the suspended one, if it is the only one and a name is known.
    pub only_suspended: Option<String>,
    /// The alarm that stops decisions on production PCI.
    pub alarm: Option<IdentityAlarmView>,
}

/// The alarm that many identities differ from the directory at once.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IdentityAlarmView {
    pub at: Timestamp,
    pub differing: u64,
    pub linked: u64,
}

/// Reads the home page.
#[async_trait]
pub trait HomePort {
    /// Returns the home page of the viewer.
    async fn home(&self) -> PortResult<Home>;
}
