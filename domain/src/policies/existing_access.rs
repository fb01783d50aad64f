//! Evaluation of existing access by the same policies.
//!
//! A guardrail that approvals would lift is reported as well, as *unapproved*, unless an approval is on record. Never
//! removes or changes anything; drift and pages read the result.

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use super::{
    change_evaluation::{access_path, minutes, set_attributes},
    equivalence_classes::EquivalenceClass,
    evaluated::Evaluated,
    evaluator::{Evaluator, PolicyResponse},
    records::Records,
    request_template::{
        AccessPath, OnRecord, PEOPLE, PolicyAction, PolicyPrincipal, PolicyResource,
        RequestTemplate,
    },
    results::{ExistingAccess, Holder},
    rules::Rules,
    system::{self, RULE_ERROR},
};
use crate::{
    access::{self, Path, PeopleCounter, Reach},
    classification::Classification,
    ids::{AccountId, Assignment, GroupId, PersonId, Principal, UserId},
    org::Account,
    snapshot::{PairRead, Snapshot},
    time::Timestamp,
    verdict::Hit,
};

/// Evaluates all existing access in one account. For several accounts, reuse a `ExistingAccessEvaluator`.
pub fn evaluate_existing_access(
    snapshot: &Snapshot,
    rules: &Rules,
    account: &AccountId,
) -> Vec<ExistingAccess> {
    ExistingAccessEvaluator::new(snapshot, rules).of(account)
}

/// Evaluates existing access, account by account, and caches every answer.
pub struct ExistingAccessEvaluator<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) records: Records,
    pub(super) evaluator: Evaluator<'a>,
    counter: PeopleCounter<'a>,
    people: HashMap<UserId, (usize, Rc<PolicyPrincipal>)>,
    /// The members of each group, in classes that the policies cannot distinguish.
    pub(super) equivalence_classes: HashMap<GroupId, Rc<[EquivalenceClass]>>,
    hits: HashMap<(usize, usize), Arc<[Hit]>>,
    clean: Arc<[Hit]>,
    pub(super) evaluated: Arc<Evaluated>,
}

impl<'a> ExistingAccessEvaluator<'a> {
    /// Returns an evaluator that treats all access as standing and unapproved.
    pub fn new(snapshot: &'a Snapshot, rules: &'a Rules) -> Self {
        Self {
            snapshot,
            records: Records::default(),
            evaluator: Evaluator::new(rules),
            counter: PeopleCounter::new(snapshot),
            people: HashMap::new(),
            equivalence_classes: HashMap::new(),
            hits: HashMap::new(),
            clean: Arc::new([]),
            evaluated: Arc::new(Evaluated::new(rules.version())),
        }
    }

    /// Adds the records of Leastwise: the term of each assignment, who agreed to which content, and until when.
    #[must_use]
    pub fn with_records(mut self, records: Records) -> Self {
        self.records = records;
        self
    }

    /// Uses what was evaluated before under the same policies and for the same directory, and adds to it.
    #[must_use]
    pub fn with_evaluated(mut self, evaluated: &Arc<Evaluated>) -> Self {
        if evaluated.is_of(self.evaluator.rules.version()) {
            self.evaluated = Arc::clone(evaluated);
        }
        self
    }

    /// Returns how many distinct cases were evaluated so far; all others were equivalent to one of them.
    pub fn evaluated(&self) -> usize {
        self.evaluator.evaluated()
    }

    /// Evaluates everything in one account, ordered by set, then principal, then person. Access to an account that is
    /// not in the organization is always a violation.
    pub fn of(&mut self, account: &AccountId) -> Vec<ExistingAccess> {
        let snapshot = self.snapshot;
        let people = self.people_in(account);
        let known = snapshot.account(account);
        let mut found = Vec::new();
        for (pair, read) in snapshot.pairs_in(account) {
            for (principal, since) in &read.principals {
                let assignment = Assignment {
                    pair: pair.clone(),
                    principal: principal.clone(),
                };
                self.of_assignment(known, &assignment, read, *since, people, &mut found);
            }
        }
        found
    }

    /// Evaluates one path of one person, with the same result as `of` and without evaluating the others.
    pub fn of_reach(&mut self, reach: &Reach) -> ExistingAccess {
        let assignment = Assignment {
            pair: reach.pair.clone(),
            principal: reach.principal(),
        };
        let hits: Arc<[Hit]> = match self.snapshot.account(&reach.pair.account) {
            None => Arc::new([unknown_account_hit(&reach.pair.account)]),
            Some((account, class)) => {
                let access_path = access_path(self.evaluator.rules, self.snapshot, &reach.path);
                let people = self.people_in(&reach.pair.account);
                let frame = self.frame((account, class), &assignment, access_path, people);
                self.hits_of(&frame, &assignment, &reach.user)
            }
        };
        ExistingAccess {
            holder: Holder::Person {
                reach: reach.clone(),
            },
            hits,
        }
    }

    fn of_assignment(
        &mut self,
        known: Option<&(Account, Classification)>,
        assignment: &Assignment,
        read: &PairRead,
        since: Timestamp,
        people: i64,
        found: &mut Vec<ExistingAccess>,
    ) {
        let (pair, principal) = (&assignment.pair, &assignment.principal);
        let gone = self.snapshot.is_gone(principal);
        if gone {
            found.push(orphan(assignment.clone(), since));
        }
        let only = PairRead {
            as_of: read.as_of,
            principals: [(principal.clone(), since)].into(),
            provisioned: read.provisioned,
        };
        let reaches: Vec<Reach> = access::people_of(self.snapshot, pair, &only).collect();
        let path = match principal {
            Principal::User(_) => Path::Direct,
            Principal::Group(group) => Path::Group(group.clone()),
        };
        let empty_group = matches!(principal, Principal::Group(_)) && !gone && reaches.is_empty();
        if reaches.is_empty() && !empty_group {
            return;
        }
        let Some((account, class)) = known else {
            let hits: Arc<[Hit]> = Arc::new([unknown_account_hit(&pair.account)]);
            found.extend(reaches.into_iter().map(|reach| ExistingAccess {
                holder: Holder::Person { reach },
                hits: Arc::clone(&hits),
            }));
            return;
        };
        let access_path = access_path(self.evaluator.rules, self.snapshot, &path);
        let frame = self.frame((account, class), assignment, access_path, people);
        if empty_group {
            let frame = RequestTemplate {
                latent: true,
                ..self.agreed(&frame, assignment, None)
            };
            let number = self.evaluator.frame(frame.clone());
            let who = PolicyPrincipal::unknown();
            let who_number = self.evaluator.who(who.clone());
            let hits = self.hits((number, &frame), (who_number, &who));
            found.push(ExistingAccess {
                holder: Holder::EmptyGroup {
                    assignment: assignment.clone(),
                    since,
                },
                hits: self.with_overdue(hits, assignment, None),
            });
            return;
        }
        for reach in reaches {
            let hits = self.hits_of(&frame, assignment, &reach.user);
            found.push(ExistingAccess {
                holder: Holder::Person { reach },
                hits,
            });
        }
    }

    /// Returns the case of an assignment, without what is on record about each person.
    pub(super) fn frame(
        &self,
        (account, class): (&Account, &Classification),
        assignment: &Assignment,
        access_path: AccessPath,
        people: i64,
    ) -> RequestTemplate {
        let rules = self.evaluator.rules;
        let record = self.records.assignments.get(assignment);
        RequestTemplate {
            act: PolicyAction::Hold,
            place: PolicyResource::of(rules, account, *class),
            power: set_attributes(rules, self.snapshot, &assignment.pair),
            minutes: record.and_then(|record| minutes(record.term)),
            access_path,
            latent: false,
            people,
            record: OnRecord::default(),
            ask: None,
        }
    }

    /// Returns what the policies find for one person, given who agreed to their access.
    fn hits_of(
        &mut self,
        frame: &RequestTemplate,
        assignment: &Assignment,
        user: &UserId,
    ) -> Arc<[Hit]> {
        let frame = self.agreed(frame, assignment, Some(user));
        let number = self.evaluator.frame(frame.clone());
        let (who_number, who) = self.who(user, &frame.record.approvals);
        let hits = self.hits((number, &frame), (who_number, &who));
        self.with_overdue(hits, assignment, Some(user))
    }

    /// Adds to a case what is on record about the access of one person, or of future members.
    pub(super) fn agreed(
        &self,
        frame: &RequestTemplate,
        assignment: &Assignment,
        user: Option<&UserId>,
    ) -> RequestTemplate {
        let set = self.snapshot.set(&assignment.pair.set);
        RequestTemplate {
            record: self.records.agreed(assignment, user, set),
            ..frame.clone()
        }
    }

    /// Identifies a person by their own id where they approved the access themselves, so that a policy can detect it.
    pub(super) fn who(
        &mut self,
        user: &UserId,
        approvals: &BTreeSet<String>,
    ) -> (usize, Rc<PolicyPrincipal>) {
        let (number, who) = self.somebody(user);
        match self.snapshot.person(user) {
            Some(person) if approvals.contains(person.as_str()) => {
                let named = PolicyPrincipal {
                    id: person.as_str().to_owned(),
                    ..who.as_ref().clone()
                };
                (self.evaluator.who(named.clone()), Rc::new(named))
            }
            _ => (number, who),
        }
    }

    fn somebody(&mut self, user: &UserId) -> (usize, Rc<PolicyPrincipal>) {
        if let Some((number, who)) = self.people.get(user) {
            return (*number, Rc::clone(who));
        }
        let who = PolicyPrincipal::of(
            self.evaluator.rules,
            self.snapshot.person(user).map(PersonId::as_str),
            self.snapshot.user(user),
            self.snapshot.groups_of(user).iter().cloned(),
        );
        let number = self.evaluator.who(who.clone());
        let who = Rc::new(who);
        self.people.insert(user.clone(), (number, Rc::clone(&who)));
        (number, who)
    }

    pub(super) fn hits(
        &mut self,
        frame: (usize, &RequestTemplate),
        who: (usize, &PolicyPrincipal),
    ) -> Arc<[Hit]> {
        if let Some(hits) = self.hits.get(&(frame.0, who.0)) {
            return Arc::clone(hits);
        }
        let known = self.evaluated.hits(frame.1, who.1);
        let hits = known.unwrap_or_else(|| {
            let answer = self.evaluator.numbered(frame, who);
            let hits = self.words(&answer);
            self.evaluated.add_hits(frame.1, who.1, &hits);
            hits
        });
        self.hits.insert((frame.0, who.0), Arc::clone(&hits));
        hits
    }

    fn words(&self, answer: &PolicyResponse) -> Arc<[Hit]> {
        let rules = self.evaluator.rules;
        let failed = answer.errors.iter().map(|error| {
            system::hit(
                RULE_ERROR,
                format!("A policy could not be evaluated: {error}"),
                "PCI 7.3.3",
                BTreeSet::new(),
            )
        });
        let stands = answer
            .forbids
            .iter()
            .map(|(rule, remedy)| rules.list()[*rule].hit(remedy.clone()));
        let hits: Vec<Hit> = failed.chain(stands).collect();
        if hits.is_empty() {
            Arc::clone(&self.clean)
        } else {
            hits.into()
        }
    }

    /// Returns how many people have access to an account; zero if no policy uses it.
    pub(super) fn people_in(&mut self, account: &AccountId) -> i64 {
        if self.evaluator.rules.mentions.word(PEOPLE) {
            self.counter.in_account(account)
        } else {
            0
        }
    }
}

fn orphan(assignment: Assignment, since: Timestamp) -> ExistingAccess {
    let hits = orphan_hits(&assignment.principal);
    ExistingAccess {
        holder: Holder::Orphan { assignment, since },
        hits,
    }
}

/// Returns the finding for an assignment whose principal is no longer in the directory.
pub(super) fn orphan_hits(principal: &Principal) -> Arc<[Hit]> {
    let reason = format!(
        "The {} {} no longer exists in the directory, but its assignment does. Remove the assignment. If AWS reports that \
         it was not found, contact AWS Support, or remove the permission set from the account.",
        principal.kind().to_lowercase(),
        principal.id()
    );
    Arc::new([system::hit(
        "system.orphan",
        reason,
        "PCI 7.2.4",
        BTreeSet::new(),
    )])
}

pub(super) fn unknown_account_hit(account: &AccountId) -> Hit {
    system::hit(
        "system.unknown-account",
        format!(
            "Account {account} is not in the organization as of the last complete read of AWS, so nothing is known about it."
        ),
        "PCI 7.2.1",
        BTreeSet::new(),
    )
}
