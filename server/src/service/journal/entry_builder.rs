//! Builds an entry, field by field.
//!
//! This is the only place that decides which fields are private: the methods for names always store private values.

use std::net::IpAddr;

use domain::{
    change::Change,
    classification::Classification,
    engine::AccessResource,
    ids::{AccountId, Assignment, AwsRequestId, ChangeId, OperationId, PermissionSetArn},
    ledger::{Entry, EntryTarget, Hash, Origin, PrivateValue},
    subject::{Part, SubjectKey},
    time::Timestamp,
};
use serde_json::Value;

use super::private;

/// An entry that has not been appended.
#[derive(Debug, Clone)]
#[must_use = "a draft is not written until it is appended"]
pub struct EntryBuilder {
    entry: Entry,
    address: Option<IpAddr>,
}

impl EntryBuilder {
    /// Creates a draft. The address is kept next to the entry, which contains only its hash, so that repetitions can
    /// list it.
    pub(super) fn new(entry: Entry, address: Option<IpAddr>) -> Self {
        Self { entry, address }
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    pub(super) fn into_entry(self) -> Entry {
        self.entry
    }

    /// Sets the time of the event, if it is not now.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.entry.occurred_at = at;
        self
    }

    /// Sets the change that the entry belongs to.
    pub fn change(mut self, change: &ChangeId) -> Self {
        self.entry.change_id = Some(change.clone());
        self
    }

    /// Sets the write to AWS that the entry is about.
    pub fn operation(mut self, operation: &OperationId) -> Self {
        self.entry.operation_id = Some(operation.clone());
        self
    }

    /// Sets the API call in IAM notation: `sso:CreateAccountAssignment`.
    pub fn api(mut self, api: &str) -> Self {
        self.entry.api = Some(api.to_owned());
        self
    }

    /// Sets the AWS request id of the asynchronous write.
    pub fn aws_request(mut self, request: &AwsRequestId) -> Self {
        self.entry.aws_request_id = Some(request.clone());
        self
    }

    /// Sets the reason for the outcome, in text written by Leastwise.
    pub fn reason(mut self, reason: &str) -> Self {
        self.entry.reason = Some(reason.to_owned());
        self
    }

    /// Sets the error code, of Leastwise or AWS.
    pub fn error_code(mut self, code: &str) -> Self {
        self.entry.error_code = Some(code.to_owned());
        self
    }

    pub fn ticket(mut self, ticket: Option<&str>) -> Self {
        self.entry.ticket = ticket.map(str::to_owned);
        self
    }

    /// Sets the person's justification; private.
    pub fn justification(mut self, text: &str) -> Self {
        self.entry.justification = Some(private(text));
        self
    }

    pub fn target(mut self, target: EntryTarget) -> Self {
        self.entry.target = Some(target);
        self
    }

    /// Sets a target of this kind and id.
    pub fn target_id(self, noun: &str, id: &str) -> Self {
        self.target(EntryTarget {
            id: Some(id.to_owned()),
            ..EntryTarget::new(noun)
        })
    }

    /// Sets what an item is about as the target.
    pub fn subject(self, key: &SubjectKey) -> Self {
        let mut target = EntryTarget::new(key.kind().noun());
        for name in key.names() {
            match name {
                Part::Account(account) => target.account_id = Some(account),
                Part::Set(set) => target.permission_set_arn = Some(set),
                // The user of a membership is its principal, and the group its id.
                Part::Principal(principal) if target.principal_id.is_none() => {
                    target.principal_type = Some(principal.kind().to_owned());
                    target.principal_id = Some(principal.id().to_owned());
                }
                Part::Principal(principal) => target.id = Some(principal.id().to_owned()),
                Part::Person(person) => target.id = Some(person.to_string()),
                Part::Value(id) => target.id = Some(id),
                Part::Text(_) | Part::Term(_) => {}
            }
        }
        self.target(target)
    }

    /// Sets an assignment or a membership as the target.
    pub fn key(self, key: &AccessResource) -> Self {
        match key {
            AccessResource::Assignment(assignment) => self.assignment(assignment),
            AccessResource::Membership { group, user } => self.target(EntryTarget {
                id: Some(group.as_str().to_owned()),
                principal_type: Some("USER".to_owned()),
                principal_id: Some(user.as_str().to_owned()),
                ..EntryTarget::new("membership")
            }),
        }
    }

    /// Sets an account assignment as the target.
    pub fn assignment(self, assignment: &Assignment) -> Self {
        self.target(EntryTarget {
            account_id: Some(assignment.pair.account.clone()),
            permission_set_arn: Some(assignment.pair.set.clone()),
            principal_type: Some(assignment.principal.kind().to_owned()),
            principal_id: Some(assignment.principal.id().to_owned()),
            ..EntryTarget::new("assignment")
        })
    }

    /// Sets an account as the target.
    pub fn account(self, account: &AccountId) -> Self {
        self.target(EntryTarget {
            account_id: Some(account.clone()),
            ..EntryTarget::new("account")
        })
    }

    /// Sets a permission set as the target.
    pub fn permission_set(self, set: &PermissionSetArn) -> Self {
        self.target(EntryTarget {
            permission_set_arn: Some(set.clone()),
            ..EntryTarget::new("permission_set")
        })
    }

    /// Sets the classification of the target's account at that time. Call after setting the target.
    pub fn classified(mut self, class: &Classification) -> Self {
        if let Some(target) = &mut self.entry.target {
            target.environment = Some(class.environment.as_str().to_owned());
            target.pci = Some(class.pci.as_str().to_owned());
        }
        self
    }

    /// Sets the target's name as it was displayed; private. Call after setting the target.
    pub fn target_name(mut self, name: &str) -> Self {
        if let Some(target) = &mut self.entry.target {
            target.name = Some(private(name));
        }
        self
    }

    /// Sets the principal's name as it was displayed; private. Call after setting the target.
    pub fn principal_name(mut self, name: &str) -> Self {
        if let Some(target) = &mut self.entry.target {
            target.principal_name = Some(private(name));
        }
        self
    }

    /// Adds a fact to `data`: an integer, a constant or an id. Never personal data.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.entry.data.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a private value.
    pub fn private(mut self, name: &str, value: &str) -> Self {
        self.entry.private.insert(name.to_owned(), private(value));
        self
    }

    /// Sets the texts of the items of a change, which the entry or its items hold as hashes; private.
    pub fn item_texts(mut self, texts: Vec<PrivateValue>) -> Self {
        self.entry.item_texts = texts;
        self
    }

    /// Sets the SHA-256 of payloads that are stored elsewhere, before and after the event.
    pub fn payloads(mut self, before: Option<Hash>, after: Option<Hash>) -> Self {
        (self.entry.before, self.entry.after) = (before, after);
        self
    }

    /// Sets the effect that approvers are shown from now on, as SHA-256 of its stored form.
    pub fn shows(self, effect: Hash) -> Self {
        self.payloads(None, Some(effect))
    }

    /// Sets what a change that needs new decisions is decided on from now on. `effect` is the SHA-256 of its stored form.
    pub fn decided_anew(self, change: &Change, effect: Hash) -> Self {
        self.fact("effect", change.effect.0.as_str())
            .fact("state", change.state.as_str())
            .fact("approvals_needed", change.verdict.approvals)
            .fact("decide_by", change.decide_by.rfc3339())
            .shows(effect)
    }

    /// Sets the clock's offset from its time source, in milliseconds.
    pub fn clock_offset_ms(mut self, offset: i64) -> Self {
        self.entry
            .origin
            .get_or_insert_with(Origin::default)
            .clock_offset_ms = Some(offset);
        self
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{GroupId, Pair, PersonId, Principal, UserId},
        ledger::{Actor, ActorKind, EventKind, Outcome},
    };

    use super::*;

    fn builder() -> EntryBuilder {
        let kind = EventKind::StepDone.entry_type();
        let actor = Actor::new(ActorKind::System);
        EntryBuilder::new(
            Entry::new(kind, Timestamp(0), Outcome::Success, actor),
            None,
        )
    }

    fn target(builder: EntryBuilder) -> EntryTarget {
        builder.into_entry().target.unwrap()
    }

    #[test]
    fn an_item_of_any_kind_is_recorded_as_what_other_entries_call_it() {
        let account = AccountId::parse("111122223333").unwrap();
        let set = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef";
        let group = GroupId::parse("00000000-0000-4000-8000-000000000001").unwrap();
        let user = UserId::parse("00000000-0000-4000-8000-000000000002").unwrap();
        let person = PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap();
        let assignment = Assignment {
            pair: Pair {
                account: account.clone(),
                set: PermissionSetArn::parse(set).unwrap(),
            },
            principal: Principal::Group(group.clone()),
        };
        let membership = AccessResource::Membership {
            group: group.clone(),
            user: user.clone(),
        };
        for (key, expected) in [
            (
                SubjectKey::Assignment(assignment.clone()),
                builder().assignment(&assignment),
            ),
            (
                SubjectKey::Membership { group, user },
                builder().key(&membership),
            ),
            (
                SubjectKey::AccountClassification {
                    account: account.clone(),
                },
                builder().account(&account),
            ),
            (
                SubjectKey::IdentityLink {
                    person: person.clone(),
                },
                builder().target_id("person", person.as_str()),
            ),
        ] {
            assert_eq!(target(builder().subject(&key)), target(expected), "{key:?}");
        }
    }
}
