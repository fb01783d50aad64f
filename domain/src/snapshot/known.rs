//! Whether a number is known: everything that it rests on was read at least once.
//!
//! What was read earlier and could not be read again stays known, with its older time. What was never read is not a
//! zero: a number that rests on it is not shown as a number.

use std::{cmp::Ordering, collections::BTreeSet, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Gap, Parts};
use crate::ids::{AccountId, GroupId, Pair, PermissionSetArn, Principal};

/// A value that rests on reads of AWS, usually a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Figure<T = usize> {
    Known(T),
    /// Something that it rests on was never read.
    NotKnown,
}

impl<T> Figure<T> {
    /// Returns the figure of something that follows from this value.
    pub fn map<U>(self, follows: impl FnOnce(T) -> U) -> Figure<U> {
        match self {
            Self::Known(value) => Figure::Known(follows(value)),
            Self::NotKnown => Figure::NotKnown,
        }
    }

    /// Returns the value, if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::NotKnown => None,
        }
    }
}

impl<T> From<T> for Figure<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

/// A figure equals a number if it is known to be that number.
impl PartialEq<usize> for Figure {
    fn eq(&self, other: &usize) -> bool {
        *self == Self::Known(*other)
    }
}

impl PartialEq<Figure> for usize {
    fn eq(&self, other: &Figure) -> bool {
        other == self
    }
}

/// A figure that is not known is neither more nor less than a number.
impl PartialOrd<usize> for Figure {
    fn partial_cmp(&self, other: &usize) -> Option<Ordering> {
        self.known()?.partial_cmp(other)
    }
}

impl<T: fmt::Display> fmt::Display for Figure<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::NotKnown => f.pad("Not known"),
        }
    }
}

/// Nothing is known before the first read.
impl<T> Default for Figure<T> {
    fn default() -> Self {
        Self::NotKnown
    }
}

/// A figure that is not known is `null`.
impl<T: Serialize> Serialize for Figure<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => serializer.serialize_some(value),
            Self::NotKnown => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Figure<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Option::<T>::deserialize(from)?;
        Ok(value.map_or(Self::NotKnown, Self::Known))
    }
}

/// Whether something was ever read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Knowledge {
    Read,
    #[default]
    NeverRead,
}

impl Knowledge {
    /// Returns the figure of a value that rests on this.
    pub fn figure<T>(self, value: T) -> Figure<T> {
        match self {
            Self::Read => Figure::Known(value),
            Self::NeverRead => Figure::NotKnown,
        }
    }

    /// Returns the knowledge of something that rests on both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::Read => other,
            Self::NeverRead => Self::NeverRead,
        }
    }

    /// Returns the knowledge of something of which this part, if any, was never read.
    fn without<T>(part: Option<T>) -> Self {
        match part {
            Some(_) => Self::NeverRead,
            None => Self::Read,
        }
    }
}

/// What was never read.
#[derive(Debug, Clone, Default)]
pub struct NeverRead {
    accounts: Knowledge,
    users: Knowledge,
    groups: Knowledge,
    sets: Knowledge,
    members: BTreeSet<GroupId>,
    contents: BTreeSet<PermissionSetArn>,
    accounts_of: BTreeSet<PermissionSetArn>,
    pairs: BTreeSet<Pair>,
}

impl NeverRead {
    /// Collects the gaps that no crawl and no single read has closed. Before the first crawl, that is everything.
    pub fn of(parts: &Parts) -> Self {
        let empty = parts.accounts.is_empty() && parts.users.is_empty() && parts.groups.is_empty();
        if parts.coverage.newest.is_none() && empty && parts.pairs.is_empty() {
            return Self::default();
        }
        let mut never = Self {
            accounts: Knowledge::Read,
            users: Knowledge::Read,
            groups: Knowledge::Read,
            sets: Knowledge::Read,
            ..Self::default()
        };
        for gap in &parts.coverage.never_read {
            match gap {
                Gap::Organization
                | Gap::DelegatedAdministrators
                | Gap::Units
                | Gap::Accounts
                | Gap::TagsOf(_) => never.accounts = Knowledge::NeverRead,
                Gap::Users => never.users = Knowledge::NeverRead,
                Gap::Groups => never.groups = Knowledge::NeverRead,
                Gap::Sets => never.sets = Knowledge::NeverRead,
                Gap::MembersOf(group) if !parts.members_as_of.contains_key(group) => {
                    never.members.insert(group.clone());
                }
                Gap::ContentOf(arn) if !parts.sets.contains_key(arn) => {
                    never.contents.insert(arn.clone());
                }
                Gap::AccountsOf(arn) => drop(never.accounts_of.insert(arn.clone())),
                Gap::AssignmentsOf(pair) if !parts.pairs.contains_key(pair) => {
                    never.pairs.insert(pair.clone());
                }
                // The versions of accounts that could not be read count as outdated, and the services of a delegated
                // administrator decide nothing.
                Gap::OutdatedAccountsOf(_)
                | Gap::ServicesOf(_)
                | Gap::MembersOf(_)
                | Gap::ContentOf(_)
                | Gap::AssignmentsOf(_)
                | Gap::Unknown => {}
            }
        }
        never
    }

    /// Accounts with their classification.
    pub fn accounts(&self) -> Knowledge {
        self.accounts
    }

    pub fn users(&self) -> Knowledge {
        self.users
    }

    pub fn groups(&self) -> Knowledge {
        self.groups
    }

    /// All permission sets with their content.
    pub fn sets(&self) -> Knowledge {
        self.sets.and(Knowledge::without(self.contents.first()))
    }

    /// The members of all groups.
    pub fn memberships(&self) -> Knowledge {
        let directory = self.users.and(self.groups);
        directory.and(Knowledge::without(self.members.first()))
    }

    /// The assignments in all accounts.
    pub fn assignments(&self) -> Knowledge {
        self.provisioned()
            .and(Knowledge::without(self.pairs.first()))
    }

    /// The assignments in one account. A permission set whose accounts were never read may be assigned in any.
    pub fn assignments_in(&self, account: &AccountId) -> Knowledge {
        let here = self.pairs.iter().find(|pair| pair.account == *account);
        self.provisioned().and(Knowledge::without(here))
    }

    /// The assignments of one permission set.
    pub fn assignments_of(&self, set: &PermissionSetArn) -> Knowledge {
        let here = self.pairs.iter().find(|pair| pair.set == *set);
        Knowledge::without(self.accounts_of.get(set)).and(Knowledge::without(here))
    }

    /// The assignments of one pair.
    pub fn pair(&self, pair: &Pair) -> Knowledge {
        let set = Knowledge::without(self.accounts_of.get(&pair.set));
        let pair = Knowledge::without(self.pairs.get(pair));
        self.sets.and(set).and(pair)
    }

    /// The accounts in which each permission set is provisioned.
    fn provisioned(&self) -> Knowledge {
        self.sets.and(Knowledge::without(self.accounts_of.first()))
    }

    /// The list of permission sets, without their content.
    pub fn set_list(&self) -> Knowledge {
        self.sets
    }

    /// Returns the permission sets whose assignments were not all read: any group may be assigned one of them.
    pub fn sets_assigned_unseen(&self) -> BTreeSet<&PermissionSetArn> {
        let pairs = self.pairs.iter().map(|pair| &pair.set);
        self.accounts_of.iter().chain(pairs).collect()
    }

    /// The people with access by an assignment of a principal.
    pub fn behind(&self, principal: &Principal) -> Knowledge {
        match principal {
            Principal::User(_) => self.users,
            Principal::Group(group) => self.users.and(self.members_of(group)),
        }
    }

    /// The members of one group.
    pub fn members_of(&self, group: &GroupId) -> Knowledge {
        self.groups.and(Knowledge::without(self.members.get(group)))
    }

    /// Everybody's access to every account.
    pub fn access(&self) -> Knowledge {
        self.memberships().and(self.assignments())
    }

    /// Everybody's access to production PCI.
    pub fn production_pci(&self) -> Knowledge {
        self.access().and(self.accounts)
    }
}

/// Returns what must be read before Leastwise is of use, as far as it was never read: each list, and of each kind of
/// single item the first one, if none of that kind was ever read.
pub fn missing(parts: &Parts) -> Vec<&Gap> {
    let mut kinds: BTreeSet<u8> = BTreeSet::new();
    let gaps = parts.coverage.never_read.iter();
    gaps.filter(|gap| match gap {
        Gap::MembersOf(_) => parts.members_as_of.is_empty() && kinds.insert(0),
        Gap::ContentOf(_) => parts.sets.is_empty() && kinds.insert(1),
        Gap::AccountsOf(_) => parts.pairs.is_empty() && kinds.insert(2),
        Gap::AssignmentsOf(_) => parts.pairs.is_empty() && kinds.insert(3),
        list => !list.is_single(),
    })
    .collect()
}
