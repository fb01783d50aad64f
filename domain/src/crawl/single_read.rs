//! One read of a single item, and how it is merged into what is known. Only a complete read removes anything.
//!
//! Single reads also happen during a crawl and are then newer than what the crawl listed before them; `ListingTimes::before`
//! compares them. An older read never replaces a newer one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Crawl, PairListing, merge_pair};
use crate::{
    classification::Classification,
    engine::{Listing, Presence},
    ids::{AccountId, GroupId, Pair, PermissionSetArn, Principal, UserId},
    org::{Account, OrganizationalUnit},
    permission_set::PermissionSet,
    snapshot::{Parts, Provisioned},
    time::Timestamp,
};

/// One read of a single item. Complete, except for `MembersSeen`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SingleRead {
    /// The assignments of a pair, or the members of a group.
    Listing(Listing),
    /// Some members of a group: a read that was not continued to its end. It adds members and removes none.
    MembersSeen {
        group: GroupId,
        users: BTreeSet<UserId>,
    },
    /// The whole content of a permission set, and the accounts in which an older content is provisioned.
    Set {
        set: Box<PermissionSet>,
        /// The accounts in which this content is not provisioned.
        outdated: BTreeSet<AccountId>,
    },
    /// State, tags and OUs of an account, and its classification by them alone.
    Account {
        account: Box<Account>,
        class: Classification,
        /// The OUs that contain it.
        units: Vec<OrganizationalUnit>,
    },
}

/// When a crawl requested the items that single reads can also cover.
#[derive(Debug, Default)]
pub(super) struct ListingTimes {
    pairs: BTreeMap<Pair, Timestamp>,
    groups: BTreeMap<GroupId, Timestamp>,
    sets: BTreeMap<PermissionSetArn, Timestamp>,
}

impl ListingTimes {
    pub(super) fn by(crawl: &Crawl) -> Self {
        let pairs = crawl.pairs.iter();
        let groups = crawl.members.iter();
        Self {
            pairs: pairs.map(|one| (one.pair.clone(), one.as_of)).collect(),
            groups: groups.map(|one| (one.group.clone(), one.as_of)).collect(),
            sets: crawl.sets_as_of.clone(),
        }
    }

    /// Whether a read was requested after the crawl had requested the same item, or in the same millisecond: a single read
    /// usually follows a write, which the crawl may not show yet.
    pub(super) fn before(&self, read: &SingleRead, as_of: Timestamp, started: Timestamp) -> bool {
        let listed = match read {
            SingleRead::Listing(Listing::Pair { pair, .. }) => self.pairs.get(pair),
            SingleRead::Listing(
                Listing::Membership { group, .. } | Listing::Group { group, .. },
            )
            | SingleRead::MembersSeen { group, .. } => self.groups.get(group),
            SingleRead::Set { set, .. } => self.sets.get(&set.arn),
            // The crawl does not record when it listed an account.
            SingleRead::Account { .. } => None,
        };
        as_of >= listed.copied().unwrap_or(started)
    }
}

/// Returns the parts after one read; none if the read adds nothing to what is known.
pub fn take(before: &Parts, read: &SingleRead, as_of: Timestamp) -> Option<Parts> {
    let members = |group: &GroupId| -> BTreeSet<UserId> {
        let known = before.members.get(group);
        known.map(|known| (**known).clone()).unwrap_or_default()
    };
    match read {
        SingleRead::Listing(Listing::Pair { pair, principals }) => {
            merged_pair(before, pair, principals, as_of)
        }
        SingleRead::Listing(Listing::Membership {
            group,
            user,
            presence,
        }) => {
            let mut members = members(group);
            let differs = match presence {
                Presence::Present => members.insert(user.clone()),
                Presence::Absent => members.remove(user),
            };
            differs.then(|| with_members(before, group, members))
        }
        SingleRead::Listing(Listing::Group {
            group,
            members: read,
        }) => {
            let newer = before.members_as_of.get(group) > Some(&as_of);
            if newer || members(group) == *read {
                return None;
            }
            let mut parts = with_members(before, group, read.clone());
            parts.members_as_of.insert(group.clone(), as_of);
            Some(parts)
        }
        // A newer complete read has removed somebody, or has them all.
        SingleRead::MembersSeen { group, .. }
            if before
                .members_as_of
                .get(group)
                .is_some_and(|known| *known >= as_of) =>
        {
            None
        }
        SingleRead::MembersSeen { group, users } => {
            let known = members(group);
            let members: BTreeSet<UserId> = known.union(users).cloned().collect();
            (members.len() > known.len()).then(|| with_members(before, group, members))
        }
        SingleRead::Set { set, outdated } => merged_set(before, set, outdated),
        SingleRead::Account {
            account,
            class,
            units,
        } => merged_account(before, account, (*class, as_of), units),
    }
}

/// Never makes an account less strict: a crawl that listed the account later may be known already. Other accounts below
/// a renamed OU are classified by the next crawl.
fn merged_account(
    before: &Parts,
    account: &Account,
    (class, as_of): (Classification, Timestamp),
    units: &[OrganizationalUnit],
) -> Option<Parts> {
    let known = before.accounts.get(&account.id);
    let class = known.map_or(class, |(_, known)| {
        let held = class.held(known.undeclared().strictness());
        held.under(known.declared(), as_of)
    });
    let same_units = units
        .iter()
        .all(|unit| before.units.get(&unit.id) == Some(unit));
    if same_units && known.is_some_and(|(known, held)| known == account && *held == class) {
        return None;
    }
    let mut parts = before.clone();
    if !same_units {
        let named = units.iter().map(|unit| (unit.id.clone(), unit.clone()));
        parts.units.extend(named);
    }
    let known = (account.clone(), class);
    parts.accounts.insert(account.id.clone(), known);
    Some(parts)
}

fn merged_pair(
    before: &Parts,
    pair: &Pair,
    principals: &BTreeSet<Principal>,
    as_of: Timestamp,
) -> Option<Parts> {
    let known = before.pairs.get(pair);
    let same = match known {
        Some(read) => read.principals.keys().eq(principals),
        None => principals.is_empty(),
    };
    if same && known.is_none_or(|read| read.as_of >= as_of) {
        return None;
    }
    let provisioned = known.map_or(Provisioned::Latest, |read| read.provisioned);
    let listing = PairListing {
        pair: pair.clone(),
        as_of,
        principals: principals.clone(),
        provisioned,
    };
    let mut parts = before.clone();
    merge_pair(&mut parts.pairs, listing);
    Some(parts)
}

fn with_members(before: &Parts, group: &GroupId, members: BTreeSet<UserId>) -> Parts {
    let mut parts = before.clone();
    parts.members.insert(group.clone(), members.into());
    parts
}

/// A read of a permission set covers its content and all accounts that hold it, so all its pairs are updated.
fn merged_set(
    before: &Parts,
    set: &PermissionSet,
    outdated: &BTreeSet<AccountId>,
) -> Option<Parts> {
    let provisioned = |pair: &Pair| {
        if outdated.contains(&pair.account) {
            Provisioned::Outdated
        } else {
            Provisioned::Latest
        }
    };
    let pairs = before.pairs.iter().filter(|(pair, _)| pair.set == set.arn);
    let differ: Vec<&Pair> = pairs
        .filter(|(pair, read)| read.provisioned != provisioned(pair))
        .map(|(pair, _)| pair)
        .collect();
    if differ.is_empty() && before.sets.get(&set.arn) == Some(set) {
        return None;
    }
    let mut parts = before.clone();
    parts.sets.insert(set.arn.clone(), set.clone());
    for pair in differ {
        if let Some(read) = parts.pairs.get_mut(pair) {
            read.provisioned = provisioned(pair);
        }
    }
    Some(parts)
}
