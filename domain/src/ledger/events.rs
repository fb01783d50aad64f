//! All kinds of events, in one table: what the journal writes, and what pages, the projection, the verifier and exports
//! read.
//!
//! An event kind is added by one row here. The meaning of a written type never changes, and no type is ever removed.

mod activities;
mod category;
mod lookup;
mod meaning;
mod sentence;
mod table;

pub use category::Category;
pub use meaning::{Agency, Audience, EventMeaning, OcsfActivity, OcsfMapping, Severity};
pub use sentence::{Part, Slot, parts};

use activities::{
    ACCOUNT_DISABLE, ACCOUNT_ENABLE, ACCOUNT_OTHER, API_READ, API_UPDATE, ENTITY_CREATE,
    ENTITY_READ, ENTITY_UPDATE, FINDING_CLOSE, FINDING_CREATE, LIFECYCLE_START, LIFECYCLE_STOP,
    LOGOFF, LOGON, PRIVILEGES_ASSIGN, PRIVILEGES_REVOKE,
};
use table::kinds;

use Agency::{Leastwise, Observation, Person};
use Audience::{Administrators, Approvers, Beneficiaries, Requester, Subject};
use OcsfMapping::Access;
use Severity::{Critical, High, Informational, Low, Medium};

kinds! {
    /// A change was requested and is allowed or needs approval.
    ChangeSubmitted = "change.submitted" {
        title: "Requested", sentence: "{actor} requested {item}",
        agency: Person, ocsf: ENTITY_CREATE, severity: Informational, concerns: &[Approvers],
    }
    /// A change was requested and is blocked by policy.
    ChangeRefused = "change.refused" {
        title: "Requested, and blocked by policy", sentence: "{actor} requested {item}, which a policy blocks",
        agency: Person, ocsf: ENTITY_CREATE, severity: Low, concerns: &[],
    }
    /// An approver approved a change.
    ChangeApproved = "change.approved" {
        title: "Approved", sentence: "{actor} approved {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[Requester],
    }
    /// An approver declined a change.
    ChangeDeclined = "change.declined" {
        title: "Declined", sentence: "{actor} declined {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[Requester],
    }
    /// The requester withdrew a change.
    ChangeWithdrawn = "change.withdrawn" {
        title: "Withdrawn", sentence: "{actor} withdrew {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[Approvers],
    }
    /// A change was not decided in time, or not started in time.
    ChangeExpired = "change.expired" {
        title: "Expired", sentence: "The time to decide or to start {item} ended",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Low, concerns: &[Requester],
    }
    /// The engine started a change.
    ChangeStarted = "change.started" {
        title: "Change started", sentence: "{actor} started {item}",
        agency: Leastwise, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[],
    }
    /// A change needs new decisions: its effect exceeds the one that was decided on, too few approvals are still valid, or
    /// it needs an approval now.
    ChangeSentBack = "change.sent_back" {
        title: "Sent back: it needs new decisions", sentence: "{item} went back to approval[: {reason}]",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Low, concerns: &[Requester, Approvers],
    }
    /// A change is about to start with an effect that is narrower than the approved one.
    ChangeNarrowed = "change.narrowed" {
        title: "Starts with less than what was approved",
        sentence: "{item} starts with less than what was approved",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[],
    }
    /// A change removes oversight access, or the access of many people, or a policy on removals could not be evaluated.
    ChangeAlarm = "change.alarm" {
        title: "Alarm about a change", sentence: "Alarm about {item}[: {reason}]",
        agency: Observation, ocsf: FINDING_CREATE, severity: High, concerns: &[Administrators],
    }
    /// Every item was carried out, and a read verified it: of AWS for access, of the database for everything else.
    ChangeVerified = "change.verified" {
        title: "Carried out and verified", sentence: "{actor} carried out {item} and verified it",
        agency: Leastwise, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[Requester, Beneficiaries],
    }
    /// The change could not be carried out completely.
    ChangeFailed = "change.failed" {
        title: "Not carried out completely", sentence: "{actor} did not carry out {item} completely",
        agency: Leastwise, ocsf: ENTITY_UPDATE, severity: High, concerns: &[Requester, Administrators],
    }
    /// Somebody commented on a change. Nothing is decided by it.
    ChangeCommented = "change.commented" {
        title: "Comment", sentence: "{actor} commented on {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[Requester, Approvers],
    }
    /// Somebody asked the requester of a change a question. Nothing is decided by it.
    ChangeAsked = "change.asked" {
        title: "Question to the requester", sentence: "{actor} asked the requester of {item} a question",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[Requester],
    }
    /// A write to AWS is about to be sent.
    OperationIntended = "operation.intended" {
        title: "Request to AWS prepared", sentence: "{actor} prepared the request to AWS about {item}[ ({api})]",
        agency: Leastwise, ocsf: API_UPDATE, severity: Informational, concerns: &[],
    }
    /// AWS accepted the write.
    OperationAccepted = "operation.accepted" {
        title: "Accepted by AWS", sentence: "AWS accepted the request about {item}",
        agency: Observation, ocsf: API_UPDATE, severity: Informational, concerns: &[],
    }
    /// AWS rejected the write or failed to carry it out, or the write was never sent because its change no longer starts.
    OperationFailed = "operation.failed" {
        title: "Not carried out", sentence: "The write of {item} to AWS was not carried out[: {code}]",
        agency: Observation, ocsf: API_UPDATE, severity: Medium, concerns: &[],
    }
    /// A read of AWS verified the result of the write.
    OperationVerified = "operation.verified" {
        title: "Verified in AWS", sentence: "A read of AWS verified that {item} is {presence}",
        agency: Observation, ocsf: Access, severity: Informational, concerns: &[],
    }
    /// A read showed that a step of an item that is no access is done.
    StepDone = "step.done" {
        title: "Step carried out and verified", sentence: "A read verified {step} for {item}[ ({step_name})]",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[],
    }
    /// A step of an item that is no access failed, and neither it nor a later step of the item is carried out.
    StepFailed = "step.failed" {
        title: "Step not carried out", sentence: "{step} for {item}[ ({step_name})] was not carried out[: {code}]",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Medium, concerns: &[],
    }
    /// An access window started.
    GrantStarted = "grant.started" {
        title: "Access recorded", sentence: "The access window of {item} started[, until {until}]",
        agency: Observation, ocsf: Access, severity: Informational, concerns: &[],
    }
    /// An access window was ended early: by a removal, or because its access could not be granted.
    GrantStopped = "grant.stopped" {
        title: "Access window ended early", sentence: "The access window of {item} was ended early",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[Beneficiaries],
    }
    /// The engine closed an access window: its access is removed, was never granted, or continues through another
    /// window.
    GrantClosed = "grant.closed" {
        title: "Access window closed", sentence: "The access window of {item} was closed",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[],
    }
    /// A removal requires that access is removed, whatever granted it. The engine continues until a read shows it gone.
    GrantRevoked = "grant.revoked" {
        title: "Access has to be removed", sentence: "{item} has to be removed from AWS",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[],
    }
    /// A read showed that access is gone from AWS.
    GrantEnded = "grant.ended" {
        title: "Access verified as removed from AWS", sentence: "A read of AWS verified that {item} was removed",
        agency: Observation, ocsf: Access, severity: Informational, concerns: &[Beneficiaries],
    }
    /// Access that should be removed still exists.
    GrantOverdue = "grant.overdue" {
        title: "Access is overdue for removal", sentence: "{item} should have been removed and still exists in AWS",
        agency: Observation, ocsf: FINDING_CREATE, severity: Critical, concerns: &[Administrators],
    }
    /// Removed access exists again.
    GrantReappeared = "grant.reappeared" {
        title: "Removed access exists again", sentence: "{item} was removed and exists in AWS again",
        agency: Observation, ocsf: FINDING_CREATE, severity: High, concerns: &[Administrators],
    }
    /// A read does not show granted access, and no write of Leastwise explains it.
    GrantMissing = "grant.missing" {
        title: "Granted access is missing in AWS", sentence: "A read of AWS did not show {item}, which Leastwise granted",
        agency: Observation, ocsf: Access, severity: Low, concerns: &[Administrators, Beneficiaries],
    }
    /// Temporary oversight access reached its end and is removed.
    GrantAlarm = "grant.alarm" {
        title: "Alarm: temporary oversight access has ended", sentence: "Alarm: {item} ended, and counts as oversight access",
        agency: Observation, ocsf: FINDING_CREATE, severity: High, concerns: &[Administrators],
    }
    /// A person signed in.
    SessionStarted = "session.started" {
        title: "Signed in", sentence: "{actor} signed in",
        agency: Person, ocsf: LOGON, severity: Informational, concerns: &[],
    }
    /// A session ended.
    SessionEnded = "session.ended" {
        title: "Session ended", sentence: "The session of {actor} ended[: {reason}]",
        agency: Observation, ocsf: LOGOFF, severity: Informational, concerns: &[],
    }
    /// A sign-in was refused.
    SessionRefused = "session.refused" {
        title: "Sign-in refused", sentence: "The sign-in of {actor} was refused[: {reason}]",
        agency: Observation, ocsf: LOGON, severity: Low, concerns: &[],
    }
    /// A sign-in claimed an Identity Center user that is or was another identity.
    SubjectClaimed = "subject.claimed" {
        title: "Sign-in not linked: its user is another identity", sentence: "A sign-in of {actor} leads to {user}, who is or was another identity",
        agency: Observation, ocsf: ACCOUNT_OTHER, severity: High, concerns: &[Administrators],
    }
    /// A sign-in was linked to an Identity Center user.
    SubjectLinked = "subject.linked" {
        title: "Sign-in linked", sentence: "The sign-in of {person} was linked to the Identity Center user {user}",
        agency: Observation, ocsf: ACCOUNT_OTHER, severity: Informational, concerns: &[Subject],
    }
    /// A sign-in that nobody used yet was assigned to an identity.
    SubjectAssigned = "subject.assigned" {
        title: "Sign-in assigned", sentence: "A sign-in was assigned to {person}",
        agency: Observation, ocsf: ACCOUNT_OTHER, severity: Informational, concerns: &[Subject],
    }
    /// It is not clear which Identity Center user a sign-in belongs to, so it was linked to none.
    SubjectNotLinked = "subject.not_linked" {
        title: "Sign-in not linked", sentence: "The sign-in of {person} was linked to no Identity Center user[: {obstacle}]",
        agency: Observation, ocsf: ACCOUNT_OTHER, severity: Medium, concerns: &[Administrators],
    }
    /// It is not clear that a sign-in still belongs to the Identity Center user of its person.
    SubjectUnclear = "subject.unclear" {
        title: "Sign-in unclear", sentence: "It is not clear that the sign-in of {person} still belongs to the Identity Center user {user}[: {reason}]",
        agency: Observation, ocsf: ACCOUNT_OTHER, severity: Medium, concerns: &[Administrators],
    }
    /// A person was granted a role in Leastwise.
    RoleGranted = "role.granted" {
        title: "Role granted", sentence: "{person} was granted the role {role}[: {reason}]",
        agency: Observation, ocsf: PRIVILEGES_ASSIGN, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// A person lost a role in Leastwise.
    RoleEnded = "role.ended" {
        title: "Role ended", sentence: "{person} lost the role {role}[: {reason}]",
        agency: Observation, ocsf: PRIVILEGES_REVOKE, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// An identity was linked to an Identity Center user, or its user has another external id.
    IdentityLinked = "identity.linked" {
        title: "Identity recorded", sentence: "{person} was recorded with the Identity Center user {user}",
        agency: Observation, ocsf: ACCOUNT_OTHER, severity: Informational, concerns: &[],
    }
    /// Another user has an external id of an identity, and counts as the same human.
    IdentityUserSeen = "identity.user_seen" {
        title: "Another user of an identity", sentence: "The user {user} has an external id of {person} and counts as the same human",
        agency: Observation, ocsf: ACCOUNT_OTHER, severity: Medium, concerns: &[Administrators],
    }
    /// The directory shows that an identity is not the user that it was linked to.
    IdentitySuspended = "identity.suspended" {
        title: "Identity suspended", sentence: "{person} was suspended[: {reason}]",
        agency: Leastwise, ocsf: ACCOUNT_DISABLE, severity: High, concerns: &[Subject, Administrators],
    }
    /// A suspension ended on the host, or an identity became another user.
    IdentityConfirmed = "identity.confirmed" {
        title: "Identity confirmed", sentence: "{person} was confirmed with the Identity Center user {user} on the host",
        agency: Observation, ocsf: ACCOUNT_ENABLE, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// Two people agreed that an identity is a user. A suspension ended with it.
    IdentityLinkAgreed = "identity.link_agreed" {
        title: "Identity linked by agreement", sentence: "{person} was linked to the Identity Center user {user}, as people agreed",
        agency: Leastwise, ocsf: ACCOUNT_ENABLE, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// Sign-ins of another identity became sign-ins of this one, because people agreed that both are one user.
    IdentityJoined = "identity.joined" {
        title: "Sign-ins joined an identity", sentence: "Sign-ins of the same human joined {person}, as people agreed",
        agency: Leastwise, ocsf: ACCOUNT_OTHER, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// People agreed to end the link of an identity. It stays without a user until they agree to another one.
    IdentityLinkEnded = "identity.link_ended" {
        title: "Identity link ended", sentence: "The link of {person} to the Identity Center user {user} was ended, as people agreed",
        agency: Leastwise, ocsf: ACCOUNT_DISABLE, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// People agreed that an identity is not the user that its sign-in claimed.
    IdentityClaimRefused = "identity.claim_refused" {
        title: "Identity claim refused", sentence: "The claim of {person} to be the Identity Center user {user} was refused, as people agreed",
        agency: Leastwise, ocsf: ACCOUNT_OTHER, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// People agreed that an identity may claim a user again.
    IdentityRefusalWithdrawn = "identity.refusal_withdrawn" {
        title: "Refusal of an identity claim withdrawn", sentence: "{person} may claim to be the Identity Center user {user} again, as people agreed",
        agency: Leastwise, ocsf: ACCOUNT_OTHER, severity: Medium, concerns: &[Subject, Administrators],
    }
    /// Many identities differ from the directory at once.
    IdentityAlarmRaised = "identity.alarm_raised" {
        title: "Identity alarm", sentence: "Alarm: {differing} of {linked} identities differ from the directory at once",
        agency: Observation, ocsf: FINDING_CREATE, severity: Critical, concerns: &[Administrators],
    }
    /// A difference of an identity belongs to the alarm, and suspends nobody.
    IdentityAlarmIncluded = "identity.alarm_included" {
        title: "Identity belongs to the alarm", sentence: "{person} is one of the identities of the alarm[: {reason}]",
        agency: Observation, ocsf: FINDING_CREATE, severity: Medium, concerns: &[Administrators],
    }
    /// Somebody looked at the identities that differ, on the host.
    IdentityAlarmEnded = "identity.alarm_ended" {
        title: "Identity alarm ended", sentence: "The identity alarm was ended on the host",
        agency: Observation, ocsf: FINDING_CLOSE, severity: Medium, concerns: &[Administrators],
    }
    /// Other policies are in force from now on.
    RulesActivated = "rules.activated" {
        title: "Policies activated", sentence: "Other policies are in force",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Medium, concerns: &[Administrators],
    }
    /// Another mapping of tags and OUs is in force from now on.
    ClassificationMapped = "classification.mapped" {
        title: "Classification mapping changed",
        sentence: "Another mapping of tags and OUs is in force, which classifies {accounts} differently",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Medium, concerns: &[Administrators],
    }
    /// What AWS was read to classify accounts as, as it is on record from now on.
    ClassificationRecorded = "classification.recorded" {
        title: "Classification recorded", sentence: "The classification of {accounts} by AWS was recorded",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[],
    }
    /// A person declared what an account is, by a change.
    AccountDeclared = "account.declared" {
        title: "Account classified", sentence: "{actor} declared {item} {classification}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Medium, concerns: &[Administrators],
    }
    /// A person ended the declaration of an account, by a change.
    AccountDeclarationEnded = "account.declaration_ended" {
        title: "Declared classification ended", sentence: "{actor} ended the declared classification of {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Medium, concerns: &[Administrators],
    }
    /// A crawl ended.
    SyncCompleted = "sync.completed" {
        title: "Crawl ended", sentence: "A crawl of AWS ended",
        agency: Observation, ocsf: API_READ, severity: Informational, concerns: &[],
    }
    /// A person requested a job, such as a crawl.
    JobRequested = "job.requested" {
        title: "Job requested", sentence: "{actor} requested {item}",
        agency: Person, ocsf: ENTITY_CREATE, severity: Informational, concerns: &[],
    }
    /// A person put a failed job back into the queue.
    JobRetried = "job.retried" {
        title: "Failed job retried", sentence: "{actor} retried {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Informational, concerns: &[],
    }
    /// A person removed a failed job from the list of failed jobs.
    JobDismissed = "job.dismissed" {
        title: "Failed job dismissed", sentence: "{actor} dismissed {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Low, concerns: &[Administrators],
    }
    /// A person cancelled a job.
    JobCancelled = "job.cancelled" {
        title: "Job cancelled", sentence: "{actor} cancelled {item}",
        agency: Person, ocsf: ENTITY_UPDATE, severity: Low, concerns: &[Administrators],
    }
    /// Drift: AWS differs from the last read, and no change of Leastwise explains it.
    DriftDetected = "outside.seen" {
        title: "Drift", sentence: "{item} was {drift} outside Leastwise",
        agency: Observation, ocsf: Access, severity: Medium, concerns: &[Administrators],
    }
    /// A report was downloaded.
    ReportDownloaded = "report.downloaded" {
        title: "Report downloaded", sentence: "{actor} downloaded the report {report}[ as {format}]",
        agency: Person, ocsf: ENTITY_READ, severity: Informational, concerns: &[],
    }
    /// A person viewed the ledger.
    LedgerViewed = "ledger.viewed" {
        title: "Ledger viewed", sentence: "{actor} viewed the ledger",
        agency: Person, ocsf: ENTITY_READ, severity: Informational, concerns: &[],
    }
    /// A person downloaded entries of the ledger.
    LedgerDownloaded = "ledger.downloaded" {
        title: "Entries downloaded", sentence: "{actor} downloaded {entries} of the ledger[ as {format}]",
        agency: Person, ocsf: ENTITY_READ, severity: Informational, concerns: &[],
    }
    /// The ledger was exported as a bundle, on the command line.
    LedgerExported = "ledger.exported" {
        title: "Ledger exported", sentence: "The ledger was exported on the host",
        agency: Observation, ocsf: ENTITY_READ, severity: Low, concerns: &[],
    }
    /// Entries that had none got a MAC: those of an earlier version, or all of them under another row key.
    LedgerAdopted = "ledger.adopted" {
        title: "Ledger adopted", sentence: "{actor} gave earlier entries of the ledger a MAC",
        agency: Leastwise, ocsf: ENTITY_UPDATE, severity: High, concerns: &[Administrators],
    }
    /// Entries that Leastwise did not write were set aside on the host.
    LedgerSetAside = "ledger.set_aside" {
        title: "Entries set aside", sentence: "Entries that Leastwise did not write were set aside on the host",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Critical, concerns: &[Administrators],
    }
    /// People accepted on the host that the end of the ledger is lost.
    LedgerRestoreAccepted = "ledger.restore_accepted" {
        title: "Restore accepted", sentence: "The loss of the end of the ledger was accepted on the host",
        agency: Observation, ocsf: ENTITY_UPDATE, severity: Critical, concerns: &[Administrators],
    }
    /// A comparison of all rows with the ledger found rows that differ.
    RowsDiffer = "rows.differ" {
        title: "Rows differ from the ledger", sentence: "Rows of the database differ from the ledger",
        agency: Observation, ocsf: ENTITY_READ, severity: Critical, concerns: &[Administrators],
    }
    /// The process started to write the log.
    LogStarted = "log.started" {
        title: "Log started", sentence: "{actor} started to write the log",
        agency: Leastwise, ocsf: LIFECYCLE_START, severity: Informational, concerns: &[],
    }
    /// The process shut down in an orderly way and stopped writing the log.
    LogStopped = "log.stopped" {
        title: "Log stopped", sentence: "{actor} stopped writing the log",
        agency: Leastwise, ocsf: LIFECYCLE_STOP, severity: Low, concerns: &[],
    }
    /// A person requested an action that their roles do not include.
    AccessDenied = "access.denied" {
        title: "Access denied", sentence: "{actor} was denied an action[: {reason}]",
        agency: Observation, ocsf: API_READ, severity: Low, concerns: &[],
    }
}

#[cfg(test)]
mod tests;
