//! What Identity Center holds: permission sets, the roles made from them, and who may take those.
//!
//! The provisioned indexes are derived from the roles, never kept beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::org::{Assignment, PermissionSet, PrincipalType, ProvisionedRole};

/// Who is assigned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Principal {
    pub kind: PrincipalType,
    pub id: Arc<str>,
}

/// A permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pair {
    pub account: Arc<str>,
    pub set: Arc<str>,
}

/// The IAM role that stands for a pair.
#[derive(Debug, Default)]
pub(crate) struct Role {
    /// Revision of the set it was made from.
    pub revision: u32,
    /// Sorted. A vector, as most roles have few and there are many roles.
    pub principals: Vec<Principal>,
}

/// Permission sets and roles.
#[derive(Default)]
pub(crate) struct Access {
    pub sets: BTreeMap<Arc<str>, PermissionSet>,
    roles: HashMap<Pair, Role>,
    accounts_of: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    sets_of: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Access {
    pub fn new(
        sets: Vec<PermissionSet>,
        assignments: Vec<Assignment>,
        provisioned: Vec<ProvisionedRole>,
    ) -> Self {
        let mut access = Self {
            sets: sets.into_iter().map(|set| (set.arn.clone(), set)).collect(),
            ..Self::default()
        };
        for assignment in assignments {
            let pair = access.pair(&assignment.account, &assignment.permission_set);
            let revision = access.latest_revision(&pair.set);
            access.assign(
                &pair,
                revision,
                Principal {
                    kind: assignment.principal_type,
                    id: assignment.principal_id,
                },
            );
        }
        for role in provisioned {
            let pair = access.pair(&role.account, &role.permission_set);
            access.provision(&pair, role.revision);
        }
        access
    }

    /// A pair that shares the strings already held.
    pub fn pair(&self, account: &str, set: &str) -> Pair {
        Pair {
            account: self
                .sets_of
                .get_key_value(account)
                .map_or_else(|| account.into(), |(id, _)| id.clone()),
            set: self
                .sets
                .get_key_value(set)
                .map_or_else(|| set.into(), |(arn, _)| arn.clone()),
        }
    }

    pub fn role(&self, pair: &Pair) -> Option<&Role> {
        self.roles.get(pair)
    }

    /// Whether the role is there and made from the set as it is now.
    pub fn is_current(&self, pair: &Pair) -> bool {
        self.role(pair)
            .is_some_and(|role| role.revision == self.latest_revision(&pair.set))
    }

    pub fn latest_revision(&self, set: &str) -> u32 {
        self.sets.get(set).map_or(0, |set| set.revision)
    }

    /// Makes the role, or makes it anew from `revision`.
    pub fn provision(&mut self, pair: &Pair, revision: u32) {
        self.roles.entry(pair.clone()).or_default().revision = revision;
        self.accounts_of
            .entry(pair.set.clone())
            .or_default()
            .insert(pair.account.clone());
        self.sets_of
            .entry(pair.account.clone())
            .or_default()
            .insert(pair.set.clone());
    }

    /// Assigns, making the role from `revision`. Twice is once.
    pub fn assign(&mut self, pair: &Pair, revision: u32, principal: Principal) {
        self.provision(pair, revision);
        if let Some(role) = self.roles.get_mut(pair)
            && let Err(place) = role.principals.binary_search(&principal)
        {
            role.principals.insert(place, principal);
        }
    }

    /// Takes an assignment away; the role stays until it is removed.
    pub fn unassign(&mut self, pair: &Pair, principal: &Principal) {
        if let Some(role) = self.roles.get_mut(pair) {
            role.principals.retain(|held| held != principal);
        }
    }

    pub fn remove_role(&mut self, pair: &Pair) {
        self.roles.remove(pair);
        if let Some(accounts) = self.accounts_of.get_mut(&pair.set) {
            accounts.remove(&pair.account);
        }
        if let Some(sets) = self.sets_of.get_mut(&pair.account) {
            sets.remove(&pair.set);
        }
    }

    /// Accounts that hold a role of the set.
    pub fn accounts_of(&self, set: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.accounts_of.get(set)
    }

    /// Sets that have a role in the account.
    pub fn sets_of(&self, account: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.sets_of.get(account)
    }

    /// Pairs that a principal is assigned to directly, in no order. Looks through all roles: an
    /// index would cost more memory than the rare question is worth.
    pub fn pairs_of(&self, principal: &Principal) -> impl Iterator<Item = &Pair> {
        self.roles
            .iter()
            .filter(move |(_, role)| role.principals.binary_search(principal).is_ok())
            .map(|(pair, _)| pair)
    }

    /// All assignments, sorted.
    pub fn assignments(&self) -> Vec<Assignment> {
        let mut pairs: Vec<&Pair> = self.roles.keys().collect();
        pairs.sort();
        pairs
            .into_iter()
            .flat_map(|pair| {
                self.roles[pair]
                    .principals
                    .iter()
                    .map(|principal| Assignment {
                        account: pair.account.clone(),
                        permission_set: pair.set.clone(),
                        principal_type: principal.kind,
                        principal_id: principal.id.clone(),
                    })
            })
            .collect()
    }

    /// The roles that their assignments alone would not explain, sorted.
    pub fn unexplained_roles(&self) -> Vec<ProvisionedRole> {
        let mut pairs: Vec<(&Pair, &Role)> = self
            .roles
            .iter()
            .filter(|(pair, role)| role.principals.is_empty() || !self.is_current(pair))
            .collect();
        pairs.sort_by_key(|(pair, _)| *pair);
        pairs
            .into_iter()
            .map(|(pair, role)| ProvisionedRole {
                account: pair.account.clone(),
                permission_set: pair.set.clone(),
                revision: role.revision,
            })
            .collect()
    }
}
