//! Which identities are linked to the users of an evaluation: what its snapshot shows, and what is newer.

use std::collections::BTreeMap;

use domain::{
    identity::IdentityRecord,
    ids::{PersonId, UserId},
    policies::Evaluation,
    snapshot::Snapshot,
};

use crate::{
    service::identities::is_oneself,
    store::{StoreConnection, StoreError, identity_link},
};

/// Whether the snapshot shows the person of the requester and of everybody who gains.
pub(super) enum Links {
    Known,
    /// Some are missing.
    Missing {
        /// The users who gain and are the requester, although the snapshot does not say so.
        own: Vec<UserId>,
    },
}

impl Links {
    pub(super) fn of(
        snapshot: &Snapshot,
        evaluation: &Evaluation,
        requester: &PersonId,
        record: &IdentityRecord,
    ) -> Self {
        let gaining = evaluation.effect.gaining();
        let own: Vec<UserId> = gaining
            .iter()
            .filter(|user| snapshot.person(user) != Some(requester))
            .filter(|user| is_oneself(record, snapshot, user))
            .map(|user| (*user).clone())
            .collect();
        let known = snapshot.user_of(requester).is_some()
            && gaining.iter().all(|user| snapshot.person(user).is_some());
        if known && own.is_empty() {
            Self::Known
        } else {
            Self::Missing { own }
        }
    }
}

/// The links that are newer than a snapshot.
pub(super) struct NewLinks {
    /// The persons of those who gain.
    pub(super) persons: BTreeMap<UserId, PersonId>,
    /// The requester's user.
    pub(super) own: Option<UserId>,
}

/// Reads who was linked after the snapshot was taken, as far as they request or gain.
pub(super) async fn new_links(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    evaluation: &Evaluation,
    requester: &PersonId,
) -> Result<NewLinks, StoreError> {
    let known = identity_link::persons_of_users(conn).await?;
    let newer = |(user, person): &(&UserId, &PersonId)| {
        snapshot.person(user) != Some(person)
            && (*person == requester || evaluation.effect.gives_to(user))
    };
    let own = known
        .linked
        .iter()
        .filter(newer)
        .find(|(_, person)| *person == requester)
        .map(|(user, _)| user.clone());
    let persons = known.linked.iter().chain(&known.others).filter(newer);
    Ok(NewLinks {
        persons: persons
            .map(|(user, person)| (user.clone(), person.clone()))
            .collect(),
        own,
    })
}
