//! Effects of operations that are not a gain of account access.
//!
//! The effect of a change covers access to accounts only. But a group may give access to applications or be assigned
//! later, a policy may name a group, and temporary access ends access that existed before. Policies cannot evaluate
//! these, so they are checked here. Every group that somebody joins has uses that are not known, because Leastwise does
//! not read what applications it is assigned to: joining one never passes as harmless, whatever the group gives access
//! to, so the order of an assignment and a membership does not matter.

use std::collections::{BTreeSet, HashSet};

use super::{
    results::RequestContext,
    rules::Rules,
    system::{GainsByOrigin, hit, not_administrator, objected},
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
        let joins = operation.joins().map(|(group, user)| {
            let leads = gains.resting_on(operation).next().is_some();
            (group, user, leads)
        });
        let joining =
            joins.and_then(|(group, user, leads)| joining(snapshot, group, user, leads, rules));
        // No policy is asked about a membership that gives nothing now.
        let unasked = joins.is_some_and(|(_, _, leads)| !leads);
        let unasked = unasked.then(|| not_administrator(&asked.roles, asked.mfa));
        let barred = unasked.flatten().map(objected);
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
        let new = of_one.into_iter().chain(barred).filter(|hit| !lifted(hit));
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

/// Access that exists without a record in Leastwise is adopted by a grant: it would be removed when the temporary access ends,
/// or would pass as granted by Leastwise. So somebody else must agree, and the access has an end or a review date from then on.
fn held_already(
    snapshot: &Snapshot,
    assignment: &Assignment,
    term: Term,
    asked: &RequestContext,
) -> Option<Hit> {
    if !is_adopted(snapshot, assignment, asked) {
        return None;
    }
    let (remedy, reason) = match (term, asked.review_on) {
        (Term::For(_), _) => (
            Some(Remedies::approvals_of(1)),
            "This access already exists and is standing, and there is no record of who approved it. Once somebody else \
             approves it, it is temporary: Leastwise removes it when the requested duration ends.",
        ),
        (Term::Standing, Some(_)) => (
            Some(Remedies::approvals_of(1)),
            "This access already exists, and there is no record of who approved it. Once somebody else approves it, it \
             stays until somebody removes it, with this review date.",
        ),
        (Term::Standing, None) => (
            None,
            "This access already exists, and there is no record of who approved it. To have it approved as standing \
             access, state a review date; or request it for a duration, after which it is removed.",
        ),
    };
    Some(Hit {
        remedy,
        ..hit(
            HELD_ALREADY,
            reason.to_owned(),
            "PCI 7.2.4",
            BTreeSet::new(),
        )
    })
}

/// Whether AWS holds an assignment that nothing of Leastwise explains, so that a grant of it adopts it.
fn is_adopted(snapshot: &Snapshot, assignment: &Assignment, asked: &RequestContext) -> bool {
    let there = snapshot
        .pair(&assignment.pair)
        .is_some_and(|read| read.principals.contains_key(&assignment.principal));
    there && !asked.ours.contains(assignment)
}

/// Returns the removals of adopted access at its end. The policies on removals apply to them when it is adopted, because
/// nobody is asked at the end.
pub(super) fn removals_at_the_end(
    snapshot: &Snapshot,
    operations: &[Operation],
    asked: &RequestContext,
) -> Vec<Operation> {
    let ending = operations
        .iter()
        .filter_map(Operation::assigns)
        .filter(|(assignment, term)| {
            matches!(term, Term::For(_)) && is_adopted(snapshot, assignment, asked)
        });
    ending
        .map(|(assignment, _)| Operation::Unassign {
            assignment: assignment.clone(),
        })
        .collect()
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
