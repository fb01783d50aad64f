//! Refusals that no rule has to say: what cannot be looked up, or cannot be carried out.
//!
//! Their ids are stable, begin with `system.` or `eligibility.`, and belong to the program. Never
//! refuses to take access away because of who has it; only because AWS would refuse the write.

use std::collections::BTreeSet;

use crate::{
    change::Operation,
    classification::{Environment, Source, is_live},
    diff::{Effect, Gainer, Step},
    directory::Origin,
    ids::{AccountId, Assignment, GroupId, PermissionSetArn, Principal, UserId},
    snapshot::Snapshot,
    verdict::Hit,
};

/// Nothing makes the person eligible.
pub const ELIGIBILITY_NONE: &str = "eligibility.none";
/// A rule could not be evaluated.
pub const RULE_ERROR: &str = "system.rule-error";

pub(super) fn hit(rule: &str, reason: String, control: &str, gains: BTreeSet<usize>) -> Hit {
    Hit {
        rule: rule.to_owned(),
        reason,
        control: control.to_owned(),
        remedy: None,
        gains,
    }
}

/// What stands against the operations themselves, in their order.
pub(super) fn refusals(snapshot: &Snapshot, operations: &[Operation], effect: &Effect) -> Vec<Hit> {
    let mut found: Vec<Hit> = Vec::new();
    for operation in operations {
        let gains: BTreeSet<usize> = effect
            .judged()
            .enumerate()
            .filter(|(_, step)| rests_on(step, operation))
            .map(|(at, _)| at)
            .collect();
        for (rule, reason, control) in against(snapshot, operation) {
            match found
                .iter_mut()
                .find(|hit| hit.rule == rule && hit.reason == reason)
            {
                Some(hit) => hit.gains.extend(gains.iter().copied()),
                None => found.push(hit(rule, reason, control, gains.clone())),
            }
        }
    }
    found
}

pub(super) fn rests_on(step: &Step, operation: &Operation) -> bool {
    match operation {
        Operation::Assign { assignment, .. } => {
            step.pair == assignment.pair
                && match (&assignment.principal, &step.path, &step.gainer) {
                    (Principal::Group(group), crate::access::Path::Group(path), _) => group == path,
                    (Principal::User(user), crate::access::Path::Direct, Gainer::User(gainer)) => {
                        user == gainer
                    }
                    _ => false,
                }
        }
        Operation::AddMember { group, user } => {
            step.path == crate::access::Path::Group(group.clone())
                && step.gainer == Gainer::User(user.clone())
        }
        Operation::Unassign { .. } | Operation::RemoveMember { .. } => false,
    }
}

/// A rule's id, its reason, its control.
pub(super) type Against = (&'static str, String, &'static str);

fn against(snapshot: &Snapshot, operation: &Operation) -> Vec<Against> {
    match operation {
        Operation::Assign { assignment, .. } => {
            let mut found = unwritable(snapshot, assignment);
            found.extend(unknown_account(snapshot, &assignment.pair.account));
            found.extend(unknown_set(snapshot, &assignment.pair.set));
            found.extend(unknown_principal(snapshot, &assignment.principal));
            found
        }
        Operation::Unassign { assignment } => {
            let mut found = unwritable(snapshot, assignment);
            // What AWS lists can be taken away, even if account, set or principal are gone.
            if snapshot.pair(&assignment.pair).is_none() {
                found.extend(unknown_account(snapshot, &assignment.pair.account));
                found.extend(unknown_set(snapshot, &assignment.pair.set));
            }
            found
        }
        Operation::AddMember { group, user } => membership(snapshot, group)
            .into_iter()
            .chain(unknown_principal(snapshot, &Principal::User(user.clone())))
            .collect(),
        Operation::RemoveMember { group, user } => membership(snapshot, group)
            .into_iter()
            .filter(|_| !is_member_of_lost_group(snapshot, group, user))
            .collect(),
    }
}

/// A group that the directory no longer lists, while a membership in it is still on record: taking
/// that away must stay possible.
fn is_member_of_lost_group(snapshot: &Snapshot, group: &GroupId, user: &UserId) -> bool {
    snapshot.group(group).is_none() && snapshot.members(group).any(|member| member == user)
}

fn membership(snapshot: &Snapshot, group: &GroupId) -> Option<Against> {
    match snapshot.group(group).map(|known| (known, known.origin)) {
        None => unknown_principal(snapshot, &Principal::Group(group.clone())),
        Some((_, Origin::IdentityCenter)) => None,
        Some((known, Origin::External)) => Some((
            "system.external-group",
            format!(
                "The members of {} come from the identity provider, which would undo this without a trace. \
                 Change them there.",
                known.display_name
            ),
            "PCI 8.2.4",
        )),
    }
}

/// What AWS would refuse to write for us, whichever way.
pub(super) fn unwritable(snapshot: &Snapshot, assignment: &Assignment) -> Vec<Against> {
    let mut found = Vec::new();
    let account = &assignment.pair.account;
    if is_management(snapshot, account) {
        found.push((
            "system.management-account",
            format!(
                "{account} is the management account. AWS lets nobody change its access from a delegated \
                 administrator. Do it in the management account, with a permission set of its own."
            ),
            "PCI 7.2.3",
        ));
    } else if in_management(snapshot, &assignment.pair.set) {
        found.push((
            "system.management-set",
            "This permission set is provisioned in the management account, so AWS lets nobody manage it from \
             a delegated administrator anywhere. Use a set of its own here."
                .to_owned(),
            "PCI 7.2.3",
        ));
    }
    if let Some((known, _)) = snapshot.account(account)
        && !is_live(known)
    {
        found.push((
            "system.account-not-active",
            format!(
                "Account {} ({account}) is {} as last read: nothing can be written there. Sync again if that \
                 has changed.",
                known.name,
                known.state.as_str().to_lowercase().replace('_', " ")
            ),
            "PCI 7.2.1",
        ));
    }
    found
}

fn unknown_account(snapshot: &Snapshot, id: &AccountId) -> Option<Against> {
    snapshot.account(id).is_none().then(|| {
        (
            "system.unknown-account",
            format!("There is no account {id} in the organization as last read. Sync, or choose another."),
            "PCI 7.2.1",
        )
    })
}

fn unknown_set(snapshot: &Snapshot, arn: &PermissionSetArn) -> Option<Against> {
    snapshot.set(arn).is_none().then(|| {
        (
            "system.unknown-set",
            format!("There is no permission set {arn} as last read. Sync, or choose another."),
            "PCI 7.2.1",
        )
    })
}

fn unknown_principal(snapshot: &Snapshot, principal: &Principal) -> Option<Against> {
    (!snapshot.exists(principal)).then(|| {
        let kind = match principal {
            Principal::Group(_) => "group",
            Principal::User(_) => "user",
        };
        (
            "system.unknown-principal",
            format!(
                "There is no {kind} {} in the directory as last read. Sync, or choose another.",
                principal.id()
            ),
            "PCI 8.2.1",
        )
    })
}

/// Only the account's part in the organization makes it *the* management account; a tag that says
/// so makes it strictly guarded, not unmanageable.
fn is_management(snapshot: &Snapshot, id: &AccountId) -> bool {
    snapshot.account(id).is_some_and(|(_, class)| {
        class.environment == Environment::Management && class.environment_source == Source::Role
    })
}

fn in_management(snapshot: &Snapshot, set: &PermissionSetArn) -> bool {
    snapshot
        .parts()
        .accounts
        .keys()
        .filter(|id| is_management(snapshot, id))
        .any(|id| snapshot.pairs_in(id).any(|(pair, _)| &pair.set == set))
}
