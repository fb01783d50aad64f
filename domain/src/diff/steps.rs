//! A list of gains or losses, kept by path: 50,000 people who gain access through one group are one entry with a shared
//! list of users.
//!
//! Equal lists have equal entries, however they were built. Never holds a row for each person and path; `iter` makes one
//! at a time.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
};

use super::{Gainer, Step};
use crate::{
    access::Path,
    grant::Term,
    ids::{GroupId, Pair, UserId},
};

/// The people behind one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gainers {
    /// These users, sorted; never empty.
    Users(Arc<[UserId]>),
    /// Any user who is added to this group later.
    FutureMembers(GroupId),
}

impl Gainers {
    /// Returns the users who gain or lose access today.
    pub fn users(&self) -> &[UserId] {
        match self {
            Self::Users(users) => users,
            Self::FutureMembers(_) => &[],
        }
    }

    /// Returns how many gains or losses this is: one for each user, and one for all future members together.
    pub fn count(&self) -> usize {
        match self {
            Self::Users(users) => users.len(),
            Self::FutureMembers(_) => 1,
        }
    }

    /// Whether a user gains or loses access today.
    pub fn contain(&self, user: &UserId) -> bool {
        self.users().binary_search(user).is_ok()
    }

    pub(super) fn gainer(&self, at: usize) -> Gainer {
        match self {
            Self::Users(users) => Gainer::User(users[at].clone()),
            Self::FutureMembers(group) => Gainer::FutureMember(group.clone()),
        }
    }
}

/// One path for one term, and everyone who gains or loses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPath {
    pub pair: Pair,
    pub path: Path,
    pub term: Term,
    pub gainers: Gainers,
}

impl SharedPath {
    /// Returns each gain or loss of this path.
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        (0..self.gainers.count()).map(|at| self.step(at))
    }

    /// Every list has at most one path for each key. Users come before future members.
    fn key(&self) -> (&Pair, &Path, Term, Option<&GroupId>) {
        let group = match &self.gainers {
            Gainers::Users(_) => None,
            Gainers::FutureMembers(group) => Some(group),
        };
        (&self.pair, &self.path, self.term, group)
    }

    fn step(&self, at: usize) -> Step {
        Step {
            gainer: self.gainers.gainer(at),
            pair: self.pair.clone(),
            path: self.path.clone(),
            term: self.term,
        }
    }
}

/// Gains or losses in canonical order: users first, then future members, each by pair and path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// Sorted by pair, path and term; users before future members.
    paths: Vec<SharedPath>,
}

impl Steps {
    /// Returns the entries.
    pub fn paths(&self) -> &[SharedPath] {
        &self.paths
    }

    /// Returns the number of gains or losses.
    pub fn len(&self) -> usize {
        self.paths.iter().map(|path| path.gainers.count()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Returns each gain or loss, in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = Step> + '_ {
        self.places().map(|(path, at)| self.paths[path].step(at))
    }

    /// Returns the lists of users, each once, although many paths share one.
    pub fn lists(&self) -> impl Iterator<Item = &Arc<[UserId]>> {
        let mut seen = BTreeSet::new();
        self.paths
            .iter()
            .filter_map(move |path| match &path.gainers {
                Gainers::Users(users) => seen.insert(users.as_ptr()).then_some(users),
                Gainers::FutureMembers(_) => None,
            })
    }

    /// Returns the number of users who gain or lose access today, each counted once.
    pub fn people(&self) -> usize {
        let lists: Vec<_> = self.lists().collect();
        if let [only] = lists.as_slice() {
            return only.len();
        }
        let users: BTreeSet<&UserId> = lists.into_iter().flat_map(|list| list.iter()).collect();
        users.len()
    }

    /// Returns the number of groups whose future members gain or lose access.
    pub fn groups_with_future_members(&self) -> usize {
        let groups: BTreeSet<&GroupId> = self
            .paths
            .iter()
            .filter_map(|path| match &path.gainers {
                Gainers::Users(_) => None,
                Gainers::FutureMembers(group) => Some(group),
            })
            .collect();
        groups.len()
    }

    /// Whether a user gains or loses one pair today, by any path.
    pub fn concern(&self, user: &UserId, pair: &Pair) -> bool {
        let from = self.paths.partition_point(|path| path.pair < *pair);
        self.paths[from..]
            .iter()
            .take_while(|path| path.pair == *pair)
            .any(|path| path.gainers.contain(user))
    }

    /// Returns the place of each gain or loss, in canonical order: the number of its path, and its number on that path.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let future = self.paths.iter().enumerate();
        // By group, then by pair and path, which is the order of the paths.
        let mut future: Vec<(&GroupId, usize)> = future
            .filter_map(|(at, path)| match &path.gainers {
                Gainers::FutureMembers(group) => Some((group, at)),
                Gainers::Users(_) => None,
            })
            .collect();
        future.sort();
        Merge::of(&self.paths).chain(future.into_iter().map(|(_, path)| (path, 0)))
    }
}

impl FromIterator<Step> for Steps {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        type Key = (Pair, Path, Term);
        let mut users: BTreeMap<Key, BTreeSet<UserId>> = BTreeMap::new();
        let mut builder = StepsBuilder::default();
        for step in steps {
            match step.gainer {
                Gainer::User(user) => {
                    let of_path = users.entry((step.pair, step.path, step.term)).or_default();
                    of_path.insert(user);
                }
                Gainer::FutureMember(group) => {
                    builder.add(
                        step.pair,
                        step.path,
                        step.term,
                        Gainers::FutureMembers(group),
                    );
                }
            }
        }
        for ((pair, path, term), users) in users {
            let users = Gainers::Users(users.into_iter().collect());
            builder.add(pair, path, term, users);
        }
        builder.build()
    }
}

/// Collects paths, and shares equal lists of users between them.
#[derive(Default)]
pub(super) struct StepsBuilder {
    paths: Vec<SharedPath>,
    /// Candidates for an equal list, by length and first user.
    lists: HashMap<(usize, UserId), Vec<Arc<[UserId]>>>,
}

impl StepsBuilder {
    /// Adds one path. A path without gainers is left out.
    pub(super) fn add(&mut self, pair: Pair, path: Path, term: Term, gainers: Gainers) {
        let gainers = match gainers {
            Gainers::Users(users) if users.is_empty() => return,
            Gainers::Users(users) => Gainers::Users(self.shared(users)),
            future @ Gainers::FutureMembers(_) => future,
        };
        self.paths.push(SharedPath {
            pair,
            path,
            term,
            gainers,
        });
    }

    fn shared(&mut self, users: Arc<[UserId]>) -> Arc<[UserId]> {
        let alike = self
            .lists
            .entry((users.len(), users[0].clone()))
            .or_default();
        let known = alike
            .iter()
            .find(|known| Arc::ptr_eq(known, &users) || ***known == *users);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        alike.push(Arc::clone(&users));
        users
    }

    pub(super) fn build(mut self) -> Steps {
        self.paths.sort_by(|a, b| a.key().cmp(&b.key()));
        let mut paths: Vec<SharedPath> = Vec::with_capacity(self.paths.len());
        let mut sorted = std::mem::take(&mut self.paths).into_iter().peekable();
        while let Some(mut path) = sorted.next() {
            // Users who are assigned directly to the same pair, merged at once. Otherwise it is the same group again.
            let mut more: Vec<Arc<[UserId]>> = Vec::new();
            while let Some(same) = sorted.next_if(|next| next.key() == path.key()) {
                if let Gainers::Users(users) = same.gainers {
                    more.push(users);
                }
            }
            if let Gainers::Users(first) = &path.gainers
                && !more.is_empty()
            {
                let others = more.iter().flat_map(|users| users.iter());
                let users: BTreeSet<&UserId> = first.iter().chain(others).collect();
                let users = users.into_iter().cloned().collect();
                path.gainers = Gainers::Users(self.shared(users));
            }
            paths.push(path);
        }
        Steps { paths }
    }
}

/// Merges the users of all paths into one sequence by user, then by path. Paths that share a list are one source.
struct Merge<'a> {
    sources: Vec<(&'a [UserId], Vec<usize>)>,
    /// The next user of each source that has one: the user, their number in the list, and the source.
    next: BinaryHeap<Reverse<(&'a UserId, usize, usize)>>,
    /// What was found for the current user, last first.
    found: Vec<(usize, usize)>,
}

impl<'a> Merge<'a> {
    fn of(paths: &'a [SharedPath]) -> Self {
        let mut sources: Vec<(&[UserId], Vec<usize>)> = Vec::new();
        let mut known: HashMap<*const UserId, usize> = HashMap::new();
        for (at, path) in paths.iter().enumerate() {
            let users = path.gainers.users();
            if users.is_empty() {
                continue;
            }
            let source = *known.entry(users.as_ptr()).or_insert_with(|| {
                sources.push((users, Vec::new()));
                sources.len() - 1
            });
            sources[source].1.push(at);
        }
        let next = sources
            .iter()
            .enumerate()
            .map(|(source, (users, _))| Reverse((&users[0], 0, source)))
            .collect();
        Self {
            sources,
            next,
            found: Vec::new(),
        }
    }

    /// Collects all paths of the next user.
    fn advance(&mut self) {
        let Some(Reverse((user, ..))) = self.next.peek().copied() else {
            return;
        };
        let mut merged = 0;
        while let Some(mut top) = self.next.peek_mut() {
            let Reverse((other, at, source)) = *top;
            if other != user {
                break;
            }
            let (users, paths) = &self.sources[source];
            self.found
                .extend(paths.iter().rev().map(|path| (*path, at)));
            merged += 1;
            match users.get(at + 1) {
                Some(following) => *top = Reverse((following, at + 1, source)),
                None => {
                    std::collections::binary_heap::PeekMut::pop(top);
                }
            }
        }
        if merged > 1 {
            self.found.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
}

impl Iterator for Merge<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        if self.found.is_empty() {
            self.advance();
        }
        self.found.pop()
    }
}
