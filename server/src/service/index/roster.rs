//! Users and group members as small numbers, so that millions of memberships are walked in milliseconds.
//! Numbers mean something within one snapshot only and are never kept longer.

use std::collections::HashMap;

use domain::{
    ids::{GroupId, Principal, UserId},
    snapshot::{PairRead, Snapshot},
};

use super::count;

/// Everybody who can reach anything, by number.
pub struct Roster<'a> {
    ids: Vec<&'a UserId>,
    /// How many are in the directory; they come first. Others are only named by a group.
    known: u32,
    numbers: HashMap<&'a UserId, u32>,
    members: HashMap<&'a GroupId, Box<[u32]>>,
}

impl<'a> Roster<'a> {
    /// Numbers everybody.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let parts = snapshot.parts();
        let mut ids: Vec<&UserId> = parts.users.keys().collect();
        let known = count(ids.len());
        let mut numbers: HashMap<&UserId, u32> = HashMap::with_capacity(ids.len());
        numbers.extend(ids.iter().copied().zip(0..));
        let mut members = HashMap::with_capacity(parts.members.len());
        for (group, users) in &parts.members {
            let of = users.iter().map(|user| {
                *numbers.entry(user).or_insert_with(|| {
                    ids.push(user);
                    count(ids.len() - 1)
                })
            });
            members.insert(group, of.collect());
        }
        Self {
            ids,
            known,
            numbers,
            members,
        }
    }

    /// How many there are.
    pub fn head_count(&self) -> usize {
        self.ids.len()
    }

    /// Everybody, in order of number, with whether the directory knows them.
    pub fn everybody(&self) -> impl Iterator<Item = (&'a UserId, bool)> {
        let known = (0..).map(|number| number < self.known);
        self.ids.iter().copied().zip(known)
    }

    /// Somebody's number.
    pub fn number(&self, user: &UserId) -> Option<usize> {
        self.numbers.get(user).map(|number| *number as usize)
    }

    /// Who reaches something by one assignment.
    pub fn behind(&self, principal: &Principal) -> &[u32] {
        match principal {
            Principal::Group(group) => self.members.get(group).map_or(&[], |all| all),
            // Nobody who is gone from the directory holds anything by themselves.
            Principal::User(user) => self
                .numbers
                .get(user)
                .filter(|number| **number < self.known)
                .map_or(&[], std::slice::from_ref),
        }
    }

    /// Who reaches a pair, some of them more than once.
    pub fn behind_all<'b>(&'b self, read: &'b PairRead) -> impl Iterator<Item = usize> + 'b {
        let principals = read.principals.keys();
        principals
            .flat_map(move |principal| self.behind(principal))
            .map(|number| *number as usize)
    }
}
