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
    ids::{PersonId, UserId},
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
        agreed_link::{self, IdentitySketch, Listed, ListedIdentity},
        identity,
    },
};

#[async_trait]
impl IdentitiesPort for Service {
    async fn identities(&self, query: &ListQuery) -> PortResult<Page<IdentityRow>> {
        self.allowed(Action::SeeDirectory)?;
        self.listed_identities(query).await.map_err(broken)
    }
}

/// What the ledger says of identities.
struct KnownIdentities {
    agreed: BTreeMap<PersonId, IdentityRecord>,
    suspended: BTreeMap<PersonId, Suspension>,
}

/// A row, or an identity whose row is made only if its page is shown.
enum Listing {
    Row(Box<IdentityRow>),
    Plain(PersonId),
}

impl Service {
    /// Loads the sign-ins of the identities about which something is open, and of those on the page. The other ones are
    /// linked to a user of the directory.
    async fn listed_identities(&self, query: &ListQuery) -> Result<Page<IdentityRow>, StoreError> {
        let mut conn = self.connection().await?;
        let known = KnownIdentities {
            agreed: agreed_link::agreed(&mut conn).await?,
            suspended: identity::suspended(&mut conn).await?,
        };
        let (words, only) = (
            SearchTerms::of(&query.words),
            query.only.as_deref().unwrap_or_default(),
        );
        let snapshot = &self.read_model.snapshot;
        let (plain, open): (Vec<_>, Vec<_>) = agreed_link::sketches(&mut conn, &known.which(only))
            .await?
            .into_iter()
            .partition(|sketch| known.is_plain(sketch, snapshot));
        let open: Vec<PersonId> = open.into_iter().map(|sketch| sketch.person).collect();
        let open = agreed_link::listed(&mut conn, &open).await?;
        let rows = open.iter().map(|listed| known.row(listed, snapshot));
        let mut found: Vec<((u8, String), Listing)> = rows
            .filter(|row| is_kept(row, only) && words.occur_in(&searched(row)))
            .map(|row| (place(&row.status, &row.name), Listing::Row(Box::new(row))))
            .collect();
        if is_unfiltered(only) {
            found.extend(plain.into_iter().filter_map(|sketch| {
                let user = snapshot.user(sketch.user.as_ref()?)?;
                let place = place(&IdentityStatus::Linked, &user.display_name);
                words
                    .occur_in(&place.1)
                    .then_some((place, Listing::Plain(sketch.person)))
            }));
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let page = page_of(found, query.page, |(_, listing)| listing);
        let plain = page.rows.iter().filter_map(|listing| match listing {
            Listing::Plain(person) => Some(person.clone()),
            Listing::Row(_) => None,
        });
        let plain: Vec<PersonId> = plain.collect();
        let plain = agreed_link::listed(&mut conn, &plain).await?;
        let mut plain: BTreeMap<&PersonId, IdentityRow> = plain
            .iter()
            .map(|listed| (&listed.person, known.row(listed, snapshot)))
            .collect();
        let rows = page.rows.into_iter().filter_map(|listing| match listing {
            Listing::Row(row) => Some(*row),
            Listing::Plain(person) => plain.remove(&person),
        });
        Ok(Page {
            rows: rows.collect(),
            number: page.number,
            total: page.total,
            size: page.size,
        })
    }
}

impl KnownIdentities {
    /// Returns the identities among which those of a filter are.
    fn which(&self, only: &str) -> Listed {
        match only {
            identity_filter::UNLINKED => Listed::WithoutUser,
            identity_filter::CLAIMS => Listed::Claiming,
            identity_filter::SUSPENDED => Listed::These(self.suspended.keys().cloned().collect()),
            identity_filter::BY_HAND => Listed::These(self.agreed.keys().cloned().collect()),
            _ => Listed::All,
        }
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
        let (name, username) = match known {
            Some(user) => (user.name.clone(), username),
            None => (without_directory_user(&username.unwrap_or_default()), None),
        };
        IdentityRow {
            person: listed.person.clone(),
            name,
            username,
            user,
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

/// Whether a filter shows identities of every status.
fn is_unfiltered(only: &str) -> bool {
    ![
        identity_filter::UNLINKED,
        identity_filter::CLAIMS,
        identity_filter::SUSPENDED,
        identity_filter::BY_HAND,
    ]
    .contains(&only)
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
    let username = row.username.as_deref();
    let words = [Some(row.name.as_str()), username, user];
    words
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// Returns the place of an identity in the list.
fn place(status: &IdentityStatus, name: &str) -> (u8, String) {
    (urgency(status), name.to_lowercase())
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
