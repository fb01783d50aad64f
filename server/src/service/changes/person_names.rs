//! Names of the people involved in a change: requester, deciders and possible approvers.
//!
//! A name is looked up for display. Only ids are used for decisions.

use std::collections::{BTreeMap, BTreeSet};

use domain::{authorize::Role, ids::PersonId, snapshot::Snapshot};

use crate::store::{Store, StoreError, person};

/// Names by person, looked up once each.
pub(super) struct PersonNames<'a> {
    store: &'a Store,
    snapshot: &'a Snapshot,
    known: BTreeMap<PersonId, String>,
}

impl<'a> PersonNames<'a> {
    pub(super) fn new(store: &'a Store, snapshot: &'a Snapshot) -> Self {
        Self {
            store,
            snapshot,
            known: BTreeMap::new(),
        }
    }

    /// Returns a person's name in the directory, or else the name of their last sign-in.
    pub(super) async fn name(&mut self, person: &PersonId) -> Result<String, StoreError> {
        if let Some(name) = self.known.get(person) {
            return Ok(name.clone());
        }
        let user = self
            .snapshot
            .user_of(person)
            .and_then(|user| self.snapshot.user(user));
        let name = match user {
            Some(user) => user.display_name.clone(),
            None => person::name_of(self.store, person)
                .await?
                .unwrap_or_else(|| "unknown person".into()),
        };
        self.known.insert(person.clone(), name.clone());
        Ok(name)
    }

    /// Returns the names of all approvers according to the ledger, except these people.
    pub(super) async fn approvers_but(
        &mut self,
        barred: &BTreeSet<PersonId>,
    ) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for (person, grant) in person::everyone_with_a_role(self.store).await? {
            if grant.role == Role::Approver && !barred.contains(&person) {
                names.push(self.name(&person).await?);
            }
        }
        names.sort();
        Ok(names)
    }
}
