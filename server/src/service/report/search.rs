//! Counts the rows that match a search without building them. Every word must occur in the name of the person, account
//! or permission set, in the account id or in the path; a word never spans two of these.

use std::collections::HashMap;

use app::backend::ReportRow;
use domain::{
    access::{Path, Reach},
    ids::{AccountId, GroupId, PermissionSetArn, Principal, UserId},
    snapshot::Snapshot,
};

use super::row::{DIRECT, orphan, through};
use crate::service::names;

/// One bit for each word that occurs.
type MatchBits = u128;

/// The words of a search, and the names that contain them.
pub(super) struct ReportSearch {
    words: Vec<String>,
    all: MatchBits,
    sets: HashMap<PermissionSetArn, MatchBits>,
    groups: HashMap<GroupId, MatchBits>,
    users: HashMap<UserId, MatchBits>,
}

impl ReportSearch {
    /// Searches every name that a row may contain.
    pub(super) fn of(text: &str, snapshot: &Snapshot) -> Self {
        let lower = text.to_lowercase();
        let words: Vec<String> = lower
            .split_whitespace()
            .take(MatchBits::BITS as usize)
            .map(str::to_owned)
            .collect();
        let all = words.iter().fold(0, |all, _| (all << 1) | 1);
        let mut search = Self {
            words,
            all,
            sets: HashMap::new(),
            groups: HashMap::new(),
            users: HashMap::new(),
        };
        if all == 0 {
            return search;
        }
        let parts = snapshot.parts();
        for (id, set) in &parts.sets {
            search.sets.insert(id.clone(), search.found(&set.name));
        }
        for id in parts.members.keys() {
            let path = through(&names::group(snapshot, id));
            search.groups.insert(id.clone(), search.found(&path));
        }
        for (id, user) in &parts.users {
            let found = search.found(&user.display_name);
            if found != 0 {
                search.users.insert(id.clone(), found);
            }
        }
        search
    }

    fn found(&self, text: &str) -> MatchBits {
        let text = text.to_lowercase();
        let words = self.words.iter().rev();
        words.fold(0, |found, word| {
            (found << 1) | MatchBits::from(text.contains(word.as_str()))
        })
    }

    /// Returns the number of matching rows of an account.
    pub(super) fn count(&self, snapshot: &Snapshot, account: &AccountId) -> usize {
        let here = self.of_account(snapshot, account);
        let direct = here | self.found(DIRECT);
        let mut count = 0;
        for (pair, read) in snapshot.pairs_in(account) {
            let set = self.of_set(snapshot, &pair.set);
            for principal in read.principals.keys() {
                if snapshot.is_gone(principal) {
                    let path = match principal {
                        Principal::User(_) => direct,
                        Principal::Group(group) => {
                            here | self.found(&through(&names::group(snapshot, group)))
                        }
                    };
                    let found = path | set | self.found(&orphan(principal));
                    count += usize::from(found == self.all);
                }
                count += match principal {
                    Principal::User(user) => {
                        let there = !snapshot.is_gone(principal);
                        usize::from(
                            there && direct | set | self.of_user(snapshot, user) == self.all,
                        )
                    }
                    Principal::Group(group) => {
                        let known = here | set | self.groups.get(group).copied().unwrap_or(0);
                        self.members(snapshot, group, known)
                    }
                };
            }
        }
        count
    }

    /// Returns whether the row of a path matches.
    pub(super) fn keeps_reach(&self, snapshot: &Snapshot, reach: &Reach) -> bool {
        if self.all == 0 {
            return true;
        }
        let path = match &reach.path {
            Path::Direct => self.found(DIRECT),
            Path::Group(group) => self.groups.get(group).copied().unwrap_or(0),
        };
        let found = self.of_account(snapshot, &reach.pair.account)
            | self.of_set(snapshot, &reach.pair.set)
            | path
            | self.of_user(snapshot, &reach.user);
        found == self.all
    }

    /// Returns the number of matching rows of the orphaned assignments of an account.
    pub(super) fn orphans(&self, snapshot: &Snapshot, account: &AccountId) -> usize {
        let here = self.of_account(snapshot, account);
        let mut count = 0;
        for (pair, read) in snapshot.pairs_in(account) {
            let set = self.of_set(snapshot, &pair.set);
            for principal in read.principals.keys().filter(|one| snapshot.is_gone(one)) {
                let path = match principal {
                    Principal::User(_) => self.found(DIRECT),
                    Principal::Group(group) => self.found(&through(&names::group(snapshot, group))),
                };
                let found = here | set | path | self.found(&orphan(principal));
                count += usize::from(found == self.all);
            }
        }
        count
    }

    fn of_account(&self, snapshot: &Snapshot, account: &AccountId) -> MatchBits {
        snapshot.account(account).map_or(0, |(known, _)| {
            self.found(&known.name) | self.found(account.as_str())
        })
    }

    fn of_set(&self, snapshot: &Snapshot, set: &PermissionSetArn) -> MatchBits {
        let known = self.sets.get(set).copied();
        known.unwrap_or_else(|| self.found(&names::set(snapshot, set).name))
    }

    fn members(&self, snapshot: &Snapshot, group: &GroupId, known: MatchBits) -> usize {
        let members = snapshot.members(group);
        if known == self.all {
            return members.count();
        }
        members
            .filter(|user| known | self.of_user(snapshot, user) == self.all)
            .count()
    }

    fn of_user(&self, snapshot: &Snapshot, user: &UserId) -> MatchBits {
        match self.users.get(user) {
            Some(found) => *found,
            None if snapshot.user(user).is_some() => 0,
            None => self.found(&names::user(snapshot, user).name),
        }
    }

    /// Returns whether a row matches.
    pub(super) fn keeps(&self, row: &ReportRow) -> bool {
        if self.all == 0 {
            return true;
        }
        let shown = [
            &row.person,
            &row.account,
            &row.account_id,
            &row.permission_set,
            &row.path,
        ];
        let found = shown.map(|text| self.found(text));
        found.into_iter().fold(0, |all, found| all | found) == self.all
    }
}
