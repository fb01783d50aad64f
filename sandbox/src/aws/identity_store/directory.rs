//! Users, groups and memberships, indexed by group and by user.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::org::{Group, Membership, User};

/// The identity store.
#[derive(Default)]
pub(crate) struct Directory {
    pub id: Arc<str>,
    pub users: BTreeMap<Arc<str>, User>,
    pub groups: BTreeMap<Arc<str>, Group>,
    memberships: HashMap<Arc<str>, Membership>,
    /// Group ID to user ID to membership ID.
    members: HashMap<Arc<str>, BTreeMap<Arc<str>, Arc<str>>>,
    /// User ID to membership IDs, ordered by group ID. A vector because most users have few groups.
    groups_of: HashMap<Arc<str>, Vec<Arc<str>>>,
}

impl Directory {
    pub fn new(
        id: Arc<str>,
        users: Vec<User>,
        groups: Vec<Group>,
        memberships: Vec<Membership>,
    ) -> Self {
        let mut directory = Self {
            id,
            users: users
                .into_iter()
                .map(|user| (user.id.clone(), user))
                .collect(),
            groups: groups
                .into_iter()
                .map(|group| (group.id.clone(), group))
                .collect(),
            ..Self::default()
        };
        for membership in memberships {
            directory.join(membership);
        }
        directory
    }

    /// Adds a membership. The caller must check that it is new and that its group and user exist.
    pub fn join(&mut self, membership: Membership) {
        let Membership {
            id, group, user, ..
        } = &membership;
        // Share the IDs already held, so that copies parsed from a file are freed.
        let group = shared(&self.groups, group);
        let user = shared(&self.users, user);
        self.members
            .entry(group.clone())
            .or_default()
            .insert(user.clone(), id.clone());
        let known = &self.memberships;
        let mine = self.groups_of.entry(user.clone()).or_default();
        let place =
            mine.partition_point(|other| known.get(other).is_some_and(|other| other.group < group));
        mine.insert(place, id.clone());
        let id = id.clone();
        self.memberships.insert(
            id,
            Membership {
                group,
                user,
                ..membership
            },
        );
    }

    pub fn leave(&mut self, membership: &str) -> Option<Membership> {
        let membership = self.memberships.remove(membership)?;
        if let Some(members) = self.members.get_mut(&membership.group) {
            members.remove(&membership.user);
        }
        if let Some(groups) = self.groups_of.get_mut(&membership.user) {
            groups.retain(|id| *id != membership.id);
        }
        Some(membership)
    }

    pub fn membership(&self, id: &str) -> Option<&Membership> {
        self.memberships.get(id)
    }

    pub fn membership_of(&self, group: &str, user: &str) -> Option<&Membership> {
        let id = self.members.get(group)?.get(user)?;
        self.memberships.get(id)
    }

    /// Returns the users of a group with their membership IDs, ordered by user ID.
    pub fn members(&self, group: &str) -> Option<&BTreeMap<Arc<str>, Arc<str>>> {
        self.members.get(group)
    }

    /// Returns the memberships of a user, ordered by group ID.
    pub fn groups_of(&self, user: &str) -> impl Iterator<Item = &Membership> {
        let ids = self.groups_of.get(user).into_iter().flatten();
        ids.filter_map(|id| self.memberships.get(id))
    }

    pub fn remove_user(&mut self, id: &str) -> Option<User> {
        let user = self.users.remove(id)?;
        for membership in self.groups_of.remove(id).unwrap_or_default() {
            self.leave(&membership);
        }
        Some(user)
    }

    pub fn remove_group(&mut self, id: &str) -> Option<Group> {
        let group = self.groups.remove(id)?;
        for membership in self.members.remove(id).unwrap_or_default().into_values() {
            self.leave(&membership);
        }
        Some(group)
    }

    /// Returns every membership, sorted by ID.
    pub fn memberships(&self) -> Vec<Membership> {
        let mut all: Vec<Membership> = self.memberships.values().cloned().collect();
        all.sort_by(|left, right| left.id.cmp(&right.id));
        all
    }
}

fn shared<T>(known: &BTreeMap<Arc<str>, T>, id: &Arc<str>) -> Arc<str> {
    known
        .get_key_value(id)
        .map_or_else(|| id.clone(), |(id, _)| id.clone())
}
