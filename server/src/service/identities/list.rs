//! The list of identities: everybody who has signed in, which user each of them is, and what is open about it.
//!
//! What people agreed to, and suspensions, come from the ledger. Nothing is decided by this list.

use std::collections::BTreeMap;

use app::backend::{
    IdentitiesPort, IdentityRow, IdentityStatus, ListQuery, NoUserFound, Page, PortResult,
    identity_filter,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    identity::{IdentityRecord, Suspension},
    ids::PersonId,
    person::{
        link::{IdentityLink, link_identity},
        without_directory_user,
    },
    snapshot::Snapshot,
};

use crate::{
    service::{Service, broken, index::SearchTerms, names, page_of},
    store::{
        StoreError,
        agreed_link::{self, ListedIdentity},
        identity,
    },
};

#[async_trait]
impl IdentitiesPort for Service {
    async fn identities(&self, query: &ListQuery) -> PortResult<Page<IdentityRow>> {
        self.allowed(Action::SeeDirectory)?;
        let known = self.known_identities().await.map_err(broken)?;
        let (words, only) = (
            SearchTerms::of(&query.words),
            query.only.as_deref().unwrap_or_default(),
        );
        let snapshot = &self.read_model.snapshot;
        let mut rows: Vec<IdentityRow> = known
            .listed
            .iter()
            .map(|listed| known.row(listed, snapshot))
            .filter(|row| is_kept(row, only) && words.occur_in(&searched(row)))
            .collect();
        rows.sort_by_cached_key(|row| (urgency(&row.status), row.name.to_lowercase()));
        Ok(page_of(rows, query.page, |row| row))
    }
}

/// Everything that the list is made of.
struct KnownIdentities {
    listed: Vec<ListedIdentity>,
    agreed: BTreeMap<PersonId, IdentityRecord>,
    suspended: BTreeMap<PersonId, Suspension>,
}

impl Service {
    async fn known_identities(&self) -> Result<KnownIdentities, StoreError> {
        let mut conn = self.app_state.store.read().acquire().await?;
        Ok(KnownIdentities {
            listed: agreed_link::listed(&mut conn).await?,
            agreed: agreed_link::agreed(&mut conn).await?,
            suspended: identity::suspended(&mut conn).await?,
        })
    }
}

impl KnownIdentities {
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
                IdentityStatus::Unlinked(why_unlinked(listed, snapshot)),
                None,
            )
        } else if let Some(agreed) = agreed {
            (IdentityStatus::LinkedByHand, Some(agreed.at))
        } else {
            (IdentityStatus::Linked, None)
        };
        let unlisted = || {
            let name = last.map(|sign_in| {
                let sub = || sign_in.keys.subject.sub.clone();
                sign_in.username.clone().unwrap_or_else(sub)
            });
            without_directory_user(&name.unwrap_or_default())
        };
        let known = user
            .as_ref()
            .filter(|user| snapshot.user(&user.id).is_some());
        IdentityRow {
            person: listed.person.clone(),
            name: known.map_or_else(unlisted, |user| user.name.clone()),
            user,
            status,
            since,
            first_sign_in: sign_ins.iter().map(|sign_in| sign_in.first_seen).min(),
            last_sign_in: last.and_then(|sign_in| sign_in.last_sign_in),
        }
    }
}

/// Returns why the keys of an identity link it to no user.
fn why_unlinked(listed: &ListedIdentity, snapshot: &Snapshot) -> NoUserFound {
    let mut obstacles = listed.sign_ins.iter().filter_map(|sign_in| {
        let link = link_identity(&sign_in.keys, snapshot.found_by(&sign_in.keys));
        match &link {
            IdentityLink::Linked(..) => Some(NoUserFound::LinkedSoon),
            _ => link.obstacle().map(NoUserFound::Unclear),
        }
    });
    obstacles.next().unwrap_or(NoUserFound::NotInDirectory)
}

fn is_kept(row: &IdentityRow, only: &str) -> bool {
    let status = &row.status;
    match only {
        identity_filter::UNLINKED => {
            matches!(status, IdentityStatus::Unlinked(_) | IdentityStatus::Ended)
        }
        identity_filter::CLAIMS => matches!(status, IdentityStatus::Claims(_)),
        identity_filter::SUSPENDED => matches!(status, IdentityStatus::Suspended { .. }),
        identity_filter::BY_HAND => *status == IdentityStatus::LinkedByHand,
        _ => true,
    }
}

fn searched(row: &IdentityRow) -> String {
    let user = row.user.as_ref().map(|user| user.name.as_str());
    format!("{} {}", row.name, user.unwrap_or_default()).to_lowercase()
}

/// Returns the position of a status in the list.
fn urgency(status: &IdentityStatus) -> u8 {
    match status {
        IdentityStatus::Suspended { .. } => 0,
        IdentityStatus::Claims(_) => 1,
        IdentityStatus::Unlinked(_) => 2,
        IdentityStatus::Ended => 3,
        IdentityStatus::LinkedByHand => 4,
        IdentityStatus::Linked => 5,
    }
}
