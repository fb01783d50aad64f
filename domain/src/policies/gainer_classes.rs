//! Divides the people who gain a path into classes that no policy can distinguish, so that a group of 50,000 people is
//! evaluated like a group of one.
//!
//! Paths that share a list of users share its classes. A class never mixes the requester with others.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use super::{
    evaluator::Evaluator,
    request_template::PolicyPrincipal,
    results::{GainKind, RequestContext},
};
use crate::{
    budget::{Budget, Stopped},
    change::Operation,
    diff::Gainers,
    ids::{GroupId, PersonId, UserId},
    snapshot::Snapshot,
};

/// People whom the policies cannot distinguish, as principals before, during and after the change.
pub(super) struct GainerClass {
    pub kind: GainKind,
    /// One principal for every set of groups that the people are members of before, during and after the change: a
    /// change must not lift a policy about a group by moving somebody in or out of it.
    pub people: Vec<(usize, Rc<PolicyPrincipal>)>,
    pub gainers: Gainers,
}

/// A membership that an operation adds (true) or removes.
type Move<'a> = (&'a GroupId, bool);

pub(super) struct GainerClasses<'a> {
    snapshot: &'a Snapshot,
    asked: &'a RequestContext,
    /// The users whose groups change, with their moves in the unfinished changes and then in this one.
    moved: HashMap<&'a UserId, [Vec<Move<'a>>; 2]>,
    /// Users to whom the program's own checks apply one by one.
    single: BTreeSet<&'a UserId>,
    known: HashMap<*const UserId, Rc<[GainerClass]>>,
    budget: Budget<'a>,
}

impl<'a> GainerClasses<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        asked: &'a RequestContext,
        moves: [&'a [Operation]; 2],
        single: BTreeSet<&'a UserId>,
        budget: Budget<'a>,
    ) -> Self {
        let mut by_user: HashMap<&UserId, [Vec<Move<'_>>; 2]> = HashMap::new();
        for (at, operations) in moves.into_iter().enumerate() {
            for operation in operations {
                if let Some((group, user)) = operation.membership() {
                    by_user.entry(user).or_default()[at].push((group, operation.gives()));
                }
            }
        }
        Self {
            snapshot,
            asked,
            moved: by_user,
            single,
            known: HashMap::new(),
            budget,
        }
    }

    /// Returns the classes of the people behind one path. The list of users must exist as long as this value.
    pub(super) fn of(
        &mut self,
        gainers: &'a Gainers,
        evaluator: &mut Evaluator<'_>,
    ) -> Result<Rc<[GainerClass]>, Stopped> {
        let users = match gainers {
            Gainers::Users(users) => users,
            Gainers::FutureMembers(_) => {
                let unknown = interned(PolicyPrincipal::unknown(), evaluator);
                return Ok(Rc::new([GainerClass {
                    kind: GainKind::Grant,
                    people: vec![unknown],
                    gainers: gainers.clone(),
                }]));
            }
        };
        if let Some(known) = self.known.get(&users.as_ptr()) {
            return Ok(Rc::clone(known));
        }
        let classes = self.divided(users, evaluator)?;
        self.known.insert(users.as_ptr(), Rc::clone(&classes));
        Ok(classes)
    }

    fn divided(
        &self,
        users: &'a Arc<[UserId]>,
        evaluator: &mut Evaluator<'_>,
    ) -> Result<Rc<[GainerClass]>, Stopped> {
        type Apart<'a> = (GainKind, Vec<usize>, Option<&'a UserId>);
        let mut principals: HashMap<usize, Rc<PolicyPrincipal>> = HashMap::new();
        let mut apart: BTreeMap<Apart<'_>, Vec<&UserId>> = BTreeMap::new();
        for (at, user) in users.iter().enumerate() {
            self.budget.check_at(at)?;
            let person = self.asked.person_of(self.snapshot, user);
            let kind = if person == Some(&self.asked.requester) {
                GainKind::Request
            } else {
                GainKind::Grant
            };
            let mut numbers: Vec<usize> = Vec::with_capacity(1);
            for who in self.principals(user, person, kind, evaluator) {
                let (number, who) = interned(who, evaluator);
                principals.entry(number).or_insert(who);
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
            let single = self.single.get(user).copied();
            apart.entry((kind, numbers, single)).or_default().push(user);
        }
        let alone = apart.len() == 1;
        let classes = apart
            .into_iter()
            .map(|((kind, numbers, _), members)| GainerClass {
                kind,
                people: numbers
                    .into_iter()
                    .map(|number| (number, Rc::clone(&principals[&number])))
                    .collect(),
                gainers: Gainers::Users(if alone {
                    Arc::clone(users)
                } else {
                    members.into_iter().cloned().collect()
                }),
            });
        Ok(classes.collect())
    }

    /// Returns a user as a principal before, during and after the change; once if no operation moves the user.
    fn principals(
        &self,
        user: &UserId,
        person: Option<&PersonId>,
        kind: GainKind,
        evaluator: &Evaluator<'_>,
    ) -> Vec<PolicyPrincipal> {
        let known = self.snapshot.user(user);
        let principal = |groups: &mut dyn Iterator<Item = GroupId>| {
            let person = person.map(PersonId::as_str);
            let mut who = PolicyPrincipal::of(evaluator.rules, person, known, groups);
            if kind == GainKind::Request {
                self.asked.requester.as_str().clone_into(&mut who.id);
            }
            who
        };
        let groups = self.snapshot.groups_of(user).iter();
        let Some(moves) = self.moved.get(user) else {
            return vec![principal(&mut groups.cloned())];
        };
        let mut groups: BTreeSet<&GroupId> = groups.collect();
        let mut all = vec![principal(&mut groups.iter().copied().cloned())];
        for moves in moves {
            for (group, joins) in moves {
                if *joins {
                    groups.insert(group);
                } else {
                    groups.remove(group);
                }
            }
            all.push(principal(&mut groups.iter().copied().cloned()));
        }
        all
    }
}

fn interned(who: PolicyPrincipal, evaluator: &mut Evaluator<'_>) -> (usize, Rc<PolicyPrincipal>) {
    (evaluator.who(who.clone()), Rc::new(who))
}
