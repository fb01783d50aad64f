//! The result of one crawl, and how it is merged into what was known.
//!
//! A crawl can fail at any point. What it read counts, as of the time at which AWS was asked; what it did not read
//! stays as it was, with its older time. Nothing is removed because it was not read: it is gone only if a complete read
//! that should have shown it did not.

mod gaps;
mod single_read;

use std::collections::{BTreeMap, BTreeSet};

use gaps::{explained, never_read};
pub use single_read::{SingleRead, take};

use crate::{
    classification::{
        Classification, ClassificationContext, Declared, Environment, Mapping, Pci, classify,
    },
    directory::{Group, User},
    ids::{AccountId, GroupId, OuId, Pair, PermissionSetArn, PersonId, Principal, UserId},
    org::{Account, OrganizationalUnit, SpecialAccounts},
    permission_set::PermissionSet,
    shared_map::SharedMap,
    snapshot::{PairRead, Parts, Provisioned, Shared, Unread},
    time::Timestamp,
};

/// Accounts and organizational units, completely read.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    pub accounts: Vec<Account>,
    pub units: Vec<OrganizationalUnit>,
}

/// The members of one group, completely read.
#[derive(Debug, Clone)]
pub struct Members {
    pub group: GroupId,
    /// When the first page was requested.
    pub as_of: Timestamp,
    pub users: BTreeSet<UserId>,
}

/// The assignments of one pair, completely read.
#[derive(Debug, Clone)]
pub struct PairListing {
    pub pair: Pair,
    /// When the first page was requested: a list proves nothing about later changes.
    pub as_of: Timestamp,
    pub principals: BTreeSet<Principal>,
    /// Whether the account holds the latest content.
    pub provisioned: Provisioned,
}

/// The result of one crawl. `None` means *not completely read*.
#[derive(Debug, Clone, Default)]
pub struct Crawl {
    /// When the crawl began. Missing items are evaluated as of this instant.
    pub started: Timestamp,
    pub ended: Timestamp,
    pub organization: Option<Organization>,
    pub users: Option<Vec<User>>,
    pub groups: Option<Vec<Group>>,
    pub members: Vec<Members>,
    /// The ARNs of all permission sets, which determine the ones that are gone.
    pub set_names: Option<BTreeSet<PermissionSetArn>>,
    /// Permission sets whose content was completely read.
    pub sets: Vec<PermissionSet>,
    /// When the content of each of them was requested.
    pub sets_as_of: BTreeMap<PermissionSetArn, Timestamp>,
    /// The accounts in which each permission set is provisioned, for sets whose list of accounts was completely read.
    pub index: BTreeMap<PermissionSetArn, BTreeSet<AccountId>>,
    pub pairs: Vec<PairListing>,
    /// The pairs that AWS lists but does not find. That an account is closed or left the organization explains it;
    /// otherwise their assignments are unread.
    pub not_found: Vec<Pair>,
    pub unread: Vec<Unread>,
}

impl Crawl {
    /// Whether AWS answered with none of the lists that a crawl begins with.
    pub fn read_nothing(&self) -> bool {
        self.organization.is_none()
            && self.users.is_none()
            && self.groups.is_none()
            && self.set_names.is_none()
    }
}

/// The inputs of a merge besides the crawl.
pub struct MergeContext<'a> {
    /// Accounts with a special role, from the configuration and the organization.
    pub special: &'a SpecialAccounts,
    /// How the organization names environments and PCI scope.
    pub mapping: &'a Mapping,
    /// The strictest classification on record of each account.
    pub recorded: &'a BTreeMap<AccountId, (Environment, Pci)>,
    /// The declaration in force of each account that has one.
    pub declared: &'a BTreeMap<AccountId, Declared>,
    /// The person of each user; the caller creates their ids.
    pub persons: BTreeMap<UserId, PersonId>,
    /// The person of each other user that a person ever was.
    pub other_users: BTreeMap<UserId, PersonId>,
    /// Single reads since the crawl began, in the order of their requests.
    pub reads: &'a [(SingleRead, Timestamp)],
}

/// Merges a crawl into what was known, then applies the single reads that were requested after the crawl had requested
/// the same: a list that is an hour old must not undo what was observed in the meantime.
pub fn merge(before: &Parts, crawl: Crawl, known: MergeContext<'_>) -> Parts {
    if known.reads.is_empty() {
        return listed(before, crawl, known);
    }
    let (by_crawl, started, reads) = (
        single_read::ListingTimes::by(&crawl),
        crawl.started,
        known.reads,
    );
    let mut parts = listed(before, crawl, known);
    for (read, as_of) in reads {
        if by_crawl.before(read, *as_of, started)
            && let Some(newer) = take(&parts, read, *as_of)
        {
            parts = newer;
        }
    }
    parts
}

/// Merges the lists of a crawl into what was known. Replaced parts are not copied first: a large organization would
/// otherwise be in memory one more time.
fn listed(before: &Parts, mut crawl: Crawl, known: MergeContext<'_>) -> Parts {
    let not_found = explained(&mut crawl);
    let complete = crawl.unread.is_empty();
    let never_read = never_read(before, &crawl);
    let (units, accounts) = match crawl.organization {
        Some(organization) => {
            let (units, accounts) = organized(organization, &known, crawl.ended);
            let accounts = before.accounts.replaced_by(accounts.into_iter());
            (Shared::from(units), accounts)
        }
        None => (before.units.clone(), before.accounts.clone()),
    };
    let users = match crawl.users {
        Some(users) => {
            let users: BTreeMap<_, _> =
                users.into_iter().map(|one| (one.id.clone(), one)).collect();
            before.users.replaced_by(users.into_iter())
        }
        None => before.users.clone(),
    };
    let groups = match crawl.groups {
        Some(groups) => {
            let groups: BTreeMap<_, _> = groups
                .into_iter()
                .map(|one| (one.id.clone(), one))
                .collect();
            before.groups.replaced_by(groups.into_iter())
        }
        None => before.groups.clone(),
    };
    let (members, members_as_of) = joined(before, &groups, crawl.members);
    let mut sets: BTreeMap<_, _> = crawl
        .sets
        .into_iter()
        .map(|set| (set.arn.clone(), set))
        .collect();
    let named =
        |arn: &PermissionSetArn| crawl.set_names.as_ref().is_none_or(|all| all.contains(arn));
    for (arn, set) in &before.sets {
        if named(arn) && !sets.contains_key(arn) {
            sets.insert(arn.clone(), set.clone());
        }
    }
    let pairs = assigned(before, crawl.pairs, |pair, read| {
        // A pair that is missing from a complete list of accounts has no assignments left, and a permission set that no
        // longer exists cannot be assigned.
        let accounts = crawl.index.get(&pair.set);
        let listed = accounts.is_none_or(|accounts| accounts.contains(&pair.account));
        named(&pair.set) && (listed || read.as_of >= crawl.started)
    });
    let mut coverage = (*before.coverage).clone();
    coverage.began = Some(crawl.started);
    coverage.newest = Some(crawl.ended);
    let oldest = pairs.values().map(|read| read.as_of).min();
    coverage.oldest = oldest.or(Some(crawl.ended));
    if complete {
        coverage.complete_at = Some(crawl.ended);
    }
    coverage.unread = crawl.unread;
    coverage.unread.sort();
    coverage.never_read = never_read;
    coverage.not_found = not_found;
    Parts {
        accounts,
        units,
        users,
        groups,
        members,
        members_as_of,
        sets: before.sets.replaced_by(sets.into_iter()),
        pairs,
        persons: before.persons.replaced_by(known.persons.into_iter()),
        other_users: known.other_users.into(),
        coverage: coverage.into(),
    }
}

type Units = BTreeMap<OuId, OrganizationalUnit>;
type Accounts = BTreeMap<AccountId, (Account, Classification)>;

fn organized(
    organization: Organization,
    known: &MergeContext<'_>,
    now: Timestamp,
) -> (Units, Accounts) {
    let units: Units = organization
        .units
        .into_iter()
        .map(|unit| (unit.id.clone(), unit))
        .collect();
    let context = ClassificationContext {
        special: known.special,
        mapping: known.mapping,
    };
    let accounts = organization.accounts.into_iter();
    let accounts = accounts.map(|account| {
        let recorded = known.recorded.get(&account.id).copied();
        let class = classify(&account, &units, context, recorded);
        let class = class.under(known.declared.get(&account.id).copied(), now);
        (account.id.clone(), (account, class))
    });
    let accounts = accounts.collect();
    (units, accounts)
}

type MergedMembers = (
    SharedMap<GroupId, Shared<BTreeSet<UserId>>>,
    SharedMap<GroupId, Timestamp>,
);

/// Merges memberships: those just read, and the known ones of groups that exist.
fn joined(before: &Parts, groups: &SharedMap<GroupId, Group>, read: Vec<Members>) -> MergedMembers {
    let exists = |group: &GroupId| groups.contains_key(group);
    let known = before.members.iter().filter(|(group, _)| exists(group));
    let mut members: BTreeMap<GroupId, Shared<BTreeSet<UserId>>> = known
        .map(|(group, users)| (group.clone(), users.clone()))
        .collect();
    let known = before
        .members_as_of
        .iter()
        .filter(|(group, _)| exists(group));
    let mut members_as_of: BTreeMap<GroupId, Timestamp> =
        known.map(|(group, at)| (group.clone(), *at)).collect();
    for read in read {
        let known = members_as_of.get(&read.group);
        if known.is_none_or(|known| *known <= read.as_of) {
            members_as_of.insert(read.group.clone(), read.as_of);
            let same = members
                .get(&read.group)
                .filter(|known| ***known == read.users);
            if same.is_none() {
                members.insert(read.group, read.users.into());
            }
        }
    }
    (
        before.members.replaced_by(members.into_iter()),
        before.members_as_of.replaced_by(members_as_of.into_iter()),
    )
}

/// Merges pairs: those listed, and the known ones that were not listed, if they are `kept`.
fn assigned(
    before: &Parts,
    listings: Vec<PairListing>,
    kept: impl Fn(&Pair, &PairRead) -> bool,
) -> SharedMap<Pair, PairRead> {
    let mut pairs = before.pairs.clone();
    for (pair, read) in &before.pairs {
        if !kept(pair, read) {
            pairs.remove(pair);
        }
    }
    for listing in listings {
        merge_pair(&mut pairs, listing);
    }
    pairs
}

/// Merges the listing of one pair. A listing older than the known one has no effect.
pub fn merge_pair(pairs: &mut SharedMap<Pair, PairRead>, listing: PairListing) {
    let before = pairs.get(&listing.pair);
    if before.is_some_and(|read| read.as_of > listing.as_of) {
        return;
    }
    let same = before.filter(|read| read.principals.keys().eq(&listing.principals));
    let principals = same.map_or_else(
        || {
            let since = |principal: &Principal| before?.principals.get(principal).copied();
            let principals = listing.principals.into_iter().map(|principal| {
                let since = since(&principal).unwrap_or(listing.as_of);
                (principal, since)
            });
            principals.collect()
        },
        |read| read.principals.clone(),
    );
    let read = (!principals.is_empty()).then_some(PairRead {
        as_of: listing.as_of,
        principals,
        provisioned: listing.provisioned,
    });
    pairs.set(&listing.pair, read);
}

#[cfg(test)]
mod tests;
