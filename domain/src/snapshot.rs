//! Everything observed in AWS, indexed, with a read time for each pair.
//!
//! Immutable: a newer read produces a new snapshot. It includes principals that are no longer in the directory and
//! records what could not be read. It decides nothing.

mod coverage;
mod external_ids;
mod known;

pub use coverage::{Coverage, Gap, Unread};
pub use known::{Figure, Knowledge, NeverRead, missing};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use external_ids::UsersByExternalId;
use serde::{Deserialize, Serialize};

use crate::{
    classification::Classification,
    directory::{Group, User},
    ids::{AccountId, GroupId, OuId, Pair, PermissionSetArn, PersonId, Principal, UserId},
    org::{Account, OrganizationalUnit},
    permission_set::PermissionSet,
    person::link::LinkKeys,
    time::Timestamp,
};

/// The result of one read of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRead {
    /// When the first page was requested from AWS.
    pub as_of: Timestamp,
    /// All assigned principals, orphans included, each with when it was first seen.
    pub principals: BTreeMap<Principal, Timestamp>,
    /// Whether the account holds the latest content of the permission set.
    pub provisioned: Provisioned,
}

/// Whether the content provisioned in an account is the latest content of the permission set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provisioned {
    Latest,
    /// The set was edited since, so the account still allows what the set allowed before
    /// (`LATEST_PERMISSION_SET_NOT_PROVISIONED`).
    Outdated,
}

/// The data of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// Accounts with their classification.
    pub accounts: BTreeMap<AccountId, (Account, Classification)>,
    pub units: BTreeMap<OuId, OrganizationalUnit>,
    pub users: BTreeMap<UserId, User>,
    pub groups: BTreeMap<GroupId, Group>,
    /// The members of each group.
    pub members: BTreeMap<GroupId, BTreeSet<UserId>>,
    /// When the members of each group were last read.
    pub members_as_of: BTreeMap<GroupId, Timestamp>,
    pub sets: BTreeMap<PermissionSetArn, PermissionSet>,
    /// Assignments, by the pair under which AWS lists them.
    pub pairs: BTreeMap<Pair, PairRead>,
    /// The person of each user.
    pub persons: BTreeMap<UserId, PersonId>,
    /// The person of each user that a person was before, or that has an external id of the person.
    #[serde(default)]
    pub other_users: BTreeMap<UserId, PersonId>,
    /// Completeness and freshness.
    pub coverage: Coverage,
}

/// Everything observed, with the indexes that queries need.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    parts: Parts,
    never_read: NeverRead,
    groups_of: HashMap<UserId, Vec<GroupId>>,
    pairs_of: HashMap<Principal, Vec<Pair>>,
    sets_in: HashMap<AccountId, Vec<Pair>>,
    user_of: HashMap<PersonId, UserId>,
    users_by_external_id: UsersByExternalId,
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
        // There are as many lists as people and most are short, so spare capacity would be most of their size.
        groups_of.values_mut().for_each(Vec::shrink_to_fit);
        pairs_of.values_mut().for_each(Vec::shrink_to_fit);
        let user_of = parts
            .persons
            .iter()
            .map(|(user, person)| (person.clone(), user.clone()))
            .collect();
        Self {
            users_by_external_id: UsersByExternalId::of(parts.users.values()),
            never_read: NeverRead::of(&parts),
            parts,
            groups_of,
            pairs_of,
            sets_in,
            user_of,
        }
    }

    /// Returns the data, to read it or to build the next snapshot from.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Returns what was never read, and so is not known.
    pub fn never_read(&self) -> &NeverRead {
        &self.never_read
    }

    /// Returns every user that a key finds, each once.
    pub fn found_by(&self, keys: &LinkKeys) -> impl Iterator<Item = &User> {
        let external_ids = keys.external_ids();
        let by_id = external_ids.flat_map(|id| self.users_by_external_id.candidates(&id));
        let found: BTreeSet<&UserId> = by_id.chain(keys.attribute.as_ref()).collect();
        let users: Vec<&User> = found.into_iter().filter_map(|id| self.user(id)).collect();
        users
            .into_iter()
            .filter(|user| keys.find(&user.id, &user.external_ids))
    }

    /// Returns the permission set with this key.
    pub fn set_by_key(&self, key: &str) -> Option<&PermissionSet> {
        self.parts.sets.values().find(|set| set.arn.key() == key)
    }

    /// Returns an account and its classification.
    pub fn account(&self, id: &AccountId) -> Option<&(Account, Classification)> {
        self.parts.accounts.get(id)
    }

    pub fn user(&self, id: &UserId) -> Option<&User> {
        self.parts.users.get(id)
    }

    pub fn group(&self, id: &GroupId) -> Option<&Group> {
        self.parts.groups.get(id)
    }

    pub fn set(&self, arn: &PermissionSetArn) -> Option<&PermissionSet> {
        self.parts.sets.get(arn)
    }

    /// Returns the person of a user: of every user that the person ever was.
    pub fn person(&self, user: &UserId) -> Option<&PersonId> {
        let other = self.parts.other_users.get(user);
        other.or_else(|| self.parts.persons.get(user))
    }

    /// Returns the user of a person.
    pub fn user_of(&self, person: &PersonId) -> Option<&UserId> {
        self.user_of.get(person)
    }

    /// Returns the groups that a user is a member of.
    pub fn groups_of(&self, user: &UserId) -> &[GroupId] {
        self.groups_of.get(user).map_or(&[], Vec::as_slice)
    }

    /// Returns the members of a group; none for a group that does not exist.
    pub fn members(&self, group: &GroupId) -> impl Iterator<Item = &UserId> {
        self.parts.members.get(group).into_iter().flatten()
    }

    /// Returns the pairs that a principal is assigned to.
    pub fn pairs_of(&self, principal: &Principal) -> &[Pair] {
        self.pairs_of.get(principal).map_or(&[], Vec::as_slice)
    }

    /// Returns the result of the last read of a pair.
    pub fn pair(&self, pair: &Pair) -> Option<&PairRead> {
        self.parts.pairs.get(pair)
    }

    /// Returns the pairs of one account, ordered by permission set.
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

    /// Whether a principal is no longer in the directory: the list of users or groups was read and does not contain it.
    /// A principal of a list that was never read may exist.
    pub fn is_gone(&self, principal: &Principal) -> bool {
        let list = match principal {
            Principal::User(_) => self.never_read.users(),
            Principal::Group(_) => self.never_read.groups(),
        };
        list == Knowledge::Read && !self.exists(principal)
    }

    /// Whether a principal is known to be in the directory.
    pub fn exists(&self, principal: &Principal) -> bool {
        match principal {
            Principal::User(id) => self.parts.users.contains_key(id),
            Principal::Group(id) => self.parts.groups.contains_key(id),
        }
    }
}
