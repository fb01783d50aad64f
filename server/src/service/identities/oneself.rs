//! Whether access concerns the person who decides about it: every user that their identity ever was counts.

use domain::{diff::Effect, identity::IdentityRecord, ids::UserId, snapshot::Snapshot};

/// Whether an effect gives access to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oneself {
    Gains,
    GainsNothing,
}

/// Whether a user is the human of an identity, according to the ledger and the last read of the directory.
pub(crate) fn is_oneself(record: &IdentityRecord, snapshot: &Snapshot, user: &UserId) -> bool {
    let known = snapshot.user(user);
    let ids = known.map_or(&[][..], |user| user.external_ids.as_slice());
    record.is_oneself(user, ids)
}

impl Oneself {
    /// Compares everyone who gains by an effect with an identity.
    pub(crate) fn of(record: &IdentityRecord, snapshot: &Snapshot, effect: &Effect) -> Self {
        let mut gaining = effect.gaining().into_iter();
        if gaining.any(|user| is_oneself(record, snapshot, user)) {
            Self::Gains
        } else {
            Self::GainsNothing
        }
    }
}
