//! Effects of operations that are not a gain of account access.
//!
//! The effect of a change covers access to accounts only. But a group may give access to applications or be assigned
//! later, a policy may name a group, and temporary access may end access that existed before. Policies cannot evaluate
//! these, so they are checked here. Every group that somebody joins has uses that are not known, because Leastwise does
//! not read what applications it is assigned to: joining one never passes as harmless, whatever the group gives access
//! to, so the order of an assignment and a membership does not matter.

use std::collections::{BTreeSet, HashSet};

use super::{
    results::RequestContext,
    rules::Rules,
    system::{GainsByOrigin, hit},
};
use crate::{
    change::Operation,
    diff::Effect,
    grant::Term,
    ids::{Assignment, GroupId, UserId},
    snapshot::Snapshot,
    verdict::{Hit, Remedies},
};

/// A user joins a group that gives access to no account.
pub const LEADS_NOWHERE: &str = "system.membership-leads-nowhere";
/// A user joins a group that gives access to accounts, and whose other uses are not known.
pub const USE_NOT_KNOWN: &str = "system.membership-use-not-known";
/// A policy names the group, so the membership affects how policies are evaluated.
pub const NAMED_BY_A_RULE: &str = "system.group-named-by-a-rule";
/// A grant of access that exists already and was not granted by Leastwise.
pub const HELD_ALREADY: &str = "system.held-already";

/// Returns the hits for operations beyond what people gain; `agreed` is the number of valid approvals.
pub(super) fn hits(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Effect,
    asked: &RequestContext,
    rules: &Rules,
    agreed: usize,
) -> Vec<Hit> {
    let gains = GainsByOrigin::of(effect.evaluated_paths());
    let mut found: Vec<Hit> = Vec::new();
    let mut known = HashSet::new();
    for operation in operations {
        let joining = operation.joins().and_then(|(group, user)| {
            let leads = gains.resting_on(operation).next().is_some();
            joining(snapshot, group, user, leads, rules)
        });
        let leaving = operation.leaves();
        let leaving = leaving.and_then(|(group, _)| named(snapshot, group, rules));
        let held = operation
            .assigns()
            .and_then(|(assignment, term)| held_already(snapshot, assignment, term, asked));
        let of_one = joining.or(leaving).or(held);
        let lifted = |hit: &Hit| {
            let remedies = hit.remedy.as_ref();
            remedies.is_some_and(|remedies| remedies.lifted_by(agreed))
        };
        // A rule with the same reason is the same hit.
        let new = of_one.filter(|hit| !lifted(hit));
        found.extend(new.filter(|hit| known.insert((hit.rule.clone(), hit.reason.clone()))));
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
    let members = snapshot.parts().members.get(group);
    if members.is_some_and(|members| members.contains(user)) {
        return None;
    }
    let (rule, known) = if leads {
        (
            USE_NOT_KNOWN,
            "Leastwise knows which accounts this gives access to, but not what else the group is used for: it does not \
             read the assignments of applications.",
        )
    } else {
        (
            LEADS_NOWHERE,
            "As of the last read of AWS, the group gives access to no account, so the effect of this membership cannot \
             be evaluated: the group may be assigned later, or give access to applications that Leastwise does not see.",
        )
    };
    named(snapshot, group, rules).or_else(|| {
        let reason = format!(
            "Membership in {}: {known} Somebody else must approve.",
            name(snapshot, group)
        );
        Some(with_one_approval(rule, reason))
    })
}

fn named(snapshot: &Snapshot, group: &GroupId, rules: &Rules) -> Option<Hit> {
    rules.mentions.entity("Group", group.as_str()).then(|| {
        let reason = format!(
            "A policy names {}, so its members affect how policies are evaluated. Somebody else must approve.",
            name(snapshot, group)
        );
        with_one_approval(NAMED_BY_A_RULE, reason)
    })
}

/// Access that exists without a record in Leastwise would be removed when the temporary access ends, or would pass as
/// granted by Leastwise although nobody agreed to it.
fn held_already(
    snapshot: &Snapshot,
    assignment: &Assignment,
    term: Term,
    asked: &RequestContext,
) -> Option<Hit> {
    let there = snapshot
        .pair(&assignment.pair)
        .is_some_and(|read| read.principals.contains_key(&assignment.principal));
    if !there || asked.ours.contains(assignment) {
        return None;
    }
    let reason = match term {
        Term::For(_) => {
            "This access already exists and is standing, and temporary access would remove it at its end. Remove it \
             first, then request temporary access."
        }
        Term::Standing => {
            "This access already exists, and there is no record of who approved it. Remove it first, then \
             request it again."
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
        remedy: Some(Remedies::approvals_of(1)),
        ..hit(rule, reason, "PCI 7.2.2", BTreeSet::new())
    }
}

fn name<'a>(snapshot: &'a Snapshot, group: &'a GroupId) -> &'a str {
    snapshot
        .group(group)
        .map_or(group.as_str(), |known| &known.display_name)
}
