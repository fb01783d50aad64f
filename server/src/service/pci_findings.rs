//! The policy findings of one production PCI account, as counts. Kept for each such account as long as the read model.
//! Never contains a row per person, because a large organization has millions of them; the page of an account evaluates
//! it again.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    ids::{PermissionSetArn, UserId},
    policies::{Affected, AssignmentFindings, PolicyFindings},
    verdict::{Hit, Outcome, Tally, strictest},
};

/// The findings of one account.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PciFindings {
    /// The number of assignments with findings.
    pub assignments: Tally,
    /// The number of assignments with findings by permission set. None is zero.
    pub by_set: BTreeMap<PermissionSetArn, Tally>,
    /// The number of paths of people with findings.
    pub paths: Tally,
    /// The policies with findings.
    pub violated: Vec<ViolatedPolicy>,
}

/// A policy with findings in this account.
#[derive(Debug, Clone)]
pub struct ViolatedPolicy {
    hits: Arc<[Hit]>,
    at: usize,
    /// The number of affected assignments.
    pub assignments: u32,
    /// Those of them that no policy violates: they only lack an approval.
    pub unapproved: u32,
    /// The affected people: lists that are shared between accounts, each at most once.
    pub people: Vec<Arc<[UserId]>>,
    last: usize,
}

impl PartialEq for ViolatedPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.hit() == other.hit()
            && self.assignments == other.assignments
            && self.unapproved == other.unapproved
            && self.people == other.people
    }
}

impl Eq for ViolatedPolicy {}

impl ViolatedPolicy {
    /// Returns the policy as displayed, with its strictest outcome in this account.
    pub fn hit(&self) -> &Hit {
        &self.hits[self.at]
    }
}

/// Returns the outcome of an assignment: the strictest of everyone with access through it.
fn outcome_of(findings: &[PolicyFindings]) -> Outcome {
    let hits = findings.iter().flat_map(|findings| findings.hits.iter());
    strictest(hits.map(Hit::outcome))
}

impl PciFindings {
    /// Counts the findings of all assignments of an account.
    pub fn of(findings: &[AssignmentFindings<'_>]) -> Self {
        let mut found = Self::default();
        for (number, one) in findings.iter().enumerate() {
            let against = one
                .findings
                .iter()
                .filter(|findings| !findings.hits.is_empty());
            let outcome = outcome_of(&one.findings);
            found.assignments.add(outcome, 1);
            let assignment = (number, outcome);
            if outcome != Outcome::Allowed {
                let of_set = found.by_set.entry(one.pair.set.clone());
                of_set.or_default().add(outcome, 1);
            }
            for findings in against {
                let people = match &findings.affected {
                    Affected::People(people) => Some(people),
                    Affected::FutureMembers | Affected::Orphan => None,
                };
                let of_path = strictest(findings.hits.iter().map(Hit::outcome));
                found
                    .paths
                    .add(of_path, people.map_or(0, |people| people.len()));
                for at in 0..findings.hits.len() {
                    found.note(assignment, &findings.hits, at, people);
                }
            }
        }
        found.violated.shrink_to_fit();
        found
    }

    fn note(
        &mut self,
        (assignment, outcome): (usize, Outcome),
        hits: &Arc<[Hit]>,
        at: usize,
        people: Option<&Arc<[UserId]>>,
    ) {
        let hit = &hits[at];
        let known = self
            .violated
            .iter()
            .position(|violated| violated.hit().rule == hit.rule);
        let place = known.unwrap_or_else(|| {
            self.violated.push(ViolatedPolicy {
                hits: Arc::clone(hits),
                at,
                assignments: 0,
                unapproved: 0,
                people: Vec::new(),
                last: usize::MAX,
            });
            self.violated.len() - 1
        });
        let violated = &mut self.violated[place];
        if violated.last != assignment {
            violated.last = assignment;
            violated.assignments += 1;
            violated.unapproved += u32::from(outcome == Outcome::NeedsApproval);
        }
        if hit.remedy.is_none() && violated.hit().remedy.is_some() {
            (violated.hits, violated.at) = (Arc::clone(hits), at);
        }
        if let Some(people) = people
            && !violated
                .people
                .iter()
                .any(|known| Arc::ptr_eq(known, people))
        {
            violated.people.push(Arc::clone(people));
        }
    }
}
