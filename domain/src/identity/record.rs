//! What the ledger records about the link of one identity: every user that it ever was, what people agreed about it, and
//! whether it may act.
//!
//! A link that people ended stays ended: nothing but another agreement links the identity again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{AlarmInclusion, ExternalIdDigest, KeysDigest, LinkDifference};
use crate::{
    directory::ExternalId,
    ids::{ChangeId, PersonId, UserId},
    time::Timestamp,
};

/// Since when, and why, an identity may not act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    pub at: Timestamp,
    pub difference: LinkDifference,
}

/// The change by which people agreed to something about an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub change: ChangeId,
    pub at: Timestamp,
}

/// Everything that the ledger records about the link of one identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRecord {
    /// The user that the identity is linked to; none before the first link was recorded, and after people ended it.
    pub current: Option<UserId>,
    /// The user that keys of a sign-in found, until the link is recorded with its external ids.
    pub found: Option<UserId>,
    /// Every user that the identity ever was, with the external ids that it had. Includes users that nobody confirmed.
    pub users: BTreeMap<UserId, BTreeSet<ExternalIdDigest>>,
    /// The external ids by which the identity is compared with the directory: those of its user, as the last confirmation
    /// read them, and those that were recorded since. An id that the user had by mistake no longer counts here once
    /// somebody has confirmed the identity, while [`Self::is_oneself`] keeps it.
    pub own: BTreeSet<ExternalIdDigest>,
    /// The users that the identity was linked to since people last ended a link or agreed to one to another user; the others
    /// of [`Self::users`] had one of its external ids, or were its user before.
    pub linked: BTreeSet<UserId>,
    pub suspended: Option<Suspension>,
    /// The last difference that belonged to an alarm, unless somebody has confirmed the identity since.
    pub included: Option<AlarmInclusion>,
    /// The agreement to the link in force; none if keys of the directory made it, or the host confirmed another user.
    pub agreed: Option<Agreement>,
    /// The keys of the sign-ins whose link was agreed: what they contradict was known to those who agreed.
    pub agreed_keys: BTreeSet<KeysDigest>,
    /// The agreement that ended the last link.
    pub ended: Option<Agreement>,
    /// The users that a sign-in of the identity claimed, and that it is not, as people agreed.
    pub refused: BTreeSet<UserId>,
    /// The identity whose sign-ins those of this one became, because it is the same user.
    pub joined: Option<PersonId>,
}

/// The user that the row of an identity has to contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedUser<'a> {
    /// No link was recorded. A row that contains a user does not count.
    NotRecorded,
    None,
    User(&'a UserId),
}

impl IdentityRecord {
    /// Returns every external id that the identity ever had.
    pub fn external_ids(&self) -> BTreeSet<&ExternalIdDigest> {
        self.users.values().flatten().collect()
    }

    /// Whether a user is this human: it is or was the identity's user, or it has an external id that the identity ever
    /// had.
    pub fn is_oneself(&self, user: &UserId, external_ids: &[ExternalId]) -> bool {
        self.ever_was(user)
            || external_ids.iter().any(|external| {
                let digest = ExternalIdDigest::of(external);
                self.users.values().any(|ids| ids.contains(&digest))
            })
    }

    /// Whether the identity is or was a user.
    pub fn ever_was(&self, user: &UserId) -> bool {
        self.users.contains_key(user) || self.found.as_ref() == Some(user)
    }

    /// Returns the user that the row of the identity has to contain.
    pub fn recorded_user(&self) -> RecordedUser<'_> {
        match &self.current {
            // The row of the other identity contains the user.
            Some(_) if self.joined.is_some() => RecordedUser::None,
            Some(user) => RecordedUser::User(user),
            None if self.ended.is_some() => RecordedUser::None,
            None => match &self.found {
                Some(found) => RecordedUser::User(found),
                None => RecordedUser::NotRecorded,
            },
        }
    }

    /// Returns the user that the identity is linked to.
    pub fn user(&self) -> Option<&UserId> {
        match self.recorded_user() {
            RecordedUser::NotRecorded | RecordedUser::None => None,
            RecordedUser::User(user) => Some(user),
        }
    }

    /// Whether the roles of the identity have an effect. It keeps them while they have none.
    pub fn may_use_roles(&self) -> bool {
        self.suspended.is_none() && self.ended.is_none()
    }

    /// Whether keys of the directory may link the identity to a user.
    pub fn may_link_by_keys(&self, user: &UserId) -> bool {
        self.ended.is_none() && !self.refused.contains(user)
    }

    /// Records that somebody confirmed on the host that the identity is a user with these external ids.
    pub fn confirm(&mut self, user: UserId, external_ids: BTreeSet<ExternalIdDigest>) {
        self.own.clear();
        self.ended = None;
        self.joined = None;
        self.link(user, external_ids);
        self.suspended = None;
        self.included = None;
    }

    /// Whether something that people agreed about the identity is in force.
    pub fn was_agreed_on(&self) -> bool {
        self.agreed.is_some() || self.ended.is_some() || !self.refused.is_empty()
    }

    /// Records that the identity is linked to a user with these external ids. A link that people ended stays ended.
    pub fn link(&mut self, user: UserId, external_ids: BTreeSet<ExternalIdDigest>) {
        self.see(user.clone(), external_ids.clone());
        self.linked.insert(user.clone());
        if self.ended.is_some() {
            return;
        }
        self.own.extend(external_ids);
        if self.current.as_ref() != Some(&user) {
            self.agreed = None;
            self.agreed_keys.clear();
        }
        self.current = Some(user);
    }

    /// Records that another user has external ids of the identity.
    pub fn see(&mut self, user: UserId, external_ids: BTreeSet<ExternalIdDigest>) {
        self.users.entry(user).or_default().extend(external_ids);
    }

    /// Whether a key may lead to an earlier user once people agree that the identity is `user`.
    pub fn keeps(&self, earlier: &UserId, user: &UserId) -> bool {
        self.current.as_ref() == Some(user) && self.linked.contains(earlier)
    }

    /// Records that people agreed that the identity is a user with these external ids. `joined` is the identity that its
    /// sign-ins became a part of. If it was linked to another user, it is none of those that it was linked to, as after an
    /// end: a key that leads to one of them leads to another user.
    pub fn agree(
        &mut self,
        user: UserId,
        external_ids: BTreeSet<ExternalIdDigest>,
        keys: BTreeSet<KeysDigest>,
        joined: Option<PersonId>,
        agreement: Agreement,
    ) {
        self.refused.remove(&user);
        if self.current.as_ref() != Some(&user) {
            self.linked.clear();
        }
        self.confirm(user, external_ids);
        self.agreed = Some(agreement);
        self.agreed_keys = keys;
        self.joined = joined;
    }

    /// Records that sign-ins of another identity became a part of this one, although these keys may contradict its user.
    pub fn join(&mut self, keys: BTreeSet<KeysDigest>) {
        self.agreed_keys.extend(keys);
    }

    /// Records that people agreed to end the link. The identity is none of the users that it was linked to: a key that
    /// leads to one of them later leads to another user, who still counts as the same human.
    pub fn end(&mut self, agreement: Agreement) {
        self.current = None;
        self.linked.clear();
        self.own.clear();
        self.suspended = None;
        self.agreed = None;
        self.agreed_keys.clear();
        self.joined = None;
        self.ended = Some(agreement);
    }

    /// Records that people agreed that the identity is none of the users that its sign-ins claimed.
    pub fn refuse(&mut self, users: impl IntoIterator<Item = UserId>) {
        self.refused.extend(users);
    }

    /// Records that people agreed that sign-ins may claim these users again.
    pub fn withdraw_refusal(&mut self, users: impl IntoIterator<Item = UserId>) {
        for user in users {
            self.refused.remove(&user);
        }
    }
}
