//! An entry being put together, field by field.
//!
//! Which fields are private is decided here, once: a caller cannot put a name into a plain field by
//! using the method that is meant for names.

use std::net::IpAddr;

use domain::{
    classification::Classification,
    engine::Key,
    ids::{AccountId, Assignment, AwsRequestId, ChangeId, OperationId, PermissionSetArn},
    ledger::{Entry, Hash, Origin, Target},
    time::Timestamp,
};
use serde_json::Value;

use super::private;

/// An entry that is not written yet.
#[derive(Debug, Clone)]
#[must_use = "a draft is not written until it is appended"]
pub struct Draft {
    entry: Entry,
    address: Option<IpAddr>,
}

impl Draft {
    /// The address is kept beside the entry, where it is a hash, to be counted with repeats.
    pub(super) fn new(entry: Entry, address: Option<IpAddr>) -> Self {
        Self { entry, address }
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    pub(super) fn into_entry(self) -> Entry {
        self.entry
    }

    /// When it happened, if that is not now.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.entry.occurred_at = at;
        self
    }

    /// The change it belongs to.
    pub fn change(mut self, change: &ChangeId) -> Self {
        self.entry.change_id = Some(change.clone());
        self
    }

    /// The write to AWS it tells of.
    pub fn operation(mut self, operation: &OperationId) -> Self {
        self.entry.operation_id = Some(operation.clone());
        self
    }

    /// The call, as IAM spells it: `sso:CreateAccountAssignment`.
    pub fn api(mut self, api: &str) -> Self {
        self.entry.api = Some(api.to_owned());
        self
    }

    /// AWS's id of the asynchronous write.
    pub fn aws_request(mut self, request: &AwsRequestId) -> Self {
        self.entry.aws_request_id = Some(request.clone());
        self
    }

    /// Why it ended so, in words of ours.
    pub fn reason(mut self, reason: &str) -> Self {
        self.entry.reason = Some(reason.to_owned());
        self
    }

    /// The error's name, ours or AWS's.
    pub fn error_code(mut self, code: &str) -> Self {
        self.entry.error_code = Some(code.to_owned());
        self
    }

    /// The ticket that was given.
    pub fn ticket(mut self, ticket: Option<&str>) -> Self {
        self.entry.ticket = ticket.map(str::to_owned);
        self
    }

    /// What the person wrote as a reason; private.
    pub fn justification(mut self, text: &str) -> Self {
        self.entry.justification = Some(private(text));
        self
    }

    /// What it was done to.
    pub fn target(mut self, target: Target) -> Self {
        self.entry.target = Some(target);
        self
    }

    /// A noun and its id as the target.
    pub fn target_id(self, noun: &str, id: &str) -> Self {
        self.target(Target {
            id: Some(id.to_owned()),
            ..Target::new(noun)
        })
    }

    /// An assignment or a membership as the target.
    pub fn key(self, key: &Key) -> Self {
        match key {
            Key::Assignment(assignment) => self.assignment(assignment),
            Key::Membership { group, user } => self.target(Target {
                id: Some(group.as_str().to_owned()),
                principal_type: Some("USER".to_owned()),
                principal_id: Some(user.as_str().to_owned()),
                ..Target::new("membership")
            }),
        }
    }

    /// An account assignment as the target.
    pub fn assignment(self, assignment: &Assignment) -> Self {
        self.target(Target {
            account_id: Some(assignment.pair.account.clone()),
            permission_set_arn: Some(assignment.pair.set.clone()),
            principal_type: Some(assignment.principal.kind().to_owned()),
            principal_id: Some(assignment.principal.id().to_owned()),
            ..Target::new("assignment")
        })
    }

    /// An account as the target.
    pub fn account(self, account: &AccountId) -> Self {
        self.target(Target {
            account_id: Some(account.clone()),
            ..Target::new("account")
        })
    }

    /// A permission set as the target.
    pub fn permission_set(self, set: &PermissionSetArn) -> Self {
        self.target(Target {
            permission_set_arn: Some(set.clone()),
            ..Target::new("permission_set")
        })
    }

    /// What the target's account was at that moment.
    pub fn classified(mut self, class: &Classification) -> Self {
        if let Some(target) = &mut self.entry.target {
            target.environment = Some(class.environment.as_str().to_owned());
            target.pci = Some(class.pci.as_str().to_owned());
        }
        self
    }

    /// The target's name as it was shown; private. After the target.
    pub fn target_name(mut self, name: &str) -> Self {
        if let Some(target) = &mut self.entry.target {
            target.name = Some(private(name));
        }
        self
    }

    /// The principal's name as it was shown; private. After the target.
    pub fn principal_name(mut self, name: &str) -> Self {
        if let Some(target) = &mut self.entry.target {
            target.principal_name = Some(private(name));
        }
        self
    }

    /// A further fact: whole numbers, words of ours, ids. Nothing personal.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.entry.data.insert(name.to_owned(), value.into());
        self
    }

    /// A further private value.
    pub fn private(mut self, name: &str, value: &str) -> Self {
        self.entry.private.insert(name.to_owned(), private(value));
        self
    }

    /// SHA-256 of payloads that are stored elsewhere, before and after.
    pub fn payloads(mut self, before: Option<Hash>, after: Option<Hash>) -> Self {
        (self.entry.before, self.entry.after) = (before, after);
        self
    }

    /// What a change's approvers are shown from now on, by SHA-256 of its effect as it is stored.
    pub fn shows(self, effect: Hash) -> Self {
        self.payloads(None, Some(effect))
    }

    /// The clock's distance from its time source, in milliseconds.
    pub fn clock_offset_ms(mut self, offset: i64) -> Self {
        self.entry
            .origin
            .get_or_insert_with(Origin::default)
            .clock_offset_ms = Some(offset);
        self
    }
}
