//! Reads the user of one identity, and every other user that its keys find, from the directory as it is now.
//!
//! Never called while a transaction is open. A read that fails or takes too long shows nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    directory::ExternalId,
    identity::{ExternalIdDigest, IdentityKeys, IdentityRecord, LinkRead},
    ids::UserId,
    person::link::LinkKeys,
    snapshot::Snapshot,
};

use crate::{
    aws::{Aws, Instance, error::CallError, read::DirectoryUser},
    store::identity::LinkedIdentity,
};

/// The maximum number of users of the last listing that are read again because a key finds them. One is enough to differ.
const LISTED: usize = 10;

/// The time limit of all reads about one identity. A person waits for them.
const LIMIT: Duration = Duration::from_secs(8);

/// Access to single users of the directory.
#[async_trait]
pub trait DirectoryUsers: Send + Sync {
    /// Returns a user; none if the directory does not contain it.
    async fn user(&self, user: &UserId) -> Result<Option<DirectoryUser>, CallError>;
    /// Returns a user with this external id; none if there is none.
    async fn holder(&self, external_id: &ExternalId) -> Result<Option<UserId>, CallError>;
}

/// The directory of an Identity Center instance.
pub(crate) struct InstanceDirectory {
    pub aws: Aws,
    pub instance: Instance,
}

#[async_trait]
impl DirectoryUsers for InstanceDirectory {
    async fn user(&self, user: &UserId) -> Result<Option<DirectoryUser>, CallError> {
        self.aws.directory_user(&self.instance, user).await
    }

    async fn holder(&self, external_id: &ExternalId) -> Result<Option<UserId>, CallError> {
        self.aws
            .user_with_external_id(&self.instance, external_id)
            .await
    }
}

/// Reads what the directory shows about an identity. `others` are users that a listing showed for one of its keys; each of
/// them is read as well, and so are the users that the snapshot shows for a key of a sign-in.
pub async fn read<'a>(
    directory: &dyn DirectoryUsers,
    identity: &LinkedIdentity,
    record: &'a IdentityRecord,
    snapshot: &Snapshot,
    others: impl IntoIterator<Item = &'a UserId>,
) -> LinkRead {
    let keys = identity.known_by(record);
    let mut candidates: BTreeSet<&UserId> = others.into_iter().chain(record.users.keys()).collect();
    candidates.extend(keys.named());
    candidates.extend(listed(identity, snapshot));
    candidates.remove(&identity.user);
    let all = all_reads(directory, identity, keys, record, snapshot, candidates);
    match tokio::time::timeout(LIMIT, all).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => LinkRead::NotRead(error.code),
        Err(_) => LinkRead::NotRead("Timeout".into()),
    }
}

/// Returns users of the snapshot, except the linked one, that a key of a sign-in finds.
fn listed<'a>(
    identity: &'a LinkedIdentity,
    snapshot: &'a Snapshot,
) -> impl Iterator<Item = &'a UserId> {
    let sign_ins = identity.keys.iter();
    let found: BTreeSet<&UserId> = sign_ins
        .flat_map(|keys| snapshot.found_by(keys))
        .map(|user| &user.id)
        .filter(|user| **user != identity.user)
        .collect();
    found.into_iter().take(LISTED)
}

async fn all_reads(
    directory: &dyn DirectoryUsers,
    identity: &LinkedIdentity,
    mut keys: IdentityKeys<'_>,
    record: &IdentityRecord,
    snapshot: &Snapshot,
    candidates: BTreeSet<&UserId>,
) -> Result<LinkRead, CallError> {
    let user = directory.user(&identity.user).await?;
    let own = user
        .as_ref()
        .map_or(&[][..], |user| user.external_ids.as_slice());
    if record.current.is_none() {
        keys.add(own);
    }
    let mut holders = BTreeSet::new();
    if keys.find(&identity.user, own) {
        holders.insert(identity.user.clone());
    }
    for candidate in candidates {
        if let Some(found) = directory.user(candidate).await?
            && keys.find(candidate, &found.external_ids)
        {
            holders.insert(candidate.clone());
        }
    }
    for external_id in wanted(identity, own, snapshot, keys.external_ids()) {
        holders.extend(directory.holder(&external_id).await?);
    }
    Ok(LinkRead::Read {
        objection: user
            .as_ref()
            .and_then(|_| keys.objection(&identity.user, own)),
        user: user.map(|user| user.status),
        holders,
    })
}

/// Returns the external ids of the identity that are known in full, each once: a digest cannot be looked up.
fn wanted(
    identity: &LinkedIdentity,
    own: &[ExternalId],
    snapshot: &Snapshot,
    known: &BTreeSet<ExternalIdDigest>,
) -> Vec<ExternalId> {
    let of_sign_ins = identity.keys.iter().flat_map(LinkKeys::external_ids);
    let observed = snapshot.user(&identity.user);
    let observed = observed.into_iter().flat_map(|user| &user.external_ids);
    let all = of_sign_ins.chain(observed.chain(own).cloned());
    let by_digest: BTreeMap<_, _> = all
        .map(|external_id| (ExternalIdDigest::of(&external_id), external_id))
        .filter(|(digest, _)| known.contains(digest))
        .collect();
    by_digest.into_values().collect()
}
