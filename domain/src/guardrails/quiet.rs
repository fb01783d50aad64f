//! What an operation means although nobody seems to gain by it.
//!
//! The effect shows accounts only. A group may open applications, or be assigned to something tomorrow;
//! a rule may speak of a group by name; a window ends access that was there before it. None of that is a
//! gain that a rule could judge, so it is said here, and no more than here.

use std::collections::BTreeSet;

use super::{
    answer::Asked,
    rules::Rules,
    system::{hit, rests_on},
};
use crate::{
    change::Operation,
    diff::Effect,
    grant::Term,
    ids::{Assignment, GroupId, UserId},
    snapshot::Snapshot,
    verdict::{Hit, Remedy},
};

/// Somebody joins a group that leads to no account as last read.
pub const LEADS_NOWHERE: &str = "system.membership-leads-nowhere";
/// A membership decides what a rule says of a person.
pub const NAMED_BY_A_RULE: &str = "system.group-named-by-a-rule";
/// A grant of what is held already, without a reason of ours.
pub const HELD_ALREADY: &str = "system.held-already";

/// What stands against operations beside what people gain; `agreed` is how many approvals count.
pub(super) fn hits(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Effect,
    asked: &Asked,
    rules: &Rules,
    agreed: usize,
) -> Vec<Hit> {
    let mut found: Vec<Hit> = Vec::new();
    for operation in operations {
        let of_one = match operation {
            Operation::AddMember { group, user } => {
                let leads = effect.judged().any(|step| rests_on(step, operation));
                joining(snapshot, group, user, leads, rules)
            }
            Operation::RemoveMember { group, .. } => named(snapshot, group, rules),
            Operation::Assign { assignment, term } => {
                held_already(snapshot, assignment, *term, asked)
            }
            Operation::Unassign { .. } => None,
        };
        let lifted = |hit: &Hit| match hit.remedy {
            Some(Remedy::Approvals(needed)) => agreed >= usize::from(needed),
            None => false,
        };
        found.extend(of_one.filter(|hit| !lifted(hit) && !found.contains(hit)));
    }
    found
}

fn joining(
    snapshot: &Snapshot,
    group: &GroupId,
    user: &UserId,
    leads: bool,
    rules: &Rules,
) -> Option<Hit> {
    if snapshot.members(group).any(|member| member == user) {
        return None;
    }
    let nowhere = || {
        let reason = format!(
            "As last read, {} leads to no account, so what joining it is for cannot be judged: it may be assigned \
             later, or open applications that Leastwise does not see. Somebody else must agree.",
            name(snapshot, group)
        );
        with_one_approval(LEADS_NOWHERE, reason)
    };
    named(snapshot, group, rules).or_else(|| (!leads).then(nowhere))
}

fn named(snapshot: &Snapshot, group: &GroupId, rules: &Rules) -> Option<Hit> {
    rules.mentions.entity("Group", group.as_str()).then(|| {
        let reason = format!(
            "A rule names {}: who is in it decides what the rules say. Somebody else must agree.",
            name(snapshot, group)
        );
        with_one_approval(NAMED_BY_A_RULE, reason)
    })
}

/// Access that AWS holds without a reason of ours would end with a window, or pass as granted here
/// although nobody agreed to it.
fn held_already(
    snapshot: &Snapshot,
    assignment: &Assignment,
    term: Term,
    asked: &Asked,
) -> Option<Hit> {
    let there = snapshot
        .pair(&assignment.pair)
        .is_some_and(|read| read.principals.contains_key(&assignment.principal));
    if !there || asked.ours.contains(assignment) {
        return None;
    }
    let reason = match term {
        Term::For(_) => {
            "This access is there already and has no end; a window would take it away when it ends. Remove it \
             first, then ask for the window."
        }
        Term::Standing => {
            "This access is there already, and nothing on record says who agreed to it. Remove it first, then \
             ask for it anew."
        }
    };
    Some(hit(
        HELD_ALREADY,
        reason.to_owned(),
        "PCI 7.2.4",
        BTreeSet::new(),
    ))
}

fn with_one_approval(rule: &str, reason: String) -> Hit {
    Hit {
        remedy: Some(Remedy::Approvals(1)),
        ..hit(rule, reason, "PCI 7.2.2", BTreeSet::new())
    }
}

fn name<'a>(snapshot: &'a Snapshot, group: &'a GroupId) -> &'a str {
    snapshot
        .group(group)
        .map_or(group.as_str(), |known| &known.display_name)
}
