//! Asynchronous writes: accepted at once, completed later.
//!
//! They complete by the clock alone. The first call after the due time applies the outcome, and the outcome does not
//! depend on when that call arrives.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::access::{Pair, Principal};
use crate::org::{AccountState, PrincipalType};
use crate::state::SandboxState;

/// The kind of an asynchronous write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OperationKind {
    CreateAssignment,
    DeleteAssignment,
    Provision,
    /// Follows the removal of the last assignment of a pair. Not an API operation of its own.
    RemoveRole,
}

/// The status of an asynchronous write, serialized as in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    InProgress,
    Succeeded,
    Failed,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

/// An asynchronous write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub request_id: Arc<str>,
    pub kind: OperationKind,
    pub set: Arc<str>,
    /// One account, or all accounts of a `ProvisionPermissionSet` call.
    pub accounts: Vec<Arc<str>>,
    #[serde(default)]
    pub principal: Option<Principal>,
    pub created_ms: i64,
    /// The completion time in Unix milliseconds. `None` if a fault rule prevents completion.
    pub due_ms: Option<i64>,
    /// How long the write takes. A role removal that follows from it takes the same time.
    pub latency_ms: i64,
    /// Whether the write updates an IAM role. An account accepts one such write at a time.
    pub updates_role: bool,
    #[serde(default)]
    pub fails_with: Option<String>,
    pub status: Status,
    #[serde(default)]
    pub failure: Option<String>,
}

impl Operation {
    pub fn touches(&self, account: &str) -> bool {
        self.accounts.iter().any(|held| &**held == account)
    }
}

/// All operations ever accepted. AWS does not document how long it keeps them; the sandbox keeps them permanently.
#[derive(Default)]
pub(crate) struct Operations {
    all: BTreeMap<u64, Operation>,
    by_request: HashMap<Arc<str>, u64>,
    in_flight: BTreeSet<u64>,
    due: BTreeSet<(i64, u64)>,
}

impl Operations {
    pub fn restore(saved: Vec<Operation>) -> Self {
        let mut operations = Self::default();
        for operation in saved {
            operations.accept(operation);
        }
        operations
    }

    pub fn accept(&mut self, operation: Operation) {
        let number = self.all.last_key_value().map_or(0, |(last, _)| last + 1);
        self.by_request.insert(operation.request_id.clone(), number);
        if operation.status == Status::InProgress {
            self.in_flight.insert(number);
            if let Some(due) = operation.due_ms {
                self.due.insert((due, number));
            }
        }
        self.all.insert(number, operation);
    }

    pub fn by_request(&self, request_id: &str) -> Option<&Operation> {
        self.all.get(self.by_request.get(request_id)?)
    }

    pub fn in_flight(&self) -> impl Iterator<Item = &Operation> {
        self.in_flight
            .iter()
            .filter_map(|number| self.all.get(number))
    }

    /// Returns the operations, newest first, as in the status lists.
    pub fn newest_first(&self) -> impl Iterator<Item = &Operation> {
        self.all.values().rev()
    }

    /// Returns the operations, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.all.values()
    }

    fn take_due(&mut self, now_ms: i64) -> Option<(i64, u64)> {
        let first = self.due.first().copied().filter(|(at, _)| *at <= now_ms)?;
        self.due.remove(&first);
        Some(first)
    }
}

/// Completes every operation that is due at `now_ms`, ordered by due time. Returns whether any completed.
pub(crate) fn settle(sandbox: &mut SandboxState, now_ms: i64) -> bool {
    let mut any = false;
    while let Some((at_ms, number)) = sandbox.operations.take_due(now_ms) {
        any = true;
        sandbox.operations.in_flight.remove(&number);
        let Some(operation) = sandbox.operations.all.get(&number).cloned() else {
            continue;
        };
        let failure = carry_out(sandbox, &operation, at_ms);
        if let Some(kept) = sandbox.operations.all.get_mut(&number) {
            kept.status = if failure.is_some() {
                Status::Failed
            } else {
                Status::Succeeded
            };
            kept.failure = failure;
        }
    }
    any
}

/// Applies an operation. Returns the reason if it fails; a failed operation changes nothing.
fn carry_out(sandbox: &mut SandboxState, operation: &Operation, at_ms: i64) -> Option<String> {
    if let Some(reason) = &operation.fails_with {
        return Some(reason.clone());
    }
    if let Some(reason) = operation
        .principal
        .as_ref()
        .and_then(|principal| missing_assignee(sandbox, principal))
    {
        return Some(reason);
    }
    if matches!(
        operation.kind,
        OperationKind::CreateAssignment | OperationKind::Provision
    ) && let Some(reason) = operation
        .accounts
        .iter()
        .find_map(|account| cannot_provision(sandbox, &operation.set, account))
    {
        return Some(reason);
    }
    for account in &operation.accounts {
        let pair = sandbox.access.pair(account, &operation.set);
        let revision = sandbox.access.latest_revision(&pair.set);
        match (operation.kind, &operation.principal) {
            (OperationKind::CreateAssignment, Some(principal)) => {
                sandbox.access.assign(&pair, revision, principal.clone());
            }
            (OperationKind::DeleteAssignment, Some(principal)) => {
                sandbox.access.unassign(&pair, principal);
                remove_role_when_empty(sandbox, operation, &pair, at_ms);
            }
            (OperationKind::Provision, _) => sandbox.access.provision(&pair, revision),
            (OperationKind::RemoveRole, _) => sandbox.access.remove_role(&pair),
            (OperationKind::CreateAssignment | OperationKind::DeleteAssignment, None) => {}
        }
    }
    None
}

fn remove_role_when_empty(sandbox: &mut SandboxState, cause: &Operation, pair: &Pair, at_ms: i64) {
    if sandbox
        .access
        .role(pair)
        .is_none_or(|role| !role.principals.is_empty())
    {
        return;
    }
    sandbox.operations.accept(Operation {
        request_id: format!("{}-role", cause.request_id).into(),
        kind: OperationKind::RemoveRole,
        set: pair.set.clone(),
        accounts: vec![pair.account.clone()],
        principal: None,
        created_ms: at_ms,
        due_ms: Some(at_ms + cause.latency_ms),
        latency_ms: cause.latency_ms,
        updates_role: true,
        fails_with: None,
        status: Status::InProgress,
        failure: None,
    });
}

/// Returns the failure reason if the principal does not exist, worded as in AWS (reference/aws.md 1.3).
fn missing_assignee(sandbox: &SandboxState, principal: &Principal) -> Option<String> {
    let known = match principal.kind {
        PrincipalType::User => sandbox.directory.users.contains_key(&principal.id),
        PrincipalType::Group => sandbox.directory.groups.contains_key(&principal.id),
    };
    (!known).then(|| {
        format!(
            "Received a 404 status error: the {} assignee {} was not found in directory {}",
            principal.kind.as_str(),
            principal.id,
            sandbox.directory.id
        )
    })
}

/// Returns the reason why a role cannot be provisioned in an account.
fn cannot_provision(sandbox: &SandboxState, set: &str, account: &Arc<str>) -> Option<String> {
    let held = sandbox.organizations.accounts.get(account)?;
    if held.state != AccountState::Active {
        return Some(format!(
            "Received a 403 status error: account {account} is not active"
        ));
    }
    let set = sandbox.access.sets.get(set)?;
    let roles = sandbox.access.sets_of(account);
    if roles.is_some_and(|roles| roles.len() >= 500 && !roles.contains(&set.arn)) {
        return Some(format!(
            "Received a 409 status error: the limit of provisioned permission sets for account {account} was reached"
        ));
    }
    let missing = set
        .customer_policies
        .iter()
        .find(|policy| !held.customer_policies.contains(policy))?;
    Some(format!(
        "Received a 404 status error: Policy arn:aws:iam::{account}:policy{}{} does not exist or is not attachable.",
        missing.path, missing.name
    ))
}
