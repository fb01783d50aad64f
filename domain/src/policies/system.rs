//! Checks that need no policy: what does not exist, and what cannot be carried out.
//!
//! Their ids are stable, begin with `system.` or `eligibility.`, and are reserved for the program. A removal is blocked
//! only if the write cannot succeed or would be undone, never because of who has the access.

use std::collections::BTreeSet;

use crate::{
    access::Path,
    change::Operation,
    classification::{Environment, Source, is_live},
    diff::SharedPath,
    directory::Origin,
    ids::{AccountId, Assignment, GroupId, PermissionSetArn, Principal, UserId},
    snapshot::Snapshot,
    verdict::Hit,
};

/// No policy makes the person eligible.
pub const ELIGIBILITY_NONE: &str = "eligibility.none";
/// A policy could not be evaluated.
pub const RULE_ERROR: &str = "system.rule-error";
/// A policy on removals could not be evaluated.
pub const REMOVAL_POLICY_ERROR: &str = "system.removal-policy-error";

pub(super) fn hit(rule: &str, reason: String, control: &str, gains: BTreeSet<usize>) -> Hit {
    Hit {
        rule: rule.to_owned(),
        reason,
        control: control.to_owned(),
        remedy: None,
        gains,
        affected: 0,
        people_together: None,
    }
}

/// The operations that cannot be carried out, each with the reasons.
pub(super) struct Refusals<'a>(Vec<(&'a Operation, Vec<SystemRefusal>)>);

impl<'a> Refusals<'a> {
    pub(super) fn of(snapshot: &Snapshot, operations: &'a [Operation]) -> Self {
        let refused = operations.iter().filter_map(|operation| {
            let reasons = against(snapshot, operation);
            (!reasons.is_empty()).then_some((operation, reasons))
        });
        Self(refused.collect())
    }

    /// Returns the users to whom only some of the reasons apply, although policies may not distinguish them.
    pub(super) fn users(&self) -> BTreeSet<&'a UserId> {
        self.0
            .iter()
            .filter_map(|(operation, _)| match operation {
                Operation::Assign { assignment, .. } => match &assignment.principal {
                    Principal::User(user) => Some(user),
                    Principal::Group(_) => None,
                },
                Operation::AddMember { user, .. } => Some(user),
                Operation::Unassign { .. } | Operation::RemoveMember { .. } => None,
            })
            .collect()
    }

    /// Returns the hits in the order of the operations; `gains` are all gains, by number.
    pub(super) fn hits<'g>(self, gains: impl Iterator<Item = &'g SharedPath> + Clone) -> Vec<Hit> {
        let mut found: Vec<Hit> = Vec::new();
        for (operation, reasons) in self.0 {
            let concerned: BTreeSet<usize> = gains
                .clone()
                .enumerate()
                .filter(|(_, gain)| rests_on(gain, operation))
                .map(|(at, _)| at)
                .collect();
            for (rule, reason, control) in reasons {
                match found
                    .iter_mut()
                    .find(|hit| hit.rule == rule && hit.reason == reason)
                {
                    Some(hit) => hit.gains.extend(concerned.iter().copied()),
                    None => found.push(hit(rule, reason, control, concerned.clone())),
                }
            }
        }
        found
    }
}

/// Whether any of the gainers of a path owes the gain to an operation.
pub(super) fn rests_on(gain: &SharedPath, operation: &Operation) -> bool {
    match operation {
        Operation::Assign { assignment, .. } => {
            gain.pair == assignment.pair
                && match (&assignment.principal, &gain.path) {
                    (Principal::Group(group), Path::Group(path)) => group == path,
                    (Principal::User(user), Path::Direct) => gain.gainers.contain(user),
                    _ => false,
                }
        }
        Operation::AddMember { group, user } => {
            matches!(&gain.path, Path::Group(path) if path == group) && gain.gainers.contain(user)
        }
        Operation::Unassign { .. } | Operation::RemoveMember { .. } => false,
    }
}

/// Policy id, reason and control.
pub(super) type SystemRefusal = (&'static str, String, &'static str);

pub(super) fn against(snapshot: &Snapshot, operation: &Operation) -> Vec<SystemRefusal> {
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
            // What AWS lists can be removed, even if the account, set or principal is gone.
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

/// Whether the directory no longer lists a group in which the user still has a recorded membership. Removing that
/// membership must remain possible.
fn is_member_of_lost_group(snapshot: &Snapshot, group: &GroupId, user: &UserId) -> bool {
    snapshot.group(group).is_none() && snapshot.members(group).any(|member| member == user)
}

fn membership(snapshot: &Snapshot, group: &GroupId) -> Option<SystemRefusal> {
    match snapshot.group(group).map(|known| (known, known.origin)) {
        None => unknown_principal(snapshot, &Principal::Group(group.clone())),
        Some((_, Origin::IdentityCenter)) => None,
        Some((known, Origin::External)) => Some((
            "system.external-group",
            format!(
                "The members of {} are managed in the identity provider, which would undo this change without a trace. \
                 Change them there.",
                known.display_name
            ),
            "PCI 8.2.4",
        )),
    }
}

/// Returns the reasons why AWS would refuse to create or delete an assignment.
pub(super) fn unwritable(snapshot: &Snapshot, assignment: &Assignment) -> Vec<SystemRefusal> {
    let mut found = Vec::new();
    let account = &assignment.pair.account;
    if is_management(snapshot, account) {
        found.push((
            "system.management-account",
            format!(
                "{account} is the management account, and AWS does not let a delegated administrator change access to it. \
                 Make this change in the management account, with a separate permission set."
            ),
            "PCI 7.2.3",
        ));
    } else if in_management(snapshot, &assignment.pair.set) {
        found.push((
            "system.management-set",
            "This permission set is provisioned in the management account, so a delegated administrator cannot \
             manage it in any account. Use a separate permission set here."
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
                "Account {} ({account}) is {} as of the last complete read of AWS, so access to it cannot be changed. If that \
                 has changed, try again after the next read.",
                known.name,
                known.state.as_str().to_lowercase().replace('_', " ")
            ),
            "PCI 7.2.1",
        ));
    }
    found
}

fn unknown_account(snapshot: &Snapshot, id: &AccountId) -> Option<SystemRefusal> {
    snapshot.account(id).is_none().then(|| {
        (
            "system.unknown-account",
            format!(
                "Account {id} is not in the organization as of the last complete read of AWS. Choose another account, or \
                 try again after the next read."
            ),
            "PCI 7.2.1",
        )
    })
}

fn unknown_set(snapshot: &Snapshot, arn: &PermissionSetArn) -> Option<SystemRefusal> {
    snapshot.set(arn).is_none().then(|| {
        (
            "system.unknown-set",
            format!(
                "Permission set {arn} does not exist as of the last complete read of AWS. Choose another permission set, \
                 or try again after the next read."
            ),
            "PCI 7.2.1",
        )
    })
}

fn unknown_principal(snapshot: &Snapshot, principal: &Principal) -> Option<SystemRefusal> {
    (!snapshot.exists(principal)).then(|| {
        let kind = match principal {
            Principal::Group(_) => "group",
            Principal::User(_) => "user",
        };
        (
            "system.unknown-principal",
            format!(
                "The directory contains no {kind} {} as of the last complete read of AWS. Choose another {kind}, or try \
                 again after the next read.",
                principal.id()
            ),
            "PCI 8.2.1",
        )
    })
}

/// Whether an account is the management account according to the organization. A tag to that effect only makes the
/// policies stricter; the account can still be managed.
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
