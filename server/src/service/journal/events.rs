//! The entries of all events, so that an event always has the same form.

use std::collections::BTreeSet;

use domain::{
    approval::{Approval, Decision},
    authorize::{Action, Role},
    change::{Change, State, StoredItem},
    classification::{Environment, Pci},
    drift::{Drift, DriftEvent},
    engine::{AccessResource, OperationKind as WriteKind},
    grant::Window,
    ids::{AccountId, AwsRequestId, ChangeId, GrantId, OperationId, PersonId},
    ledger::{EventKind, Hash, Outcome, items},
    time::{Duration, Timestamp},
    verdict::{self, RulesVersion},
};
use serde_json::Value;

use super::{EntryActor, EntryBuilder, Journal};

/// The number of accounts that the entry of a request names. The items name all of them.
const ACCOUNTS: usize = 100;

impl Journal {
    /// Starts an entry whose actor is Leastwise itself.
    pub(super) fn system_entry(&self, kind: EventKind, outcome: Outcome) -> EntryBuilder {
        self.entry(kind, outcome, &EntryActor::leastwise())
    }

    /// A change was requested: submitted, or blocked by policy, depending on its state.
    pub fn change_submitted(&self, who: &EntryActor, change: &Change) -> EntryBuilder {
        let (kind, outcome) = match change.state {
            State::Refused => (EventKind::ChangeRefused, Outcome::Denied),
            State::Waiting => (EventKind::ChangeSubmitted, Outcome::Pending),
            _ => (EventKind::ChangeSubmitted, Outcome::Success),
        };
        let operations = &change.proposal.operations;
        let accounts: BTreeSet<&str> = operations
            .iter()
            .filter_map(|item| item.account().map(AccountId::as_str))
            .collect();
        let accounts: Vec<&str> = accounts.into_iter().take(ACCOUNTS).collect();
        let rules: Vec<&str> = change
            .verdict
            .hits
            .iter()
            .map(|hit| hit.rule.as_str())
            .collect();
        let verdict = match change.verdict.outcome {
            verdict::Outcome::Allowed => "allowed",
            verdict::Outcome::NeedsApproval => "needs_approval",
            verdict::Outcome::Refused => "refused",
        };
        let builder = self
            .entry(kind, outcome, who)
            .change(&change.id)
            .at(change.submitted)
            .justification(&change.proposal.justification)
            .ticket(change.proposal.ticket.as_deref())
            .fact("verdict", verdict)
            .fact("approvals_needed", change.verdict.approvals)
            .fact("rules_hit", rules)
            .fact("effect", change.effect.0.as_str())
            .fact("decide_by", change.decide_by.rfc3339())
            .fact("accounts", accounts);
        let builder = match change.proposal.not_before {
            Some(at) => builder.fact("not_before", at.rfc3339()),
            None => builder,
        };
        let builder = match change.proposal.review_on {
            Some(date) => builder.fact("review_on", date.to_string()),
            None => builder,
        };
        let stored = StoredItem::of_all(operations);
        let builder = builder.item_texts(items::texts(operations, &stored));
        let builder = items::facts(&stored)
            .into_iter()
            .fold(builder, |builder, (name, fact)| builder.fact(name, fact));
        match operations.as_slice() {
            [only] => builder.subject(&only.key()),
            _ => builder.target_id("change", change.id.as_str()),
        }
    }

    /// An approver approved or declined a change.
    pub fn change_decided(
        &self,
        who: &EntryActor,
        change: &ChangeId,
        approval: &Approval,
    ) -> EntryBuilder {
        let kind = match approval.decision {
            Decision::Approve => EventKind::ChangeApproved,
            Decision::Decline => EventKind::ChangeDeclined,
        };
        self.about_change(kind, Outcome::Success, who, change)
            .at(approval.at)
            .justification(&approval.reason)
            .fact("effect", approval.effect.0.as_str())
    }

    /// The requester withdrew a change.
    pub fn change_withdrawn(&self, who: &EntryActor, change: &ChangeId) -> EntryBuilder {
        self.about_change(EventKind::ChangeWithdrawn, Outcome::Success, who, change)
    }

    /// A change was not decided in time.
    pub fn change_expired(&self, change: &ChangeId) -> EntryBuilder {
        self.about_change(
            EventKind::ChangeExpired,
            Outcome::Success,
            &EntryActor::leastwise(),
            change,
        )
    }

    pub(super) fn about_change(
        &self,
        kind: EventKind,
        outcome: Outcome,
        who: &EntryActor,
        change: &ChangeId,
    ) -> EntryBuilder {
        self.entry(kind, outcome, who)
            .change(change)
            .target_id("change", change.as_str())
    }

    /// A write to AWS is about to be sent.
    pub fn operation_intended(
        &self,
        change: Option<&ChangeId>,
        operation: &OperationId,
        key: &AccessResource,
        write: WriteKind,
    ) -> EntryBuilder {
        let builder = self
            .system_entry(EventKind::OperationIntended, Outcome::Pending)
            .operation(operation)
            .api(api_of(key, write))
            .key(key);
        match change {
            Some(change) => builder.change(change),
            None => builder,
        }
    }

    /// AWS accepted the write.
    pub fn operation_accepted(
        &self,
        operation: &OperationId,
        key: &AccessResource,
        request: Option<&AwsRequestId>,
    ) -> EntryBuilder {
        let builder = self
            .system_entry(EventKind::OperationAccepted, Outcome::Pending)
            .operation(operation)
            .key(key);
        match request {
            Some(request) => builder.aws_request(request),
            None => builder,
        }
    }

    /// AWS rejected the write or failed to carry it out. Its message is private because it may contain names.
    pub fn operation_failed(
        &self,
        operation: &OperationId,
        key: &AccessResource,
        code: &str,
        message: &str,
    ) -> EntryBuilder {
        self.system_entry(EventKind::OperationFailed, Outcome::Failure)
            .operation(operation)
            .key(key)
            .error_code(code)
            .private("message", message)
    }

    /// An access window started. Its row counts only with this entry. `session` is the maximum length of a session
    /// through it.
    pub fn grant_started(
        &self,
        key: &AccessResource,
        window: &Window,
        session: Duration,
    ) -> EntryBuilder {
        let builder = self
            .system_entry(EventKind::GrantStarted, Outcome::Success)
            .change(&window.change)
            .key(key)
            .fact("grant", window.grant.as_str())
            .fact("starts", window.starts.rfc3339())
            .fact("session_seconds", session.as_seconds());
        match window.ends {
            Some(ends) => builder.fact("ends", ends.rfc3339()),
            None => builder.fact("standing", true),
        }
    }

    /// An access window was ended early. Another entry records the removal of its access.
    pub fn grant_stopped(
        &self,
        key: &AccessResource,
        grant: &GrantId,
        at: Timestamp,
    ) -> EntryBuilder {
        self.about_grant(EventKind::GrantStopped, key, grant, at)
    }

    /// The engine closed an access window permanently.
    pub fn grant_closed(
        &self,
        key: &AccessResource,
        grant: &GrantId,
        at: Timestamp,
    ) -> EntryBuilder {
        self.about_grant(EventKind::GrantClosed, key, grant, at)
    }

    /// Access has to be removed. `session` is the maximum length of a session through it.
    pub fn grant_revoked(&self, key: &AccessResource, session: Duration) -> EntryBuilder {
        self.system_entry(EventKind::GrantRevoked, Outcome::Pending)
            .key(key)
            .fact("session_seconds", session.as_seconds())
    }

    fn about_grant(
        &self,
        kind: EventKind,
        key: &AccessResource,
        grant: &GrantId,
        at: Timestamp,
    ) -> EntryBuilder {
        self.entry(kind, Outcome::Success, &EntryActor::leastwise())
            .key(key)
            .at(at)
            .fact("grant", grant.as_str())
    }

    /// A person was granted a role in Leastwise. `at` is the time in the row, which counts only with this entry.
    pub fn role_granted(
        &self,
        who: &EntryActor,
        person: &PersonId,
        role: Role,
        at: Timestamp,
    ) -> EntryBuilder {
        self.entry(EventKind::RoleGranted, Outcome::Success, who)
            .target_id("person", person.as_str())
            .at(at)
            .fact("role", role.as_str())
    }

    /// A person lost a role in Leastwise.
    pub fn role_ended(
        &self,
        who: &EntryActor,
        person: &PersonId,
        role: Role,
        at: Timestamp,
    ) -> EntryBuilder {
        self.entry(EventKind::RoleEnded, Outcome::Success, who)
            .target_id("person", person.as_str())
            .at(at)
            .fact("role", role.as_str())
    }

    /// Other policies are in force from now on. This entry already contains their version.
    pub fn rules_activated(&self, who: &EntryActor, version: &RulesVersion) -> EntryBuilder {
        self.rules_are(version);
        self.entry(EventKind::RulesActivated, Outcome::Success, who)
            .target_id("rules", &version.0)
    }

    /// A crawl ended. `facts` are counts by name.
    pub fn sync_completed(
        &self,
        outcome: Outcome,
        facts: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> EntryBuilder {
        let builder = self.system_entry(EventKind::SyncCompleted, outcome);
        facts.into_iter().fold(builder, |builder, (name, number)| {
            builder.fact(name, number)
        })
    }

    /// Drift: AWS differs from the last read, and no change of Leastwise explains it.
    pub fn outside_seen(&self, seen: &DriftEvent) -> EntryBuilder {
        let membership =
            |group: &domain::ids::GroupId, user: &domain::ids::UserId| AccessResource::Membership {
                group: group.clone(),
                user: user.clone(),
            };
        // The actor in AWS is unknown, so the entry names Leastwise, which detected the difference.
        let entry = self.system_entry(EventKind::DriftDetected, Outcome::Success);
        let (what, builder) = match &seen.drift {
            Drift::Assigned { assignment } => ("assigned", entry.assignment(assignment)),
            Drift::Unassigned { assignment } => ("unassigned", entry.assignment(assignment)),
            Drift::Joined { group, user } => ("joined", entry.key(&membership(group, user))),
            Drift::Left { group, user } => ("left", entry.key(&membership(group, user))),
            Drift::SetEdited { set, from, to } => {
                let builder = entry.permission_set(set);
                let builder = builder.fact("from", from.0.as_str());
                ("set_edited", builder.fact("to", to.0.as_str()))
            }
            Drift::Reclassified { account, from, to } => {
                let builder = entry.account(account).fact("from", class_word(*from));
                ("reclassified", builder.fact("to", class_word(*to)))
            }
            Drift::ReportedOtherwise { account, from, to } => {
                let builder = entry.account(account).fact("from", class_word(*from));
                ("reported_otherwise", builder.fact("to", class_word(*to)))
            }
        };
        builder
            .at(seen.by)
            .fact("what", what)
            .fact("not_before", seen.after.rfc3339())
    }

    /// A report was downloaded. `content` is the SHA-256 of its bytes.
    pub fn report_downloaded(
        &self,
        who: &EntryActor,
        report: &str,
        format: &str,
        content: Hash,
    ) -> EntryBuilder {
        self.entry(EventKind::ReportDownloaded, Outcome::Success, who)
            .target_id("report", report)
            .fact("format", format)
            .payloads(None, Some(content))
    }

    /// A person downloaded entries of the ledger. The filter may name people. `content` is the SHA-256 of the bytes.
    pub fn ledger_downloaded(
        &self,
        who: &EntryActor,
        (filter, entries): (&str, usize),
        format: &str,
        content: Hash,
    ) -> EntryBuilder {
        self.entry(EventKind::LedgerDownloaded, Outcome::Success, who)
            .target_id("ledger", self.log().as_str())
            .fact("entries", entries)
            .fact("format", format)
            .private("filter", filter)
            .payloads(None, Some(content))
    }

    /// A person viewed the ledger. For [`Journal::note`].
    pub fn ledger_viewed(&self, who: &EntryActor) -> EntryBuilder {
        self.entry(EventKind::LedgerViewed, Outcome::Success, who)
            .target_id("ledger", self.log().as_str())
    }

    /// A person requested an action that they may not perform. For [`Journal::note`].
    pub fn access_denied(&self, who: &EntryActor, action: Action, reason: &str) -> EntryBuilder {
        let action = serde_json::to_value(action).unwrap_or(Value::Null);
        self.entry(EventKind::AccessDenied, Outcome::Denied, who)
            .reason(reason)
            .fact("action", action)
    }

    /// The process started to write the log.
    pub fn log_started(&self) -> EntryBuilder {
        self.system_entry(EventKind::LogStarted, Outcome::Success)
    }

    /// The process shut down in an orderly way and stops writing the log.
    pub fn log_stopped(&self) -> EntryBuilder {
        self.system_entry(EventKind::LogStopped, Outcome::Success)
    }
}

/// Returns the API call in IAM notation.
fn class_word((environment, pci): (Environment, Pci)) -> String {
    format!("{} {}", environment.as_str(), pci.as_str())
}

fn api_of(key: &AccessResource, write: WriteKind) -> &'static str {
    match (key, write) {
        (AccessResource::Assignment(_), WriteKind::Create) => "sso:CreateAccountAssignment",
        (AccessResource::Assignment(_), WriteKind::Delete) => "sso:DeleteAccountAssignment",
        (AccessResource::Membership { .. }, WriteKind::Create) => {
            "identitystore:CreateGroupMembership"
        }
        (AccessResource::Membership { .. }, WriteKind::Delete) => {
            "identitystore:DeleteGroupMembership"
        }
    }
}
