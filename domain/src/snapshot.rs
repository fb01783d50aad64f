//! Everything observed, indexed, each pair with its own *as of*.
//!
//! Immutable: a newer read makes a new snapshot. Holds what AWS holds, including principals that
//! are gone from the directory, and says what could not be read. Nothing here decides anything.

mod coverage;

pub use coverage::{Coverage, Gap, Unread};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::{
    classification::Classification,
    directory::{Group, User},
    ids::{AccountId, GroupId, OuId, Pair, PermissionSetArn, PersonId, Principal, UserId},
    org::{Account, OrganizationalUnit},
    permission_set::PermissionSet,
    time::Timestamp,
};

/// What one read of a pair showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRead {
    /// When AWS was asked for the first page.
    pub as_of: Timestamp,
    /// Everyone assigned, orphans included, each with when it was first seen.
    pub principals: BTreeMap<Principal, Timestamp>,
    /// Whether the account holds the latest content of the set; `false` is
    /// `LATEST_PERMISSION_SET_NOT_PROVISIONED`.
    pub provisioned: Provisioned,
}

/// Whether what an account holds is what the set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provisioned {
    /// The latest content.
    Latest,
    /// Edited since: the account still allows what the set allowed before.
    Outdated,
}

/// The parts that a snapshot is made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// Accounts, with what they are.
    pub accounts: BTreeMap<AccountId, (Account, Classification)>,
    /// Organizational units.
    pub units: BTreeMap<OuId, OrganizationalUnit>,
    /// Users of the identity store.
    pub users: BTreeMap<UserId, User>,
    /// Groups of the identity store.
    pub groups: BTreeMap<GroupId, Group>,
    /// Members of each group.
    pub members: BTreeMap<GroupId, BTreeSet<UserId>>,
    /// When each group's members were last read.
    pub members_as_of: BTreeMap<GroupId, Timestamp>,
    /// Permission sets.
    pub sets: BTreeMap<PermissionSetArn, PermissionSet>,
    /// Assignments, by the pair that AWS lists them by.
    pub pairs: BTreeMap<Pair, PairRead>,
    /// Which human each user is.
    pub persons: BTreeMap<UserId, PersonId>,
    /// Completeness and freshness.
    pub coverage: Coverage,
}

/// Everything observed, with the indexes that questions need.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    parts: Parts,
    groups_of: HashMap<UserId, Vec<GroupId>>,
    pairs_of: HashMap<Principal, Vec<Pair>>,
    sets_in: HashMap<AccountId, Vec<Pair>>,
    user_of: HashMap<PersonId, UserId>,
}

impl Snapshot {
    /// Builds the indexes.
    pub fn new(parts: Parts) -> Self {
        let mut groups_of: HashMap<UserId, Vec<GroupId>> = HashMap::new();
        for (group, members) in &parts.members {
            for user in members {
                groups_of
                    .entry(user.clone())
                    .or_default()
                    .push(group.clone());
            }
        }
        let mut pairs_of: HashMap<Principal, Vec<Pair>> = HashMap::new();
        let mut sets_in: HashMap<AccountId, Vec<Pair>> = HashMap::new();
        for (pair, read) in &parts.pairs {
            sets_in
                .entry(pair.account.clone())
                .or_default()
                .push(pair.clone());
            for principal in read.principals.keys() {
                pairs_of
                    .entry(principal.clone())
                    .or_default()
                    .push(pair.clone());
            }
        }
        // Most lists are short, and there are as many as people: room to grow would be most of their size.
        groups_of.values_mut().for_each(Vec::shrink_to_fit);
        pairs_of.values_mut().for_each(Vec::shrink_to_fit);
        let user_of = parts
            .persons
            .iter()
            .map(|(user, person)| (person.clone(), user.clone()))
            .collect();
        Self {
            parts,
            groups_of,
            pairs_of,
            sets_in,
            user_of,
        }
    }

    /// The parts, to read or to build the next snapshot from.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// An account and what it is.
    pub fn account(&self, id: &AccountId) -> Option<&(Account, Classification)> {
        self.parts.accounts.get(id)
    }

    /// A user.
    pub fn user(&self, id: &UserId) -> Option<&User> {
        self.parts.users.get(id)
    }

    /// A group.
    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.parts.groups.get(id)
    }

    /// A permission set.
    pub fn set(&self, arn: &PermissionSetArn) -> Option<&PermissionSet> {
        self.parts.sets.get(arn)
    }

    /// Which human a user is.
    pub fn person(&self, user: &UserId) -> Option<&PersonId> {
        self.parts.persons.get(user)
    }

    /// Which user a human is.
    pub fn user_of(&self, person: &PersonId) -> Option<&UserId> {
        self.user_of.get(person)
    }

    /// The groups a user is in.
    pub fn groups_of(&self, user: &UserId) -> &[GroupId] {
        self.groups_of.get(user).map_or(&[], Vec::as_slice)
    }

    /// The members of a group; a group that is gone has none.
    pub fn members(&self, group: &GroupId) -> impl Iterator<Item = &UserId> {
        self.parts.members.get(group).into_iter().flatten()
    }

    /// Where a principal is assigned.
    pub fn pairs_of(&self, principal: &Principal) -> &[Pair] {
        self.pairs_of.get(principal).map_or(&[], Vec::as_slice)
    }

    /// What the last read of a pair showed.
    pub fn pair(&self, pair: &Pair) -> Option<&PairRead> {
        self.parts.pairs.get(pair)
    }

    /// The pairs of one account, in order of permission set.
    pub fn pairs_in<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = (&'a Pair, &'a PairRead)> {
        self.sets_in
            .get(account)
            .into_iter()
            .flatten()
            .filter_map(move |pair| self.parts.pairs.get_key_value(pair))
    }

    /// Whether a principal is still in the directory.
    pub fn exists(&self, principal: &Principal) -> bool {
        match principal {
            Principal::User(id) => self.parts.users.contains_key(id),
            Principal::Group(id) => self.parts.groups.contains_key(id),
        }
    }
}
