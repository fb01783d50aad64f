//! The list of identities: everybody who has signed in, which user each of them is, and what is open about it.
//!
//! What people agreed to, and suspensions, come from the ledger. Nothing is decided by this list.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{
        IdentitiesPort, IdentityHolder, IdentityRow, IdentityStatus, ListPage, NoUserFound,
        PortResult, UserRef,
    },
    lists::{
        ListChoice,
        identities::{IDENTITIES, IdentityFacts, IdentityKind},
    },
};
use async_trait::async_trait;
use domain::{
    authorize::{Action, Role},
    identity::{IdentityRecord, Suspension},
    ids::{PersonId, UserId},
    person::{
        link::{IdentityLink, link_identity},
        without_directory_user,
    },
    snapshot::Snapshot,
};

use crate::{
    service::{PAGE, Service, broken, caller::Caller, names},
    store::{
        StoreConnection, StoreError,
        agreed_link::{self, IdentitySketch, ListedIdentity},
        identity, person,
    },
};

#[async_trait]
impl IdentitiesPort for Service {
    async fn identities(&self, choice: &ListChoice) -> PortResult<ListPage<IdentityRow>> {
        self.allowed(Action::SeeDirectory)?;
        let found = async {
            let mut conn = self.connection().await?;
            let known = KnownIdentities::load(&mut conn, &self.caller).await?;
            let listings = known.listings(&mut conn, &self.read_model.snapshot).await?;
            let page = IDENTITIES.page(listings.into_iter(), choice, PAGE);
            let rows = known
                .rows(&mut conn, &self.read_model.snapshot, page.facts)
                .await?;
            Ok::<_, StoreError>(ListPage {
                rows,
                number: page.number,
                total: page.total,
                known: page.known,
                size: PAGE,
                counts: page.counts,
                offered: Vec::new(),
                sequence: None,
            })
        };
        found.await.map_err(broken)
    }
}

impl Service {
    /// Returns the rows of all identities that are chosen.
    pub(in crate::service) async fn all_identities(
        &self,
        choice: &ListChoice,
    ) -> Result<Vec<IdentityRow>, StoreError> {
        let mut conn = self.connection().await?;
        let snapshot = &self.read_model.snapshot;
        let known = KnownIdentities::load(&mut conn, &self.caller).await?;
        let listings = known.listings(&mut conn, snapshot).await?;
        let chosen = IDENTITIES.all(listings.into_iter(), choice);
        known.rows(&mut conn, snapshot, chosen).await
    }
}

/// What the ledger says of identities.
struct KnownIdentities<'a> {
    caller: &'a Caller,
    agreed: BTreeMap<PersonId, IdentityRecord>,
    suspended: BTreeMap<PersonId, Suspension>,
    roles: BTreeMap<PersonId, Vec<Role>>,
}

impl<'a> KnownIdentities<'a> {
    async fn load(conn: &mut StoreConnection, caller: &'a Caller) -> Result<Self, StoreError> {
        let mut roles: BTreeMap<PersonId, Vec<Role>> = BTreeMap::new();
        for (person, grant) in person::everyone_with_a_role(conn).await? {
            roles.entry(person).or_default().push(grant.role);
        }
        Ok(Self {
            caller,
            roles,
            agreed: agreed_link::agreed(conn).await?,
            suspended: identity::suspended(conn).await?,
        })
    }

    /// Returns what the list is sorted and filtered by: what is open first, then by name. Loads the sign-ins of the
    /// identities about which something is open; the other ones are linked to a user of the directory.
    async fn listings(
        &self,
        conn: &mut StoreConnection,
        snapshot: &Snapshot,
    ) -> Result<Vec<IdentityFacts>, StoreError> {
        let (plain, open): (Vec<_>, Vec<_>) = agreed_link::sketches(conn)
            .await?
            .into_iter()
            .partition(|sketch| self.is_plain(sketch, snapshot));
        let open: Vec<PersonId> = open.into_iter().map(|sketch| sketch.person).collect();
        let open = agreed_link::listed(conn, &open).await?;
        let open = open.iter().map(|listed| self.row(listed, snapshot));
        let open = open.map(|row| IdentityFacts {
            text: searched(&row).into(),
            kind: IdentityKind::of(&row.status),
            known_since: row.known_since,
            last_sign_in: row.last_sign_in,
            person: row.person,
        });
        let plain = plain.into_iter().filter_map(|sketch| {
            let user = snapshot.user(sketch.user.as_ref()?)?;
            Some(IdentityFacts {
                person: sketch.person,
                text: lines([
                    Some(user.display_name.as_str()),
                    sketch.username.as_deref(),
                    None,
                ])
                .into(),
                kind: IdentityKind::Linked,
                known_since: Some(sketch.first_seen),
                last_sign_in: sketch.last_sign_in,
            })
        });
        let mut found: Vec<IdentityFacts> = open.chain(plain).collect();
        found.sort_by(|one, other| {
            let place = |one: &IdentityFacts| (one.kind, Arc::clone(&one.text), one.person.clone());
            place(one).cmp(&place(other))
        });
        Ok(found)
    }

    /// Returns the rows of identities, in the same order.
    async fn rows(
        &self,
        conn: &mut StoreConnection,
        snapshot: &Snapshot,
        chosen: Vec<IdentityFacts>,
    ) -> Result<Vec<IdentityRow>, StoreError> {
        let people: Vec<PersonId> = chosen.into_iter().map(|one| one.person).collect();
        let listed = agreed_link::listed(conn, &people).await?;
        let rows = listed
            .iter()
            .map(|listed| (&listed.person, self.row(listed, snapshot)));
        let mut rows: BTreeMap<&PersonId, IdentityRow> = rows.collect();
        Ok(people
            .iter()
            .filter_map(|person| rows.remove(person))
            .collect())
    }

    /// Whether keys of the directory link an identity to a user of it, and nothing is open about it.
    fn is_plain(&self, sketch: &IdentitySketch, snapshot: &Snapshot) -> bool {
        let user = sketch.user.as_ref();
        user.is_some_and(|user| snapshot.user(user).is_some())
            && !sketch.claims
            && !self.suspended.contains_key(&sketch.person)
            && !self.agreed.contains_key(&sketch.person)
    }
}

impl KnownIdentities<'_> {
    /// Returns whether a change about an identity concerns the caller, so that it would be refused to them.
    fn holder(&self, person: &PersonId, user: Option<&UserRef>) -> IdentityHolder {
        let is_user = user.is_some_and(|user| self.caller.user() == Some(&user.id));
        if self.caller.is(person) || is_user {
            IdentityHolder::Viewer
        } else {
            IdentityHolder::SomebodyElse
        }
    }

    fn row(&self, listed: &ListedIdentity, snapshot: &Snapshot) -> IdentityRow {
        let record = self.agreed.get(&listed.person);
        let user = listed.user.as_ref().map(|user| names::user(snapshot, user));
        let sign_ins = &listed.sign_ins;
        let last = sign_ins.iter().max_by_key(|sign_in| sign_in.last_sign_in);
        let claim = sign_ins.iter().find(|sign_in| sign_in.claims.is_some());
        let ended = record.and_then(|record| record.ended.as_ref());
        let agreed = record.and_then(|record| record.agreed.as_ref());
        let (status, since) = if let Some(suspension) = self.suspended.get(&listed.person) {
            let status = IdentityStatus::Suspended {
                difference: suspension.difference.kind(),
                other: suspension
                    .difference
                    .other()
                    .map(|user| names::user(snapshot, user)),
            };
            (status, Some(suspension.at))
        } else if let Some((sign_in, claimed)) =
            claim.and_then(|sign_in| Some((sign_in, sign_in.claims.as_ref()?)))
        {
            let status = IdentityStatus::Claims(names::user(snapshot, claimed));
            (status, sign_in.claimed_at)
        } else if let Some(ended) = ended {
            (IdentityStatus::Ended, Some(ended.at))
        } else if user.is_none() {
            (
                IdentityStatus::Unlinked(why_unlinked(listed, record, snapshot)),
                None,
            )
        } else if let Some(agreed) = agreed {
            (IdentityStatus::LinkedByHand, Some(agreed.at))
        } else {
            (IdentityStatus::Linked, None)
        };
        let username = last.map(|sign_in| {
            let sub = || sign_in.keys.subject.sub.clone();
            sign_in.username.clone().unwrap_or_else(sub)
        });
        let known = user
            .as_ref()
            .filter(|user| snapshot.user(&user.id).is_some());
        let name = match known {
            Some(user) => user.name.clone(),
            None => without_directory_user(username.as_deref().unwrap_or_default()),
        };
        IdentityRow {
            holder: self.holder(&listed.person, user.as_ref()),
            person: listed.person.clone(),
            name,
            username,
            user,
            roles: self.roles.get(&listed.person).cloned().unwrap_or_default(),
            status,
            refused: record
                .map(|record| record.refused.len())
                .unwrap_or_default(),
            since,
            known_since: sign_ins.iter().map(|sign_in| sign_in.first_seen).min(),
            last_sign_in: last.and_then(|sign_in| sign_in.last_sign_in),
        }
    }
}

/// Returns why the keys of an identity link it to no user.
fn why_unlinked(
    listed: &ListedIdentity,
    record: Option<&IdentityRecord>,
    snapshot: &Snapshot,
) -> NoUserFound {
    let is_refused = |user: &UserId| record.is_some_and(|record| record.refused.contains(user));
    let mut obstacles = listed.sign_ins.iter().filter_map(|sign_in| {
        let link = link_identity(&sign_in.keys, snapshot.found_by(&sign_in.keys));
        match &link {
            IdentityLink::Linked(user, _) if is_refused(user) => Some(NoUserFound::Refused),
            IdentityLink::Linked(..) => Some(NoUserFound::LinkedSoon),
            _ => link.obstacle().map(NoUserFound::Unclear),
        }
    });
    obstacles.next().unwrap_or(NoUserFound::NotInDirectory)
}

fn searched(row: &IdentityRow) -> String {
    let user = row.user.as_ref().map(|user| user.name.as_str());
    lines([Some(row.name.as_str()), row.username.as_deref(), user])
}

/// Returns the text of an identity: its name, its username and the name of its user, one line each.
fn lines(names: [Option<&str>; 3]) -> String {
    names
        .map(|name| name.unwrap_or_default().replace('\n', " "))
        .join("\n")
        .to_lowercase()
}
