//! Names of the people involved in a change: requester, deciders and possible approvers.
//!
//! A name is looked up for display. Only ids are used for decisions.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use domain::{
    authorize::Role, change::Operation, ids::PersonId, person::without_directory_user,
    snapshot::Snapshot, subject::Part,
};

use crate::{
    service::names,
    store::{Store, StoreError, person},
};

/// Names by person, looked up once each.
pub(in crate::service) struct PersonNames<'a> {
    store: &'a Store,
    snapshot: &'a Snapshot,
    known: BTreeMap<PersonId, String>,
}

impl<'a> PersonNames<'a> {
    pub(in crate::service) fn new(store: &'a Store, snapshot: &'a Snapshot) -> Self {
        Self {
            store,
            snapshot,
            known: BTreeMap::new(),
        }
    }

    /// Returns a person's name in the directory, or else the marked username of their last sign-in. The name that a
    /// sign-in states is not used, because its owner may write it.
    pub(super) async fn name(&mut self, person: &PersonId) -> Result<String, StoreError> {
        if let Some(name) = self.known.get(person) {
            return Ok(name.clone());
        }
        let name = match names::person_name(self.snapshot, person) {
            Some(name) => name,
            None => self.unlisted(person).await?,
        };
        self.known.insert(person.clone(), name.clone());
        Ok(name)
    }

    /// Returns the name of a person whom the read model does not link to a user of the directory.
    async fn unlisted(&self, person: &PersonId) -> Result<String, StoreError> {
        let Some(known) = person::sign_in_of(self.store, person).await? else {
            return Ok("unknown person".into());
        };
        // The person may have been linked after the last crawl.
        let user = known.user.and_then(|user| self.snapshot.user(&user));
        Ok(user.map_or_else(
            || without_directory_user(&known.username),
            |user| user.display_name.clone(),
        ))
    }

    /// Returns an identity by the username of its sign-in, with the name of the user to whom it is linked.
    pub(super) async fn identity(&mut self, person: &PersonId) -> Result<String, StoreError> {
        let name = self.name(person).await?;
        let usernames = person::usernames(self.store, &[person.clone()].into()).await?;
        Ok(match usernames.get(person) {
            Some(username) if names::person_name(self.snapshot, person).is_some() => {
                format!("{username} ({name})")
            }
            Some(_) => name,
            None => format!("{name} (without a sign-in)"),
        })
    }

    /// Returns what every identity that items are about is known by: the username of its sign-in, which a link does not
    /// change. The name of a person without a sign-in.
    pub(in crate::service) async fn of_items(
        &mut self,
        operations: &[Operation],
    ) -> Result<BTreeMap<PersonId, String>, StoreError> {
        let parts = operations.iter().flat_map(|item| item.subject().order());
        let people: BTreeSet<PersonId> = parts
            .filter_map(|part| match part {
                Part::Person(person) => Some(person),
                _ => None,
            })
            .collect();
        let mut found = person::usernames(self.store, &people).await?;
        for person in people {
            if let Entry::Vacant(unnamed) = found.entry(person) {
                let name = self.name(unnamed.key()).await?;
                unnamed.insert(name);
            }
        }
        Ok(found)
    }

    /// Returns the names of all approvers according to the ledger, except these people.
    pub(super) async fn approvers_but(
        &mut self,
        barred: &BTreeSet<PersonId>,
    ) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for (person, grant) in
            person::everyone_with_a_role(&mut self.store.connection().await?).await?
        {
            if grant.role == Role::Approver && !barred.contains(&person) {
                names.push(self.name(&person).await?);
            }
        }
        names.sort();
        Ok(names)
    }
}
