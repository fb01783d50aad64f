//! Names of the people involved in a change: requester, deciders and possible approvers.
//!
//! A name is looked up for display. Only ids are used for decisions.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    authorize::Role, change::Operation, ids::PersonId, person::without_directory_user,
    snapshot::Snapshot, subject::Part,
};

use crate::{
    service::names,
    store::{
        StoreConnection, StoreError,
        change::ChangeSummary,
        person::{self, KnownBy},
    },
};

/// Names by person. Whom the read model does not link to a user of the directory is looked up once, and together with
/// others if they are known before ([`look_up`](Self::look_up)).
pub(in crate::service) struct PersonNames<'a> {
    snapshot: &'a Snapshot,
    looked_up: BTreeMap<PersonId, KnownBy>,
}

impl<'a> PersonNames<'a> {
    pub(in crate::service) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            looked_up: BTreeMap::new(),
        }
    }

    /// Looks up these people, if there are any that were not looked up before, in one statement.
    async fn look_up(
        &mut self,
        conn: &mut StoreConnection,
        people: impl IntoIterator<Item = &PersonId>,
    ) -> Result<(), StoreError> {
        let people = people.into_iter();
        let fresh = people.filter(|person| !self.looked_up.contains_key(*person));
        let fresh: BTreeSet<PersonId> = fresh.cloned().collect();
        let mut known = person::known_by(conn, &fresh).await?;
        for person in fresh {
            let known = known.remove(&person).unwrap_or_default();
            self.looked_up.insert(person, known);
        }
        Ok(())
    }

    /// Looks up everybody whom the rows of a list name.
    pub(super) async fn look_up_all(
        &mut self,
        conn: &mut StoreConnection,
        changes: &[ChangeSummary<'_>],
    ) -> Result<(), StoreError> {
        let items = changes.iter().filter_map(ChangeSummary::first).flatten();
        let mut people: BTreeSet<PersonId> = named_by(items);
        let requesters = changes.iter().map(ChangeSummary::requester);
        people.extend(requesters.filter(|person| !self.is_listed(person)).cloned());
        self.look_up(conn, &people).await
    }

    /// Whether the directory names a person.
    fn is_listed(&self, person: &PersonId) -> bool {
        names::person_name(self.snapshot, person).is_some()
    }

    /// Returns a person's name in the directory, or else the marked username of their last sign-in. The name that a
    /// sign-in states is not used, because its owner may write it.
    pub(super) async fn name(
        &mut self,
        conn: &mut StoreConnection,
        person: &PersonId,
    ) -> Result<String, StoreError> {
        if let Some(name) = names::person_name(self.snapshot, person) {
            return Ok(name);
        }
        self.look_up(conn, [person]).await?;
        let Some(known) = self
            .looked_up
            .get(person)
            .and_then(|known| known.last.as_ref())
        else {
            return Ok("unknown person".into());
        };
        // The person may have been linked after the last crawl.
        let user = known
            .user
            .as_ref()
            .and_then(|user| self.snapshot.user(user));
        Ok(user.map_or_else(
            || without_directory_user(&known.username),
            |user| user.display_name.clone(),
        ))
    }

    /// Returns an identity by the username of its sign-in, with the name of the user to whom it is linked.
    pub(super) async fn identity(
        &mut self,
        conn: &mut StoreConnection,
        person: &PersonId,
    ) -> Result<String, StoreError> {
        self.look_up(conn, [person]).await?;
        let name = self.name(conn, person).await?;
        Ok(match self.username(person) {
            Some(username) if self.is_listed(person) => format!("{username} ({name})"),
            Some(_) => name,
            None => format!("{name} (without a sign-in)"),
        })
    }

    fn username(&self, person: &PersonId) -> Option<&String> {
        self.looked_up.get(person)?.username.as_ref()
    }

    /// Returns what every identity that items are about is known by: the username of its sign-in, which a link does not
    /// change. The name of a person without a sign-in.
    pub(in crate::service) async fn of_items(
        &mut self,
        conn: &mut StoreConnection,
        operations: &[Operation],
    ) -> Result<BTreeMap<PersonId, String>, StoreError> {
        let people = named_by(operations);
        self.look_up(conn, &people).await?;
        let mut found = BTreeMap::new();
        for person in people {
            let name = match self.username(&person) {
                Some(username) => username.clone(),
                None => self.name(conn, &person).await?,
            };
            found.insert(person, name);
        }
        Ok(found)
    }

    /// Returns the names of all approvers according to the ledger, except these people.
    pub(super) async fn approvers_but(
        &mut self,
        conn: &mut StoreConnection,
        barred: &BTreeSet<PersonId>,
    ) -> Result<Vec<String>, StoreError> {
        self.with_role(conn, Role::Approver, barred).await
    }

    /// Returns the names of everybody who has a role according to the ledger, except these people.
    pub(in crate::service) async fn with_role(
        &mut self,
        conn: &mut StoreConnection,
        role: Role,
        but: &BTreeSet<PersonId>,
    ) -> Result<Vec<String>, StoreError> {
        let held = person::everyone_with_a_role(conn).await?.into_iter();
        let having = held.filter(|(_, grant)| grant.role == role);
        let having = having.map(|(person, _)| person);
        let having: Vec<PersonId> = having.filter(|one| !but.contains(one)).collect();
        let unlisted: Vec<&PersonId> = having.iter().filter(|one| !self.is_listed(one)).collect();
        self.look_up(conn, unlisted).await?;
        let mut names = Vec::new();
        for person in &having {
            names.push(self.name(conn, person).await?);
        }
        names.sort();
        Ok(names)
    }
}

/// Returns the identities that items are about.
fn named_by<'i>(operations: impl IntoIterator<Item = &'i Operation>) -> BTreeSet<PersonId> {
    let items = operations.into_iter();
    let parts = items.flat_map(|item| item.subject().order());
    let people = parts.filter_map(|part| match part {
        Part::Person(person) => Some(person),
        _ => None,
    });
    people.collect()
}
