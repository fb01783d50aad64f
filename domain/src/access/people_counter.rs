//! Counts the people with access to an account or a pair.
//!
//! Users are numbered and groups are bit sets, so that counting in thousands of accounts visits no path.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use crate::{
    ids::{AccountId, GroupId, Principal, UserId},
    snapshot::{PairRead, Snapshot},
};

type Bits = Rc<[u64]>;

/// Counts people. Remembers every group that it has seen.
#[derive(Debug)]
pub struct PeopleCounter<'a> {
    snapshot: &'a Snapshot,
    numbers: HashMap<UserId, usize>,
    groups: HashMap<GroupId, Bits>,
    /// By address; the list is kept so that its address stays its own.
    lists: HashMap<*const UserId, (Arc<[UserId]>, Bits)>,
    counts: HashMap<AccountId, i64>,
}

impl<'a> PeopleCounter<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            numbers: HashMap::new(),
            groups: HashMap::new(),
            lists: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// Returns how many people have access to a pair.
    pub fn in_pair(&mut self, read: &PairRead) -> i64 {
        let mut bits = Vec::new();
        self.add_pair(&mut bits, read);
        count(&bits)
    }

    /// Returns how many people have access to an account.
    pub fn in_account(&mut self, account: &AccountId) -> i64 {
        if let Some(count) = self.counts.get(account) {
            return *count;
        }
        let count = count(&self.bits_of(account));
        self.counts.insert(account.clone(), count);
        count
    }

    /// Returns how many people have access to an account together with the users of these lists.
    pub fn in_account_with(&mut self, account: &AccountId, lists: &[&Arc<[UserId]>]) -> i64 {
        let mut bits = self.bits_of(account);
        for list in lists {
            let more = self.of_list(list);
            add(&mut bits, &more);
        }
        count(&bits)
    }

    fn of_list(&mut self, list: &Arc<[UserId]>) -> Bits {
        if let Some((_, known)) = self.lists.get(&list.as_ptr()) {
            return Rc::clone(known);
        }
        let bits = self.numbered(list.iter());
        let kept = (Arc::clone(list), Rc::clone(&bits));
        self.lists.insert(list.as_ptr(), kept);
        bits
    }

    fn bits_of(&mut self, account: &AccountId) -> Vec<u64> {
        let snapshot = self.snapshot;
        let mut bits = Vec::new();
        for (_, read) in snapshot.pairs_in(account) {
            self.add_pair(&mut bits, read);
        }
        bits
    }

    fn add_pair(&mut self, bits: &mut Vec<u64>, read: &PairRead) {
        for principal in read.principals.keys() {
            match principal {
                Principal::Group(group) => {
                    let members = self.members(group);
                    add(bits, &members);
                }
                // A user who is not in the directory has no access.
                Principal::User(user) if self.snapshot.user(user).is_some() => {
                    let number = self.number(user);
                    set(bits, number);
                }
                Principal::User(_) => {}
            }
        }
    }

    fn members(&mut self, group: &GroupId) -> Bits {
        if let Some(known) = self.groups.get(group) {
            return Rc::clone(known);
        }
        let bits = self.numbered(self.snapshot.members(group));
        self.groups.insert(group.clone(), Rc::clone(&bits));
        bits
    }

    fn numbered<'u>(&mut self, users: impl Iterator<Item = &'u UserId>) -> Bits {
        let mut bits = Vec::new();
        for user in users {
            let number = self.number(user);
            set(&mut bits, number);
        }
        bits.into()
    }

    fn number(&mut self, user: &UserId) -> usize {
        if let Some(number) = self.numbers.get(user) {
            return *number;
        }
        let number = self.numbers.len();
        self.numbers.insert(user.clone(), number);
        number
    }
}

fn set(bits: &mut Vec<u64>, number: usize) {
    let word = number / 64;
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    bits[word] |= 1 << (number % 64);
}

fn add(bits: &mut Vec<u64>, more: &[u64]) {
    if bits.len() < more.len() {
        bits.resize(more.len(), 0);
    }
    for (own, others) in bits.iter_mut().zip(more) {
        *own |= others;
    }
}

fn count(bits: &[u64]) -> i64 {
    bits.iter().map(|word| i64::from(word.count_ones())).sum()
}
