//! The state of Identity Center: permission sets, the IAM roles provisioned from them, and the assigned principals.
//!
//! The provisioned indexes change only together with the roles.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::org::{Assignment, PermissionSet, PrincipalType, ProvisionedRole};

/// The principal of an assignment.
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

/// The IAM role provisioned for a pair.
#[derive(Debug, Default)]
pub(crate) struct Role {
    /// The revision of the permission set that the role was provisioned from.
    pub revision: u32,
    /// Sorted. A vector because there are many roles and most have few principals.
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

    /// Returns a pair that shares the strings already held.
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

    /// Returns whether the role exists and has the current revision of its permission set.
    pub fn is_current(&self, pair: &Pair) -> bool {
        self.role(pair)
            .is_some_and(|role| role.revision == self.latest_revision(&pair.set))
    }

    pub fn latest_revision(&self, set: &str) -> u32 {
        self.sets.get(set).map_or(0, |set| set.revision)
    }

    /// Creates the role, or updates it to `revision`.
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

    /// Adds an assignment and provisions the role from `revision`. Idempotent.
    pub fn assign(&mut self, pair: &Pair, revision: u32, principal: Principal) {
        self.provision(pair, revision);
        if let Some(role) = self.roles.get_mut(pair)
            && let Err(place) = role.principals.binary_search(&principal)
        {
            role.principals.insert(place, principal);
        }
    }

    /// Removes an assignment. The role remains until [`Access::remove_role`].
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

    /// Returns the accounts in which the permission set is provisioned.
    pub fn accounts_of(&self, set: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.accounts_of.get(set)
    }

    /// Returns the permission sets provisioned in the account.
    pub fn sets_of(&self, account: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.sets_of.get(account)
    }

    /// Returns the pairs that a principal is directly assigned to, in no particular order. Scans all roles: calls are
    /// too rare to justify the memory of an index.
    pub fn pairs_of(&self, principal: &Principal) -> impl Iterator<Item = &Pair> {
        self.roles
            .iter()
            .filter(move |(_, role)| role.principals.binary_search(principal).is_ok())
            .map(|(pair, _)| pair)
    }

    /// Returns all assignments, sorted.
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

    /// Returns the roles without assignments or with an outdated revision, sorted.
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
