//! Everything observed in AWS, indexed, with a read time for each pair.
//!
//! Immutable: a newer read produces a new snapshot, which shares with the older one whatever is equal. It includes
//! principals that are no longer in the directory and records what could not be read. It decides nothing.

mod coverage;
mod difference;
mod external_ids;
mod indexes;
mod known;
mod shared;

pub use coverage::{Coverage, Gap, Unread};
pub use difference::{ChangedItems, Difference};
pub use known::{Figure, Knowledge, NeverRead, missing};
pub use shared::Shared;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use indexes::Indexes;
use serde::{Deserialize, Serialize};

use crate::{
    classification::{Classification, Environment, Source},
    directory::{Group, User},
    ids::{AccountId, GroupId, OuId, Pair, PermissionSetArn, PersonId, Principal, UserId},
    org::{Account, OrganizationalUnit},
    permission_set::PermissionSet,
    person::link::LinkKeys,
    shared_map::SharedMap,
    time::Timestamp,
};

/// The result of one read of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRead {
    /// When the first page was requested from AWS.
    pub as_of: Timestamp,
    /// All assigned principals, orphans included, each with when it was first seen.
    pub principals: SharedMap<Principal, Timestamp>,
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
    pub accounts: SharedMap<AccountId, (Account, Classification)>,
    pub units: Shared<BTreeMap<OuId, OrganizationalUnit>>,
    pub users: SharedMap<UserId, User>,
    pub groups: SharedMap<GroupId, Group>,
    /// The members of each group.
    pub members: SharedMap<GroupId, Shared<BTreeSet<UserId>>>,
    /// When the members of each group were last read.
    pub members_as_of: SharedMap<GroupId, Timestamp>,
    pub sets: SharedMap<PermissionSetArn, PermissionSet>,
    /// Assignments, by the pair under which AWS lists them.
    pub pairs: SharedMap<Pair, PairRead>,
    /// The person of each user.
    pub persons: SharedMap<UserId, PersonId>,
    /// The person of each user that a person was before, or that has an external id of the person.
    #[serde(default)]
    pub other_users: Shared<BTreeMap<UserId, PersonId>>,
    /// Completeness and freshness.
    pub coverage: Shared<Coverage>,
}

/// Everything observed, with the indexes that queries need. Copies share data and indexes.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    parts: Parts,
    never_read: Arc<NeverRead>,
    indexes: Indexes,
    in_management: Arc<BTreeSet<PermissionSetArn>>,
}

/// Whether an account is the management account according to the organization. A tag to that effect only makes the
/// policies stricter; the account can still be managed.
fn is_management(class: &Classification) -> bool {
    class.environment == Environment::Management && class.environment_source == Source::Role
}

/// Returns the permission sets of the management account.
fn in_management(parts: &Parts) -> BTreeSet<PermissionSetArn> {
    let accounts = parts.accounts.iter();
    accounts
        .filter(|(_, (_, class))| is_management(class))
        .flat_map(|(id, _)| pairs_in(parts, id))
        .map(|(pair, _)| pair.set.clone())
        .collect()
}

/// Returns the pairs of one account, ordered by permission set.
fn pairs_in<'a>(
    parts: &'a Parts,
    account: &'a AccountId,
) -> impl Iterator<Item = (&'a Pair, &'a PairRead)> {
    let pairs = parts.pairs.from_where(|pair| pair.account < *account);
    pairs.take_while(|(pair, _)| pair.account == *account)
}

impl Snapshot {
    /// Builds the indexes.
    pub fn new(parts: Parts) -> Self {
        Self {
            never_read: Arc::new(NeverRead::of(&parts)),
            in_management: Arc::new(in_management(&parts)),
            indexes: Indexes::of(&parts),
            parts,
        }
    }

    /// Returns the snapshot of newer data, and what differs. Costs as much as differs, unless the directory does.
    #[must_use]
    pub fn updated(&self, parts: Parts) -> (Self, Difference) {
        let difference = Difference::between(&self.parts, &parts);
        let Difference::Items(items) = &difference else {
            return (Self::new(parts), difference);
        };
        let mut indexes = self.indexes.clone();
        indexes.update(&self.parts, &parts, items);
        let guarded = |pair: &Pair| {
            let of = |parts: &Parts| parts.accounts.get(&pair.account).map(|(_, class)| *class);
            of(&parts).is_some_and(|class| is_management(&class))
        };
        let in_management = if items.accounts.is_empty() && !items.pairs.iter().any(guarded) {
            Arc::clone(&self.in_management)
        } else {
            Arc::new(in_management(&parts))
        };
        // What was never read depends on what was read since.
        let never_read = if parts.coverage == self.parts.coverage
            && parts.coverage.never_read.is_empty()
            && parts.coverage.newest.is_some()
        {
            Arc::clone(&self.never_read)
        } else {
            Arc::new(NeverRead::of(&parts))
        };
        let next = Self {
            parts,
            never_read,
            indexes,
            in_management,
        };
        (next, difference)
    }

    /// Returns the snapshot in which these accounts are classified differently.
    #[must_use]
    pub fn classified(&self, accounts: &BTreeMap<AccountId, Classification>) -> Self {
        let mut parts = self.parts.clone();
        for (id, class) in accounts {
            if let Some((_, known)) = parts.accounts.get_mut(id) {
                *known = *class;
            }
        }
        self.updated(parts).0
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
        let by_id = external_ids.flat_map(|id| self.indexes.candidates(&id));
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
        self.indexes.user_of(person)
    }

    /// Returns the groups that a user is a member of.
    pub fn groups_of(&self, user: &UserId) -> &[GroupId] {
        self.indexes.groups_of(user)
    }

    /// Returns the members of a group; none for a group that does not exist.
    pub fn members(&self, group: &GroupId) -> impl Iterator<Item = &UserId> {
        let members = self.parts.members.get(group).into_iter();
        members.flat_map(|members| members.iter())
    }

    /// Returns the pairs that a principal is assigned to.
    pub fn pairs_of(&self, principal: &Principal) -> &[Pair] {
        self.indexes.pairs_of(principal)
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
        pairs_in(&self.parts, account)
    }

    /// Whether an account is the management account according to the organization.
    pub fn is_management(&self, account: &AccountId) -> bool {
        self.account(account)
            .is_some_and(|(_, class)| is_management(class))
    }

    /// Returns the permission sets that are assigned in the management account in one of two snapshots only.
    pub fn other_management_sets<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = &'a PermissionSetArn> {
        let shared = Arc::ptr_eq(&self.in_management, &other.in_management);
        let differ = self
            .in_management
            .symmetric_difference(&other.in_management);
        differ.filter(move |_| !shared)
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
