//! Production PCI in numbers and names, worked out once per world so that the home page only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{
    access::{self, Path},
    grant::Window,
    guardrails::{Held, Holder},
    ids::{AccountId, Assignment, PermissionSetArn, UserId},
    permission_set::analysis::Risk,
    snapshot::Snapshot,
    verdict::Hit,
};

/// What one person reaches in production PCI.
#[derive(Debug, Clone, Default)]
pub struct Reacher {
    /// Where.
    pub accounts: BTreeSet<AccountId>,
    /// With what.
    pub sets: BTreeSet<PermissionSetArn>,
    /// By how many paths.
    pub paths: usize,
    /// How many of them are direct assignments.
    pub direct: usize,
    /// How many of them have no end.
    pub standing: usize,
    /// How many of them are administrator, or could become it.
    pub powerful: usize,
}

/// What one guardrail says of production PCI.
#[derive(Debug, Clone)]
pub struct Found {
    /// The rule, as it is shown.
    pub hit: Hit,
    /// The assignments that it is about.
    pub assignments: BTreeSet<Assignment>,
    /// The people who hold by them.
    pub people: BTreeSet<UserId>,
    /// Where.
    pub accounts: BTreeSet<AccountId>,
}

/// Production PCI in numbers and names.
#[derive(Debug, Clone, Default)]
pub struct Exposed {
    /// Accounts that count as production PCI.
    pub accounts: usize,
    /// Who reaches them.
    pub people: BTreeMap<UserId, Reacher>,
    /// Assignments there without an end.
    pub standing_assignments: usize,
    /// Assignments there with an end.
    pub temporary_assignments: usize,
    /// What the guardrails say, by rule, in the order of the rules' weight: most assignments first.
    pub findings: Vec<(String, Found)>,
}

/// Works it out.
pub fn expose(
    snapshot: &Snapshot,
    windows: &BTreeMap<Assignment, Vec<Window>>,
    held: &BTreeMap<AccountId, Arc<Vec<Held>>>,
) -> Exposed {
    let mut out = Exposed {
        accounts: held.len(),
        ..Exposed::default()
    };
    let temporary = |assignment: &Assignment| {
        windows
            .get(assignment)
            .is_some_and(|all| !all.is_empty() && all.iter().all(|w| w.stops().is_some()))
    };
    for account in held.keys() {
        for (pair, read) in snapshot.pairs_in(account) {
            for principal in read.principals.keys() {
                let assignment = Assignment {
                    pair: pair.clone(),
                    principal: principal.clone(),
                };
                if temporary(&assignment) {
                    out.temporary_assignments += 1;
                } else {
                    out.standing_assignments += 1;
                }
            }
            let powerful = snapshot.set(&pair.set).is_some_and(|set| {
                [
                    Risk::Administrator,
                    Risk::Escalation,
                    Risk::IdentityCenterTakeover,
                ]
                .iter()
                .any(|r| set.analysis.has(*r))
            });
            for reach in access::people_of(snapshot, pair, read) {
                let standing = !temporary(&super::core::World::assignment(&reach));
                let who = out.people.entry(reach.user).or_default();
                who.accounts.insert(pair.account.clone());
                who.sets.insert(pair.set.clone());
                who.paths += 1;
                who.direct += usize::from(reach.path == Path::Direct);
                who.standing += usize::from(standing);
                who.powerful += usize::from(powerful);
            }
        }
    }
    out.findings = findings(held);
    out
}

fn findings(held: &BTreeMap<AccountId, Arc<Vec<Held>>>) -> Vec<(String, Found)> {
    let mut by_rule: BTreeMap<String, Found> = BTreeMap::new();
    for (account, held) in held {
        for one in held.iter() {
            let (assignment, user) = match &one.holder {
                Holder::Person { reach } => (
                    super::core::World::assignment(reach),
                    Some(reach.user.clone()),
                ),
                Holder::EmptyGroup { assignment, .. } | Holder::Orphan { assignment, .. } => {
                    (assignment.clone(), None)
                }
            };
            for hit in one.hits.iter() {
                let found = by_rule.entry(hit.rule.clone()).or_insert_with(|| Found {
                    hit: hit.clone(),
                    assignments: BTreeSet::new(),
                    people: BTreeSet::new(),
                    accounts: BTreeSet::new(),
                });
                found.assignments.insert(assignment.clone());
                found.people.extend(user.clone());
                found.accounts.insert(account.clone());
            }
        }
    }
    let mut findings: Vec<_> = by_rule.into_iter().collect();
    findings.sort_by(|(a_rule, a), (b_rule, b)| {
        b.assignments
            .len()
            .cmp(&a.assignments.len())
            .then_with(|| a_rule.cmp(b_rule))
    });
    findings
}
