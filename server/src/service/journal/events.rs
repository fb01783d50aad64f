//! The entries of all events, so that an event always has the same form.

use std::collections::BTreeSet;

use domain::{
    approval::{Approval, Decision},
    authorize::{Action, Role},
    change::{Change, Operation, State},
    classification::{Environment, Pci},
    drift::{Outside, Seen},
    engine::{Key, Kind as WriteKind},
    grant::Window,
    ids::{AwsRequestId, ChangeId, GrantId, OperationId, PersonId},
    ledger::{Hash, Outcome, Target},
    time::{Duration, Timestamp},
    verdict::{self, RulesVersion},
};
use serde_json::Value;

use super::{Draft, Journal, Kind, Who};
use crate::store::person::Claim;

impl Journal {
    /// A change was requested: submitted, or blocked by policy, depending on its state.
    pub fn change_submitted(&self, who: &Who, change: &Change) -> Draft {
        let (kind, outcome) = match change.state {
            State::Refused => (Kind::ChangeRefused, Outcome::Denied),
            State::Waiting => (Kind::ChangeSubmitted, Outcome::Pending),
            _ => (Kind::ChangeSubmitted, Outcome::Success),
        };
        let operations = &change.proposal.operations;
        let accounts: BTreeSet<&str> = operations.iter().filter_map(account_of).collect();
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
        let draft = self
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
            .fact("accounts", accounts.into_iter().collect::<Vec<_>>())
            .fact(
                "operations",
                serde_json::to_value(operations).unwrap_or(Value::Null),
            );
        match operations.as_slice() {
            [only] => draft.key(&Key::of(only)),
            _ => draft.target_id("change", change.id.as_str()),
        }
    }

    /// An approver approved or declined a change.
    pub fn change_decided(&self, who: &Who, change: &ChangeId, approval: &Approval) -> Draft {
        let kind = match approval.decision {
            Decision::Approve => Kind::ChangeApproved,
            Decision::Decline => Kind::ChangeDeclined,
        };
        self.about_change(kind, Outcome::Success, who, change)
            .at(approval.at)
            .justification(&approval.reason)
            .fact("effect", approval.effect.0.as_str())
    }

    /// The requester withdrew a change.
    pub fn change_withdrawn(&self, who: &Who, change: &ChangeId) -> Draft {
        self.about_change(Kind::ChangeWithdrawn, Outcome::Success, who, change)
    }

    /// A change was not decided in time.
    pub fn change_expired(&self, change: &ChangeId) -> Draft {
        self.about_change(
            Kind::ChangeExpired,
            Outcome::Success,
            &Who::leastwise(),
            change,
        )
    }

    fn about_change(&self, kind: Kind, outcome: Outcome, who: &Who, change: &ChangeId) -> Draft {
        self.entry(kind, outcome, who)
            .change(change)
            .target_id("change", change.as_str())
    }

    /// A write to AWS is about to be sent.
    pub fn operation_intended(
        &self,
        change: Option<&ChangeId>,
        operation: &OperationId,
        key: &Key,
        write: WriteKind,
    ) -> Draft {
        let draft = self
            .entry(Kind::OperationIntended, Outcome::Pending, &Who::leastwise())
            .operation(operation)
            .api(api_of(key, write))
            .key(key);
        match change {
            Some(change) => draft.change(change),
            None => draft,
        }
    }

    /// AWS accepted the write.
    pub fn operation_accepted(
        &self,
        operation: &OperationId,
        key: &Key,
        request: Option<&AwsRequestId>,
    ) -> Draft {
        let draft = self
            .entry(Kind::OperationAccepted, Outcome::Pending, &Who::leastwise())
            .operation(operation)
            .key(key);
        match request {
            Some(request) => draft.aws_request(request),
            None => draft,
        }
    }

    /// AWS rejected the write or failed to carry it out. Its message is private because it may contain names.
    pub fn operation_failed(
        &self,
        operation: &OperationId,
        key: &Key,
        code: &str,
        message: &str,
    ) -> Draft {
        self.entry(Kind::OperationFailed, Outcome::Failure, &Who::leastwise())
            .operation(operation)
            .key(key)
            .error_code(code)
            .private("message", message)
    }

    /// An access window started. Its row counts only with this entry. `session` is the maximum length of a session
    /// through it.
    pub fn grant_started(&self, key: &Key, window: &Window, session: Duration) -> Draft {
        let draft = self
            .entry(Kind::GrantStarted, Outcome::Success, &Who::leastwise())
            .change(&window.change)
            .key(key)
            .fact("grant", window.grant.as_str())
            .fact("starts", window.starts.rfc3339())
            .fact("session_seconds", session.as_seconds());
        match window.ends {
            Some(ends) => draft.fact("ends", ends.rfc3339()),
            None => draft.fact("standing", true),
        }
    }

    /// An access window was ended early. Another entry records the removal of its access.
    pub fn grant_stopped(&self, key: &Key, grant: &GrantId, at: Timestamp) -> Draft {
        self.about_grant(Kind::GrantStopped, key, grant, at)
    }

    /// The engine closed an access window permanently.
    pub fn grant_closed(&self, key: &Key, grant: &GrantId, at: Timestamp) -> Draft {
        self.about_grant(Kind::GrantClosed, key, grant, at)
    }

    /// Access has to be removed. `session` is the maximum length of a session through it.
    pub fn grant_revoked(&self, key: &Key, session: Duration) -> Draft {
        self.entry(Kind::GrantRevoked, Outcome::Pending, &Who::leastwise())
            .key(key)
            .fact("session_seconds", session.as_seconds())
    }

    fn about_grant(&self, kind: Kind, key: &Key, grant: &GrantId, at: Timestamp) -> Draft {
        self.entry(kind, Outcome::Success, &Who::leastwise())
            .key(key)
            .at(at)
            .fact("grant", grant.as_str())
    }

    /// A person was granted a role in Leastwise. `at` is the time in the row, which counts only with this entry.
    pub fn role_granted(&self, who: &Who, person: &PersonId, role: Role, at: Timestamp) -> Draft {
        self.entry(Kind::RoleGranted, Outcome::Success, who)
            .target_id("person", person.as_str())
            .at(at)
            .fact("role", role.as_str())
    }

    /// A person lost a role in Leastwise.
    pub fn role_ended(&self, who: &Who, person: &PersonId, role: Role, at: Timestamp) -> Draft {
        self.entry(Kind::RoleEnded, Outcome::Success, who)
            .target_id("person", person.as_str())
            .at(at)
            .fact("role", role.as_str())
    }

    /// A sign-in claimed an Identity Center user that is linked to another sign-in. It is linked to no user.
    pub fn subject_claimed(&self, who: &Who, claim: &Claim) -> Draft {
        self.entry(Kind::SubjectClaimed, Outcome::Denied, who)
            .target(Target {
                id: Some(claim.held_by.to_string()),
                principal_type: Some("USER".to_owned()),
                principal_id: Some(claim.user.to_string()),
                ..Target::new("person")
            })
            .reason("another sign-in is already linked to this directory user")
    }

    /// Other policies are in force from now on. This entry already contains their version.
    pub fn rules_activated(&self, who: &Who, version: &RulesVersion) -> Draft {
        self.rules_are(version);
        self.entry(Kind::RulesActivated, Outcome::Success, who)
            .target_id("rules", &version.0)
    }

    /// A crawl ended. `facts` are counts by name.
    pub fn sync_completed(
        &self,
        outcome: Outcome,
        facts: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> Draft {
        let draft = self.entry(Kind::SyncCompleted, outcome, &Who::leastwise());
        facts
            .into_iter()
            .fold(draft, |draft, (name, number)| draft.fact(name, number))
    }

    /// Drift: AWS differs from the last read, and no change of Leastwise explains it.
    pub fn outside_seen(&self, seen: &Seen) -> Draft {
        let membership =
            |group: &domain::ids::GroupId, user: &domain::ids::UserId| Key::Membership {
                group: group.clone(),
                user: user.clone(),
            };
        // The actor in AWS is unknown, so the entry names Leastwise, which detected the difference.
        let entry = self.entry(Kind::OutsideSeen, Outcome::Success, &Who::leastwise());
        let (what, draft) = match &seen.outside {
            Outside::Assigned { assignment } => ("assigned", entry.assignment(assignment)),
            Outside::Unassigned { assignment } => ("unassigned", entry.assignment(assignment)),
            Outside::Joined { group, user } => ("joined", entry.key(&membership(group, user))),
            Outside::Left { group, user } => ("left", entry.key(&membership(group, user))),
            Outside::SetEdited { set, from, to } => {
                let draft = entry.permission_set(set);
                let draft = draft.fact("from", from.0.as_str());
                ("set_edited", draft.fact("to", to.0.as_str()))
            }
            Outside::Reclassified { account, from, to } => {
                let word = |(environment, pci): &(Environment, Pci)| {
                    format!("{} {}", environment.as_str(), pci.as_str())
                };
                let draft = entry.account(account).fact("from", word(from));
                ("reclassified", draft.fact("to", word(to)))
            }
        };
        draft
            .at(seen.by)
            .fact("what", what)
            .fact("not_before", seen.after.rfc3339())
    }

    /// A report was downloaded. `content` is the SHA-256 of its bytes.
    pub fn report_downloaded(&self, who: &Who, report: &str, format: &str, content: Hash) -> Draft {
        self.entry(Kind::ReportDownloaded, Outcome::Success, who)
            .target_id("report", report)
            .fact("format", format)
            .payloads(None, Some(content))
    }

    /// A person viewed the ledger. For [`Journal::note`].
    pub fn ledger_viewed(&self, who: &Who) -> Draft {
        self.entry(Kind::LedgerViewed, Outcome::Success, who)
            .target_id("ledger", self.log().as_str())
    }

    /// A person requested an action that they may not perform. For [`Journal::note`].
    pub fn access_denied(&self, who: &Who, action: Action, reason: &str) -> Draft {
        let action = serde_json::to_value(action).unwrap_or(Value::Null);
        self.entry(Kind::AccessDenied, Outcome::Denied, who)
            .reason(reason)
            .fact("action", action)
    }

    /// The process started to write the log.
    pub fn log_started(&self) -> Draft {
        self.entry(Kind::LogStarted, Outcome::Success, &Who::leastwise())
    }

    /// The process shut down in an orderly way and stops writing the log.
    pub fn log_stopped(&self) -> Draft {
        self.entry(Kind::LogStopped, Outcome::Success, &Who::leastwise())
    }
}

fn account_of(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
            Some(assignment.pair.account.as_str())
        }
        Operation::AddMember { .. } | Operation::RemoveMember { .. } => None,
    }
}

/// Returns the API call in IAM notation.
fn api_of(key: &Key, write: WriteKind) -> &'static str {
    match (key, write) {
        (Key::Assignment(_), WriteKind::Create) => "sso:CreateAccountAssignment",
        (Key::Assignment(_), WriteKind::Delete) => "sso:DeleteAccountAssignment",
        (Key::Membership { .. }, WriteKind::Create) => "identitystore:CreateGroupMembership",
        (Key::Membership { .. }, WriteKind::Delete) => "identitystore:DeleteGroupMembership",
    }
}
