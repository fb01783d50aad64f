//! Reads the user of one identity, and whoever has its external ids, from the directory as it is now.
//!
//! Never called while a transaction is open. A read that fails or takes too long shows nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    directory::ExternalId,
    identity::{ExternalIdDigest, IdentityRecord, LinkRead},
    ids::UserId,
    snapshot::Snapshot,
};

use crate::{
    aws::{Aws, Instance, error::CallError, read::DirectoryUser},
    store::identity::LinkedIdentity,
};

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

/// Reads what the directory shows about an identity. `others` are users that a listing showed with one of its external
/// ids; each of them is read as well.
pub async fn read<'a>(
    directory: &dyn DirectoryUsers,
    identity: &LinkedIdentity,
    record: &'a IdentityRecord,
    snapshot: &Snapshot,
    others: impl IntoIterator<Item = &'a UserId>,
) -> LinkRead {
    let others: BTreeSet<&UserId> = others.into_iter().chain(record.users.keys()).collect();
    let all = all_reads(directory, identity, record, snapshot, others);
    match tokio::time::timeout(LIMIT, all).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => LinkRead::NotRead(error.code),
        Err(_) => LinkRead::NotRead("Timeout".into()),
    }
}

async fn all_reads(
    directory: &dyn DirectoryUsers,
    identity: &LinkedIdentity,
    record: &IdentityRecord,
    snapshot: &Snapshot,
    others: BTreeSet<&UserId>,
) -> Result<LinkRead, CallError> {
    let user = directory.user(&identity.user).await?;
    let own = user
        .as_ref()
        .map_or(&[][..], |user| user.external_ids.as_slice());
    let mut known: BTreeSet<ExternalIdDigest> =
        record.external_ids().into_iter().cloned().collect();
    known.extend(identity.subject_ids());
    if record.current.is_none() {
        known.extend(own.iter().map(ExternalIdDigest::of));
    }
    let has_known = |ids: &[ExternalId]| {
        ids.iter()
            .any(|id| known.contains(&ExternalIdDigest::of(id)))
    };
    let mut holders = BTreeSet::new();
    if has_known(own) {
        holders.insert(identity.user.clone());
    }
    for other in others {
        if other != &identity.user
            && let Some(found) = directory.user(other).await?
            && has_known(&found.external_ids)
        {
            holders.insert(other.clone());
        }
    }
    for external_id in wanted(identity, own, snapshot, &known) {
        holders.extend(directory.holder(&external_id).await?);
    }
    Ok(LinkRead::Read {
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
    let subjects = identity.subjects.iter().map(|subject| ExternalId {
        issuer: subject.iss.clone(),
        id: subject.sub.clone(),
    });
    let observed = snapshot.user(&identity.user);
    let observed = observed.into_iter().flat_map(|user| &user.external_ids);
    let all = subjects.chain(observed.chain(own).cloned());
    let by_digest: BTreeMap<_, _> = all
        .map(|external_id| (ExternalIdDigest::of(&external_id), external_id))
        .filter(|(digest, _)| known.contains(digest))
        .collect();
    by_digest.into_values().collect()
}
