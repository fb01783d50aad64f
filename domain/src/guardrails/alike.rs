//! Evaluation of existing access by assignment: people whom the policies cannot tell apart are evaluated once, so that
//! millions of paths are counted without visiting each.
//!
//! The result for each person is the same as that of `Holds::of`; a test compares the two.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use super::{
    case::{Frame, Who},
    hold::{Holds, gone, unlisted},
    judge::way,
};
use crate::{
    access::Path,
    ids::{AccountId, Assignment, GroupId, Pair, Principal, UserId},
    time::Timestamp,
    verdict::Hit,
};

/// One existing assignment, and what the policies find for the people who have access by it.
#[derive(Debug, Clone)]
pub struct Spoken<'a> {
    pub pair: &'a Pair,
    pub principal: &'a Principal,
    /// When it was first observed.
    pub since: Timestamp,
    /// The findings. Empty if the assignment gives access to nobody and never can.
    pub said: Vec<Said>,
}

/// What the policies find, and for whom.
#[derive(Debug, Clone)]
pub struct Said {
    /// The policies that matched; shared between equivalent cases.
    pub hits: Arc<[Hit]>,
    pub whom: Whom,
}

/// The people that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// These users, sorted; never empty. All assignments of a group share one list, unless the records tell its members
    /// apart.
    People(Arc<[UserId]>),
    /// Future members of a group that is empty.
    Newcomers,
    /// Nobody: the principal is no longer in the directory.
    Orphan,
}

/// People whom the policies cannot tell apart.
pub(super) struct Alike {
    who: (usize, Rc<Who>),
    people: Arc<[UserId]>,
}

impl<'a> Holds<'a> {
    /// Evaluates all assignments of one account, ordered by set and then by principal.
    pub fn spoken(&mut self, account: &'a AccountId) -> Vec<Spoken<'a>> {
        let snapshot = self.snapshot;
        let people = self.people_in(account);
        let mut found = Vec::new();
        for (pair, read) in snapshot.pairs_in(account) {
            for (principal, since) in &read.principals {
                let said = self.said(pair, principal, people);
                found.push(Spoken {
                    pair,
                    principal,
                    since: *since,
                    said,
                });
            }
        }
        found
    }

    /// Evaluates one assignment, with the same result as in `spoken`. Empty if the assignment does not exist.
    pub fn spoken_of(&mut self, assignment: &Assignment) -> Vec<Said> {
        let read = self.snapshot.pair(&assignment.pair);
        if !read.is_some_and(|read| read.principals.contains_key(&assignment.principal)) {
            return Vec::new();
        }
        let people = self.people_in(&assignment.pair.account);
        self.said(&assignment.pair, &assignment.principal, people)
    }

    fn said(&mut self, pair: &Pair, principal: &Principal, people: i64) -> Vec<Said> {
        let snapshot = self.snapshot;
        let exists = snapshot.exists(principal);
        let mut said = Vec::new();
        if !exists {
            said.push(Said {
                hits: gone(principal),
                whom: Whom::Orphan,
            });
        }
        let (path, behind) = match principal {
            Principal::User(user) if exists => {
                let alone = Alike {
                    who: self.who(user, &BTreeSet::new()),
                    people: Arc::new([user.clone()]),
                };
                (Path::Direct, [alone].into())
            }
            Principal::User(_) => return said,
            Principal::Group(group) => (Path::Group(group.clone()), self.alike(group)),
        };
        let Some((account, class)) = snapshot.account(&pair.account) else {
            let hits: Arc<[Hit]> = Arc::new([unlisted(&pair.account)]);
            said.extend(behind.iter().map(|alike| Said {
                hits: Arc::clone(&hits),
                whom: Whom::People(Arc::clone(&alike.people)),
            }));
            return said;
        };
        if behind.is_empty() && !exists {
            return said;
        }
        let assignment = Assignment {
            pair: pair.clone(),
            principal: principal.clone(),
        };
        let way = way(self.evaluator.rules, snapshot, &path);
        let frame = self.frame((account, class), &assignment, way, people);
        if behind.is_empty() {
            let frame = Frame {
                latent: true,
                ..self.agreed(&frame, &assignment, None)
            };
            let number = self.evaluator.frame(frame.clone());
            let who = Who::unknown();
            let who_number = self.evaluator.who(who.clone());
            let hits = self.hits((number, &frame), (who_number, &who));
            said.push(Said {
                hits: self.and_late(hits, &assignment, None),
                whom: Whom::Newcomers,
            });
        } else if self.records.tell_apart(&assignment) {
            self.said_by_agreement(&frame, &assignment, &behind, &mut said);
        } else {
            let number = self.evaluator.frame(frame.clone());
            for Alike { who, people } in behind.iter() {
                said.push(Said {
                    hits: self.hits((number, &frame), (who.0, &who.1)),
                    whom: Whom::People(Arc::clone(people)),
                });
            }
        }
        said
    }

    /// Separates people by who agreed to their access, whether they agreed themselves, and whether it is overdue.
    fn said_by_agreement(
        &mut self,
        frame: &Frame,
        assignment: &Assignment,
        behind: &[Alike],
        said: &mut Vec<Said>,
    ) {
        type Case = (Frame, Rc<Who>, Vec<UserId>);
        type Apart = (usize, usize, Option<Timestamp>);
        let mut apart: BTreeMap<Apart, Case> = BTreeMap::new();
        for user in behind.iter().flat_map(|alike| alike.people.iter()) {
            let frame = self.agreed(frame, assignment, Some(user));
            let number = self.evaluator.frame(frame.clone());
            let (who_number, who) = self.who(user, &frame.approvals);
            let late = self.records.overdue(assignment, Some(user));
            let case = apart.entry((number, who_number, late));
            case.or_insert((frame, who, Vec::new()))
                .2
                .push(user.clone());
        }
        for ((number, who_number, _), (frame, who, mut users)) in apart {
            users.sort();
            let hits = self.hits((number, &frame), (who_number, &who));
            said.push(Said {
                hits: self.and_late(hits, assignment, users.first()),
                whom: Whom::People(users.into()),
            });
        }
    }

    fn alike(&mut self, group: &GroupId) -> Rc<[Alike]> {
        if let Some(known) = self.alike.get(group) {
            return Rc::clone(known);
        }
        let mut apart: BTreeMap<usize, (Rc<Who>, Vec<UserId>)> = BTreeMap::new();
        for user in self.snapshot.members(group) {
            let (number, who) = self.who(user, &BTreeSet::new());
            let (_, users) = apart.entry(number).or_insert((who, Vec::new()));
            users.push(user.clone());
        }
        let alike: Rc<[Alike]> = apart
            .into_iter()
            .map(|(number, (who, users))| Alike {
                who: (number, who),
                people: users.into(),
            })
            .collect();
        self.alike.insert(group.clone(), Rc::clone(&alike));
        alike
    }
}
