//! Everything observed in AWS, indexed, with a read time for each pair.
//!
//! Immutable: a newer read produces a new snapshot. It includes principals that are no longer in the directory and
//! records what could not be read. It decides nothing.

mod coverage;
mod external_ids;
mod known;
mod shared;

pub use coverage::{Coverage, Gap, Unread};
pub use known::{Figure, Knowledge, NeverRead, missing};
pub use shared::Shared;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use external_ids::UsersByExternalId;
use serde::{Deserialize, Serialize};

use crate::{
    classification::{Classification, Environment, Source},
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

/// The data of a snapshot. Copies share what they do not change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// Accounts with their classification.
    pub accounts: Shared<BTreeMap<AccountId, (Account, Classification)>>,
    pub units: BTreeMap<OuId, OrganizationalUnit>,
    pub users: Shared<BTreeMap<UserId, User>>,
    pub groups: Shared<BTreeMap<GroupId, Group>>,
    /// The members of each group.
    pub members: Shared<BTreeMap<GroupId, BTreeSet<UserId>>>,
    /// When the members of each group were last read.
    pub members_as_of: BTreeMap<GroupId, Timestamp>,
    pub sets: Shared<BTreeMap<PermissionSetArn, PermissionSet>>,
    /// Assignments, by the pair under which AWS lists them.
    pub pairs: Shared<BTreeMap<Pair, PairRead>>,
    /// The person of each user.
    pub persons: Shared<BTreeMap<UserId, PersonId>>,
    /// The person of each user that a person was before, or that has an external id of the person.
    #[serde(default)]
    pub other_users: BTreeMap<UserId, PersonId>,
    /// Completeness and freshness.
    pub coverage: Coverage,
}

/// Everything observed, with the indexes that queries need. Copies share data and indexes.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    parts: Parts,
    never_read: NeverRead,
    indexes: Arc<Indexes>,
    in_management: Arc<BTreeSet<PermissionSetArn>>,
}

/// The indexes that do not depend on classifications.
#[derive(Debug, Default)]
struct Indexes {
    groups_of: HashMap<UserId, Vec<GroupId>>,
    pairs_of: HashMap<Principal, Vec<Pair>>,
    sets_in: HashMap<AccountId, Vec<Pair>>,
    user_of: HashMap<PersonId, UserId>,
    users_by_external_id: UsersByExternalId,
}

impl Indexes {
    fn of(parts: &Parts) -> Self {
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
            groups_of,
            pairs_of,
            sets_in,
            user_of,
        }
    }

    /// Returns the permission sets of the management account.
    fn in_management(&self, parts: &Parts) -> BTreeSet<PermissionSetArn> {
        let accounts = parts.accounts.iter();
        accounts
            .filter(|(_, (_, class))| is_management(class))
            .filter_map(|(id, _)| self.sets_in.get(id))
            .flatten()
            .map(|pair| pair.set.clone())
            .collect()
    }
}

/// Whether an account is the management account according to the organization. A tag to that effect only makes the
/// policies stricter; the account can still be managed.
fn is_management(class: &Classification) -> bool {
    class.environment == Environment::Management && class.environment_source == Source::Role
}

impl Snapshot {
    /// Builds the indexes.
    pub fn new(parts: Parts) -> Self {
        let indexes = Indexes::of(&parts);
        Self {
            never_read: NeverRead::of(&parts),
            in_management: Arc::new(indexes.in_management(&parts)),
            indexes: Arc::new(indexes),
            parts,
        }
    }

    /// Returns the snapshot in which these accounts are classified differently. Costs as much as there are accounts.
    #[must_use]
    pub fn classified(&self, accounts: &BTreeMap<AccountId, Classification>) -> Self {
        let mut parts = self.parts.clone();
        for (id, class) in accounts {
            if let Some((_, known)) = parts.accounts.get_mut(id) {
                *known = *class;
            }
        }
        Self {
            in_management: Arc::new(self.indexes.in_management(&parts)),
            parts,
            ..self.clone()
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
        let by_id = external_ids.flat_map(|id| self.indexes.users_by_external_id.candidates(&id));
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
        self.indexes.user_of.get(person)
    }

    /// Returns the groups that a user is a member of.
    pub fn groups_of(&self, user: &UserId) -> &[GroupId] {
        self.indexes.groups_of.get(user).map_or(&[], Vec::as_slice)
    }

    /// Returns the members of a group; none for a group that does not exist.
    pub fn members(&self, group: &GroupId) -> impl Iterator<Item = &UserId> {
        self.parts.members.get(group).into_iter().flatten()
    }

    /// Returns the pairs that a principal is assigned to.
    pub fn pairs_of(&self, principal: &Principal) -> &[Pair] {
        self.indexes
            .pairs_of
            .get(principal)
            .map_or(&[], Vec::as_slice)
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
        let pairs = self.indexes.sets_in.get(account);
        pairs
            .into_iter()
            .flatten()
            .filter_map(move |pair| self.parts.pairs.get_key_value(pair))
    }

    /// Whether an account is the management account according to the organization.
    pub fn is_management(&self, account: &AccountId) -> bool {
        self.account(account)
            .is_some_and(|(_, class)| is_management(class))
    }

    /// Whether a permission set is assigned in the management account.
    pub fn is_in_management(&self, set: &PermissionSetArn) -> bool {
        self.in_management.contains(set)
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
