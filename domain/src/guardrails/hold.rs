//! The same rules over what exists: what stands against access that people hold today.
//!
//! A guardrail that approvals would lift is reported too, as *not approved here*: nothing on record
//! says that anybody agreed. Never removes or changes anything; drift and pages read this.

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use super::{
    alike::Alike,
    answer::{Held, Holder},
    case::{Act, Frame, PEOPLE, Place, Way, Who},
    evaluate::{Answer, Evaluator},
    judge::{minutes, power, way},
    records::Records,
    rules::Rules,
    system::{self, RULE_ERROR},
};
use crate::{
    access::{self, Path, Reach},
    classification::Classification,
    ids::{AccountId, Assignment, GroupId, PersonId, Principal, UserId},
    org::Account,
    snapshot::{PairRead, Snapshot},
    time::Timestamp,
    verdict::Hit,
};

/// What stands against everything that exists in one account. For many accounts, keep a `Holds`.
pub fn hold(snapshot: &Snapshot, rules: &Rules, account: &AccountId) -> Vec<Held> {
    Holds::new(snapshot, rules).of(account)
}

/// Judges what exists, account by account, and remembers every answer.
pub struct Holds<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) records: Records,
    pub(super) evaluator: Evaluator<'a>,
    people: HashMap<UserId, (usize, Rc<Who>)>,
    /// The members of a group, by what the rules can tell apart in them.
    pub(super) alike: HashMap<GroupId, Rc<[Alike]>>,
    hits: HashMap<(usize, usize), Arc<[Hit]>>,
    clean: Arc<[Hit]>,
}

impl<'a> Holds<'a> {
    /// Takes everything as standing and approved by nobody.
    pub fn new(snapshot: &'a Snapshot, rules: &'a Rules) -> Self {
        Self {
            snapshot,
            records: Records::default(),
            evaluator: Evaluator::new(rules),
            people: HashMap::new(),
            alike: HashMap::new(),
            hits: HashMap::new(),
            clean: Arc::new([]),
        }
    }

    /// Takes what is on record for what it is: a window as a window, with who agreed to it.
    #[must_use]
    pub fn knowing(mut self, records: Records) -> Self {
        self.records = records;
        self
    }

    /// How many different cases were evaluated so far; the rest were alike.
    pub fn evaluated(&self) -> usize {
        self.evaluator.evaluated()
    }

    /// Everything that exists in one account, in order of set, then principal, then person. An
    /// account that is not in the organization counts as something nobody knows: all is refused.
    pub fn of(&mut self, account: &AccountId) -> Vec<Held> {
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

    /// One path of one person: the same word as in `of`, without asking for everybody else's.
    pub fn of_reach(&mut self, reach: &Reach) -> Held {
        let assignment = Assignment {
            pair: reach.pair.clone(),
            principal: reach.principal(),
        };
        let hits: Arc<[Hit]> = match self.snapshot.account(&reach.pair.account) {
            None => Arc::new([unlisted(&reach.pair.account)]),
            Some((account, class)) => {
                let way = way(self.evaluator.rules, self.snapshot, &reach.path);
                let people = self.people_in(&reach.pair.account);
                let frame = self.frame((account, class), &assignment, way, people);
                self.hits_of(&frame, &assignment, &reach.user)
            }
        };
        Held {
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
        found: &mut Vec<Held>,
    ) {
        let (pair, principal) = (&assignment.pair, &assignment.principal);
        if !self.snapshot.exists(principal) {
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
        let empty_group = matches!(principal, Principal::Group(_))
            && self.snapshot.exists(principal)
            && reaches.is_empty();
        if reaches.is_empty() && !empty_group {
            return;
        }
        let Some((account, class)) = known else {
            let hits: Arc<[Hit]> = Arc::new([unlisted(&pair.account)]);
            found.extend(reaches.into_iter().map(|reach| Held {
                holder: Holder::Person { reach },
                hits: Arc::clone(&hits),
            }));
            return;
        };
        let way = way(self.evaluator.rules, self.snapshot, &path);
        let frame = self.frame((account, class), assignment, way, people);
        if empty_group {
            let frame = Frame {
                latent: true,
                approvals: self.records.agreed(assignment, None),
                ..frame
            };
            let number = self.evaluator.frame(frame.clone());
            let who = Who::unknown();
            let who_number = self.evaluator.who(who.clone());
            let hits = self.hits((number, &frame), (who_number, &who));
            found.push(Held {
                holder: Holder::EmptyGroup {
                    assignment: assignment.clone(),
                    since,
                },
                hits: self.and_late(hits, assignment, None),
            });
            return;
        }
        for reach in reaches {
            let hits = self.hits_of(&frame, assignment, &reach.user);
            found.push(Held {
                holder: Holder::Person { reach },
                hits,
            });
        }
    }

    /// The case of an assignment, before anybody agreed.
    pub(super) fn frame(
        &self,
        (account, class): (&Account, &Classification),
        assignment: &Assignment,
        way: Way,
        people: i64,
    ) -> Frame {
        let rules = self.evaluator.rules;
        let record = self.records.assignments.get(assignment);
        Frame {
            act: Act::Hold,
            place: Place::of(rules, account, *class),
            power: power(rules, self.snapshot, &assignment.pair),
            minutes: record.and_then(|record| minutes(record.term)),
            way,
            latent: false,
            people,
            approvals: BTreeSet::new(),
            ask: None,
        }
    }

    /// What is said of one person, with what was agreed of that person.
    fn hits_of(&mut self, frame: &Frame, assignment: &Assignment, user: &UserId) -> Arc<[Hit]> {
        let frame = self.agreed(frame, assignment, Some(user));
        let number = self.evaluator.frame(frame.clone());
        let (who_number, who) = self.who(user, &frame.approvals);
        let hits = self.hits((number, &frame), (who_number, &who));
        self.and_late(hits, assignment, Some(user))
    }

    /// The same case, with what was agreed of one person, or of whoever joins.
    pub(super) fn agreed(
        &self,
        frame: &Frame,
        assignment: &Assignment,
        user: Option<&UserId>,
    ) -> Frame {
        Frame {
            approvals: self.records.agreed(assignment, user),
            ..frame.clone()
        }
    }

    /// A person is named in full where they approved it themselves, so that a rule can tell.
    pub(super) fn who(&mut self, user: &UserId, approvals: &BTreeSet<String>) -> (usize, Rc<Who>) {
        let (number, who) = self.somebody(user);
        match self.snapshot.person(user) {
            Some(person) if approvals.contains(person.as_str()) => {
                let named = Who {
                    id: person.as_str().to_owned(),
                    ..who.as_ref().clone()
                };
                (self.evaluator.who(named.clone()), Rc::new(named))
            }
            _ => (number, who),
        }
    }

    fn somebody(&mut self, user: &UserId) -> (usize, Rc<Who>) {
        if let Some((number, who)) = self.people.get(user) {
            return (*number, Rc::clone(who));
        }
        let who = Who::of(
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

    pub(super) fn hits(&mut self, frame: (usize, &Frame), who: (usize, &Who)) -> Arc<[Hit]> {
        if let Some(hits) = self.hits.get(&(frame.0, who.0)) {
            return Arc::clone(hits);
        }
        let answer = self.evaluator.numbered(frame, who);
        let hits = self.words(&answer);
        self.hits.insert((frame.0, who.0), Arc::clone(&hits));
        hits
    }

    fn words(&self, answer: &Answer) -> Arc<[Hit]> {
        let rules = self.evaluator.rules;
        let failed = answer.errors.iter().map(|error| {
            system::hit(
                RULE_ERROR,
                format!("A rule could not be evaluated: {error}"),
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

    /// How many people reach an account; only if a rule asks.
    pub(super) fn people_in(&self, account: &AccountId) -> i64 {
        if !self.evaluator.rules.mentions.word(PEOPLE) {
            return 0;
        }
        let users: BTreeSet<UserId> = access::reaching(self.snapshot, account)
            .map(|reach| reach.user)
            .collect();
        i64::try_from(users.len()).unwrap_or(i64::MAX)
    }
}

fn orphan(assignment: Assignment, since: Timestamp) -> Held {
    let hits = gone(&assignment.principal);
    Held {
        holder: Holder::Orphan { assignment, since },
        hits,
    }
}

/// What stands against an assignment whose principal is gone.
pub(super) fn gone(principal: &Principal) -> Arc<[Hit]> {
    let reason = format!(
        "The {} {} is gone from the directory, and what was assigned to it is still there. Remove the assignment; where \
         AWS answers that it was not found, only AWS support, or taking the permission set off the account, removes it.",
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

pub(super) fn unlisted(account: &AccountId) -> Hit {
    system::hit(
        "system.unknown-account",
        format!(
            "Account {account} is not in the organization as last read, so nothing is known of it."
        ),
        "PCI 7.2.1",
        BTreeSet::new(),
    )
}
