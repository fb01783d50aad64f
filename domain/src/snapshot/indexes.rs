//! The indexes of a snapshot. Each is the same whether it was built or updated, entry by entry.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{Parts, difference::ChangedItems, external_ids::UsersByExternalId};
use crate::{
    directory::ExternalId,
    ids::{GroupId, Pair, PersonId, Principal, UserId},
    shared_map::SharedMap,
};

/// The indexes. None depends on classifications.
#[derive(Debug, Clone, Default)]
pub(super) struct Indexes {
    /// The groups of each user, sorted.
    groups_of: SharedMap<UserId, Arc<[GroupId]>>,
    /// The pairs of each principal, sorted.
    pairs_of: SharedMap<Principal, Arc<[Pair]>>,
    user_of: Arc<HashMap<PersonId, UserId>>,
    users_by_external_id: Arc<UsersByExternalId>,
}

impl Indexes {
    pub(super) fn of(parts: &Parts) -> Self {
        let mut groups_of: BTreeMap<&UserId, Vec<GroupId>> = BTreeMap::new();
        for (group, members) in &parts.members {
            for user in members {
                groups_of.entry(user).or_default().push(group.clone());
            }
        }
        let mut pairs_of: BTreeMap<&Principal, Vec<Pair>> = BTreeMap::new();
        for (pair, read) in &parts.pairs {
            for principal in read.principals.keys() {
                pairs_of.entry(principal).or_default().push(pair.clone());
            }
        }
        let groups_of = groups_of.into_iter();
        let pairs_of = pairs_of.into_iter();
        let user_of = parts.persons.iter();
        Self {
            users_by_external_id: Arc::new(UsersByExternalId::of(parts.users.values())),
            groups_of: groups_of
                .map(|(user, groups)| (user.clone(), groups.into()))
                .collect(),
            pairs_of: pairs_of
                .map(|(principal, pairs)| (principal.clone(), pairs.into()))
                .collect(),
            user_of: Arc::new(
                user_of
                    .map(|(user, person)| (person.clone(), user.clone()))
                    .collect(),
            ),
        }
    }

    /// Brings the indexes up to date where pairs and memberships differ. Users and persons are the same.
    pub(super) fn update(&mut self, before: &Parts, after: &Parts, items: &ChangedItems) {
        let none = BTreeSet::new();
        for group in &items.groups {
            let of = |parts: &Parts| parts.members.get(group).cloned();
            let (old, new) = (of(before), of(after));
            let (old, new) = (old.as_deref(), new.as_deref());
            let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
            for user in old.symmetric_difference(new) {
                place(&mut self.groups_of, user, group, new.contains(user));
            }
        }
        for pair in &items.pairs {
            let of = |parts: &Parts| parts.pairs.get(pair).map(|read| read.principals.clone());
            let (old, new) = (
                of(before).unwrap_or_default(),
                of(after).unwrap_or_default(),
            );
            for one in new.changes_since(&old) {
                place(&mut self.pairs_of, one.key, pair, one.after.is_some());
            }
        }
    }

    pub(super) fn candidates<'a>(
        &'a self,
        external_id: &ExternalId,
    ) -> impl Iterator<Item = &'a UserId> + use<'a> {
        self.users_by_external_id.candidates(external_id)
    }

    pub(super) fn user_of(&self, person: &PersonId) -> Option<&UserId> {
        self.user_of.get(person)
    }

    pub(super) fn groups_of(&self, user: &UserId) -> &[GroupId] {
        self.groups_of.get(user).map_or(&[], |groups| groups)
    }

    pub(super) fn pairs_of(&self, principal: &Principal) -> &[Pair] {
        self.pairs_of.get(principal).map_or(&[], |pairs| pairs)
    }
}

/// Puts an item into the sorted list of a key or takes it out. A key without items has no list.
fn place<K: Ord + Clone, T: Ord + Clone>(
    lists: &mut SharedMap<K, Arc<[T]>>,
    key: &K,
    item: &T,
    is_in: bool,
) {
    let known = lists.get(key).map_or(&[][..], |known| known);
    let list: Vec<T> = match (known.binary_search(item), is_in) {
        (Ok(_), true) | (Err(_), false) => return,
        (Ok(at), false) => [&known[..at], &known[at + 1..]].concat(),
        (Err(at), true) => [&known[..at], std::slice::from_ref(item), &known[at..]].concat(),
    };
    lists.set(key, (!list.is_empty()).then(|| list.into()));
}
