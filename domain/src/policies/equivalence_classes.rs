//! Evaluation of existing access by assignment: people whom the policies cannot distinguish are evaluated once, so that
//! millions of paths are counted without visiting each.
//!
//! The result for each person is the same as that of `ExistingAccessEvaluator::of`; a test compares the two.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use super::{
    change_evaluation::access_path,
    evaluated::KnownClass,
    existing_access::{ExistingAccessEvaluator, orphan_hits, unknown_account_hit},
    request_template::{OnRecord, PolicyPrincipal, RequestTemplate},
};
use crate::{
    access::Path,
    ids::{AccountId, Assignment, GroupId, Pair, Principal, UserId},
    time::Timestamp,
    verdict::Hit,
};

/// One existing assignment, and what the policies find for the people who have access by it.
#[derive(Debug, Clone)]
pub struct AssignmentFindings<'a> {
    pub pair: &'a Pair,
    pub principal: &'a Principal,
    /// When it was first observed.
    pub since: Timestamp,
    /// The findings. Empty if the assignment gives access to nobody and never can.
    pub findings: Vec<PolicyFindings>,
}

/// What the policies find, and for whom.
#[derive(Debug, Clone)]
pub struct PolicyFindings {
    /// The policies that matched; shared between equivalent cases.
    pub hits: Arc<[Hit]>,
    pub affected: Affected,
}

/// The people that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Affected {
    /// These users, sorted; never empty. All assignments of a group share one list, unless the records distinguish
    /// its members.
    People(Arc<[UserId]>),
    /// Future members of a group that is empty.
    FutureMembers,
    /// No one: the principal is no longer in the directory.
    Orphan,
}

/// People whom the policies cannot distinguish.
pub(super) struct EquivalenceClass {
    who: (usize, Rc<PolicyPrincipal>),
    people: Arc<[UserId]>,
}

impl<'a> ExistingAccessEvaluator<'a> {
    /// Evaluates all assignments of one account, ordered by set and then by principal.
    pub fn findings(&mut self, account: &'a AccountId) -> Vec<AssignmentFindings<'a>> {
        let snapshot = self.snapshot;
        let people = self.people_in(account);
        let mut found = Vec::new();
        for (pair, read) in snapshot.pairs_in(account) {
            for (principal, since) in &read.principals {
                let findings = self.findings_for(pair, principal, people);
                found.push(AssignmentFindings {
                    pair,
                    principal,
                    since: *since,
                    findings,
                });
            }
        }
        found
    }

    /// Evaluates one assignment, with the same result as in `findings`. Empty if the assignment does not exist.
    pub fn findings_of(&mut self, assignment: &Assignment) -> Vec<PolicyFindings> {
        let read = self.snapshot.pair(&assignment.pair);
        if !read.is_some_and(|read| read.principals.contains_key(&assignment.principal)) {
            return Vec::new();
        }
        let people = self.people_in(&assignment.pair.account);
        self.findings_for(&assignment.pair, &assignment.principal, people)
    }

    fn findings_for(
        &mut self,
        pair: &Pair,
        principal: &Principal,
        people: i64,
    ) -> Vec<PolicyFindings> {
        let snapshot = self.snapshot;
        let exists = !snapshot.is_gone(principal);
        let mut findings = Vec::new();
        if !exists {
            findings.push(PolicyFindings {
                hits: orphan_hits(principal),
                affected: Affected::Orphan,
            });
        }
        let (path, behind) = match principal {
            Principal::User(user) if exists => {
                let alone = EquivalenceClass {
                    who: self.who(user, &BTreeSet::new()),
                    people: Arc::new([user.clone()]),
                };
                (Path::Direct, [alone].into())
            }
            Principal::User(_) => return findings,
            Principal::Group(group) => {
                (Path::Group(group.clone()), self.equivalence_classes(group))
            }
        };
        let Some((account, class)) = snapshot.account(&pair.account) else {
            let hits: Arc<[Hit]> = Arc::new([unknown_account_hit(&pair.account)]);
            findings.extend(behind.iter().map(|members| PolicyFindings {
                hits: Arc::clone(&hits),
                affected: Affected::People(Arc::clone(&members.people)),
            }));
            return findings;
        };
        if behind.is_empty() && !exists {
            return findings;
        }
        let assignment = Assignment {
            pair: pair.clone(),
            principal: principal.clone(),
        };
        let access_path = access_path(self.evaluator.rules, snapshot, &path);
        let frame = self.frame((account, class), &assignment, access_path, people);
        if behind.is_empty() {
            let frame = RequestTemplate {
                latent: true,
                ..self.agreed(&frame, &assignment, None)
            };
            let number = self.evaluator.frame(frame.clone());
            let who = PolicyPrincipal::unknown();
            let who_number = self.evaluator.who(who.clone());
            let hits = self.hits((number, &frame), (who_number, &who));
            findings.push(PolicyFindings {
                hits: self.with_overdue(hits, &assignment, None),
                affected: Affected::FutureMembers,
            });
        } else if self.records.tell_apart(&assignment) {
            self.findings_by_agreement(&frame, &assignment, &behind, &mut findings);
        } else {
            let number = self.evaluator.frame(frame.clone());
            for EquivalenceClass { who, people } in behind.iter() {
                findings.push(PolicyFindings {
                    hits: self.hits((number, &frame), (who.0, &who.1)),
                    affected: Affected::People(Arc::clone(people)),
                });
            }
        }
        findings
    }

    /// Separates people by what is on record about their access, whether they agreed themselves, and whether it is overdue.
    fn findings_by_agreement(
        &mut self,
        frame: &RequestTemplate,
        assignment: &Assignment,
        behind: &[EquivalenceClass],
        findings: &mut Vec<PolicyFindings>,
    ) {
        type Case = (RequestTemplate, Rc<PolicyPrincipal>, Vec<UserId>);
        type Apart = (usize, usize, Option<Timestamp>);
        let mut apart: BTreeMap<Apart, Case> = BTreeMap::new();
        // Most people share the record, and copying a case for each of 50,000 takes longer than its evaluation.
        let mut cases: BTreeMap<OnRecord, (usize, RequestTemplate)> = BTreeMap::new();
        let set = self.snapshot.set(&assignment.pair.set);
        for user in behind.iter().flat_map(|members| members.people.iter()) {
            let record = self.records.agreed(assignment, Some(user), set);
            if !cases.contains_key(&record) {
                let frame = RequestTemplate {
                    record: record.clone(),
                    ..frame.clone()
                };
                let number = self.evaluator.frame(frame.clone());
                cases.insert(record.clone(), (number, frame));
            }
            let (who_number, who) = self.who(user, &record.approvals);
            let late = self.records.overdue(assignment, Some(user));
            let (number, frame) = &cases[&record];
            let case = apart.entry((*number, who_number, late));
            case.or_insert_with(|| (frame.clone(), who, Vec::new()))
                .2
                .push(user.clone());
        }
        let mut apart: Vec<(Apart, Case)> = apart.into_iter().collect();
        for (_, (_, _, users)) in &mut apart {
            users.sort();
        }
        // By people and not by number: the result must not depend on what was evaluated before.
        apart.sort_by(|(_, (_, _, a)), (_, (_, _, b))| a.first().cmp(&b.first()));
        for ((number, who_number, _), (frame, who, users)) in apart {
            let hits = self.hits((number, &frame), (who_number, &who));
            findings.push(PolicyFindings {
                hits: self.with_overdue(hits, assignment, users.first()),
                affected: Affected::People(users.into()),
            });
        }
    }

    fn equivalence_classes(&mut self, group: &GroupId) -> Rc<[EquivalenceClass]> {
        if let Some(known) = self.equivalence_classes.get(group) {
            return Rc::clone(known);
        }
        let members = self.snapshot.parts().members.get(group);
        let known = members.and_then(|members| self.evaluated.classes(group, members));
        let known = known.unwrap_or_else(|| {
            let classes = self.classes(group);
            if let Some(members) = members {
                self.evaluated
                    .add_classes(group, members, Arc::clone(&classes));
            }
            classes
        });
        let numbered = known.iter().map(|class| EquivalenceClass {
            who: (
                self.evaluator.who(class.who.clone()),
                Rc::new(class.who.clone()),
            ),
            people: Arc::clone(&class.people),
        });
        let equivalence_classes: Rc<[EquivalenceClass]> = numbered.collect();
        self.equivalence_classes
            .insert(group.clone(), Rc::clone(&equivalence_classes));
        equivalence_classes
    }

    /// Separates the members of a group into people whom the policies cannot distinguish.
    fn classes(&mut self, group: &GroupId) -> Arc<[KnownClass]> {
        let mut apart: BTreeMap<usize, (Rc<PolicyPrincipal>, Vec<UserId>)> = BTreeMap::new();
        for user in self.snapshot.members(group) {
            let (number, who) = self.who(user, &BTreeSet::new());
            let (_, users) = apart.entry(number).or_insert((who, Vec::new()));
            users.push(user.clone());
        }
        let apart = apart.into_values();
        let mut classes: Vec<KnownClass> = apart
            .map(|(who, users)| KnownClass {
                who: (*who).clone(),
                people: users.into(),
            })
            .collect();
        // By people and not by number: the result must not depend on what was evaluated before.
        classes.sort_by(|a, b| a.people.first().cmp(&b.people.first()));
        classes.into()
    }
}
