//! Users and group members as consecutive integers, so that millions of memberships are processed in milliseconds. A
//! number is valid within one snapshot only and is never stored.

use std::collections::{BTreeSet, HashMap};

use domain::{
    ids::{GroupId, Principal, UserId},
    snapshot::{Knowledge, PairRead, Snapshot},
};

use super::count;

/// Returns the users with direct assignments.
fn assigned(snapshot: &Snapshot) -> BTreeSet<&UserId> {
    let reads = snapshot.parts().pairs.values();
    let principals = reads.flat_map(|read| read.principals.keys());
    let users = principals.filter_map(|principal| match principal {
        Principal::User(user) => Some(user),
        Principal::Group(_) => None,
    });
    users.collect()
}

/// All users that the directory or a group contains, by number.
pub struct Roster<'a> {
    ids: Vec<&'a UserId>,
    /// The number of users in the directory, or of those with assignments if the directory was never read. They come first; the others occur only as group members.
    known: u32,
    numbers: HashMap<&'a UserId, u32>,
    members: HashMap<&'a GroupId, Box<[u32]>>,
}

impl<'a> Roster<'a> {
    /// Assigns the numbers.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let parts = snapshot.parts();
        let mut ids: Vec<&UserId> = parts.users.keys().collect();
        if snapshot.never_read().users() == Knowledge::NeverRead {
            ids.extend(assigned(snapshot));
        }
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

    /// Returns the number of users.
    pub fn head_count(&self) -> usize {
        self.ids.len()
    }

    /// Returns all users in order of their number, and whether the directory contains each of them.
    pub fn everybody(&self) -> impl Iterator<Item = (&'a UserId, bool)> {
        let known = (0..).map(|number| number < self.known);
        self.ids.iter().copied().zip(known)
    }

    /// Returns the number of a user.
    pub fn number(&self, user: &UserId) -> Option<usize> {
        self.numbers.get(user).map(|number| *number as usize)
    }

    /// Returns the users who have access through one assignment.
    pub fn behind(&self, principal: &Principal) -> &[u32] {
        match principal {
            Principal::Group(group) => self.members.get(group).map_or(&[], |all| all),
            // A direct assignment of a user who is not in the directory gives access to no one.
            Principal::User(user) => self
                .numbers
                .get(user)
                .filter(|number| **number < self.known)
                .map_or(&[], std::slice::from_ref),
        }
    }

    /// Returns the users with access through a pair. May contain duplicates.
    pub fn behind_all<'b>(&'b self, read: &'b PairRead) -> impl Iterator<Item = usize> + 'b {
        let principals = read.principals.keys();
        principals
            .flat_map(move |principal| self.behind(principal))
            .map(|number| *number as usize)
    }
}
