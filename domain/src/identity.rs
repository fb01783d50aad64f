//! Whether an identity still is the Identity Center user that it was linked to.
//!
//! A directory can delete a user and create another one with the same external id. If the new user were somebody else,
//! one human could approve their own access. So an identity keeps every user and every external id that it ever had,
//! and each of them counts as the same human.
//!
//! Only a complete read suspends an identity. What was not read is neither present nor gone: it stops a decision until
//! it is read. So do keys of a sign-in that contradict the directory or could not be read, unless two people agreed to
//! the link although these keys contradict it.

mod keys;
mod record;

pub use keys::{IdentityKeys, KeysDigest};
pub use record::{Agreement, IdentityRecord, RecordedUser, Suspension};

mod alarm;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

pub use alarm::{
    AT_ONCE, AlarmInclusion, DifferenceReaction, IdentityAlarm, LinkReaction, difference_reaction,
    reaction, tolerated,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    directory::{ExternalId, User, UserStatus},
    ids::UserId,
    person::Subject,
};

/// The SHA-256 (hex) of an external id. The ledger holds no external id itself, because it can be a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExternalIdDigest(String);

impl ExternalIdDigest {
    pub fn of(external: &ExternalId) -> Self {
        Self::of_parts(&external.issuer, &external.id)
    }

    /// Returns the digest of issuer and `sub` as an external id, by which the directory may contain a subject. Most
    /// directories do not, and the sign-in is linked by other keys.
    pub fn of_subject(subject: &Subject) -> Self {
        Self::of_parts(&subject.iss, &subject.sub)
    }

    fn of_parts(issuer: &str, id: &str) -> Self {
        let mut hash = Sha256::new();
        // The length keeps the two parts apart.
        hash.update(format!("{}:{issuer}{id}", issuer.len()));
        Self(hex::encode(hash.finalize()))
    }

    /// Parses 64 lowercase hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How an identity differs from the directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkDifference {
    /// The user was deleted, and no key of the identity finds another user.
    Deleted,
    /// The user is disabled.
    Disabled,
    /// The user was deleted, and a key of the identity finds another user.
    Recreated(UserId),
    /// The user exists, and a key of the identity finds another user.
    Reissued(UserId),
    /// The stored link differs from the one that the ledger records.
    LinkAltered,
}

impl LinkDifference {
    /// Returns the name in the ledger. Never changes.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deleted => "user_deleted",
            Self::Disabled => "user_disabled",
            Self::Recreated(_) => "user_recreated",
            Self::Reissued(_) => "external_id_reissued",
            Self::LinkAltered => "link_altered",
        }
    }

    /// Parses the name and the other user of an entry.
    pub fn from_parts(word: &str, other: Option<UserId>) -> Option<Self> {
        Some(match (word, other) {
            ("user_deleted", None) => Self::Deleted,
            ("user_disabled", None) => Self::Disabled,
            ("user_recreated", Some(other)) => Self::Recreated(other),
            ("external_id_reissued", Some(other)) => Self::Reissued(other),
            ("link_altered", None) => Self::LinkAltered,
            _ => return None,
        })
    }

    /// Returns the other user that a key of the identity finds.
    pub fn other(&self) -> Option<&UserId> {
        match self {
            Self::Recreated(other) | Self::Reissued(other) => Some(other),
            Self::Deleted | Self::Disabled | Self::LinkAltered => None,
        }
    }

    /// Returns the difference without the other user, whom the person may not know.
    pub fn kind(&self) -> LinkDifferenceKind {
        match self {
            Self::Deleted => LinkDifferenceKind::Deleted,
            Self::Disabled => LinkDifferenceKind::Disabled,
            Self::Recreated(_) => LinkDifferenceKind::Recreated,
            Self::Reissued(_) => LinkDifferenceKind::Reissued,
            Self::LinkAltered => LinkDifferenceKind::LinkAltered,
        }
    }

    /// Returns the explanation for the person.
    pub fn reason(&self) -> &'static str {
        self.kind().reason()
    }
}

/// How an identity differs from the directory, without the other user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkDifferenceKind {
    Deleted,
    Disabled,
    Recreated,
    Reissued,
    LinkAltered,
}

impl LinkDifferenceKind {
    /// Returns the explanation for the person.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Deleted => "The Identity Center user of this identity was deleted.",
            Self::Disabled => "The Identity Center user of this identity is disabled.",
            Self::Recreated => {
                "The Identity Center user of this identity was deleted and created again as another user."
            }
            Self::Reissued => {
                "An external id or another link key of this identity belongs to another Identity Center user."
            }
            Self::LinkAltered => {
                "The stored link of this identity differs from the one that the ledger records."
            }
        }
    }
}

impl fmt::Display for LinkDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.other() {
            Some(other) => write!(f, "{} Other user: {other}.", self.reason()),
            None => f.write_str(self.reason()),
        }
    }
}

/// What reads of the directory show about one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkRead {
    /// A read failed, with the code of the error.
    NotRead(String),
    /// Every read succeeded.
    Read {
        /// The status of the linked user; none if the directory does not contain it.
        user: Option<UserStatus>,
        /// All users that a key of the identity finds.
        holders: BTreeSet<UserId>,
        /// Why a sign-in of the identity may not be the linked user, although no other user is found.
        objection: Option<&'static str>,
    },
}

/// The users of a complete listing, by id and by external id.
#[derive(Debug, Default)]
pub struct DirectoryIndex<'a> {
    users: HashMap<&'a UserId, &'a User>,
    holders: HashMap<ExternalIdDigest, Vec<&'a UserId>>,
}

impl<'a> DirectoryIndex<'a> {
    pub fn of(users: impl IntoIterator<Item = &'a User>) -> Self {
        let mut index = Self::default();
        for user in users {
            index.users.insert(&user.id, user);
            for external in &user.external_ids {
                let digest = ExternalIdDigest::of(external);
                index.holders.entry(digest).or_default().push(&user.id);
            }
        }
        index
    }

    pub fn user(&self, id: &UserId) -> Option<&'a User> {
        self.users.get(id).copied()
    }

    /// Returns what the listing shows about the identity of a user with these keys.
    pub fn read(&self, user: &UserId, keys: &IdentityKeys<'_>) -> LinkRead {
        let of_ids = keys.external_ids().iter();
        let of_ids = of_ids.filter_map(|id| self.holders.get(id)).flatten();
        let mut holders: BTreeSet<UserId> = of_ids.copied().cloned().collect();
        let named = keys.named().filter(|named| self.users.contains_key(named));
        holders.extend(named.cloned());
        let found = self.user(user);
        LinkRead::Read {
            user: found.map(|user| user.status),
            holders,
            objection: found.and_then(|user| keys.objection(&user.id, &user.external_ids)),
        }
    }
}

/// Whether the link of an identity holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStatus {
    Valid,
    /// A complete read shows a difference.
    Differs(LinkDifference),
    /// A complete read shows no other user, and it is not clear that a sign-in is the linked one. It stops a decision
    /// and suspends nobody.
    Unclear(&'static str),
    /// Not known now, with the code of the error.
    NotRead(String),
}

/// Why an identity may not be the user of its row.
const NOT_RECORDED: &str = "the ledger records no link of this identity";

/// Compares an identity with the directory. `stored` is the user of the database's row, which counts only as far as the
/// ledger confirms it.
pub fn link_status(record: &IdentityRecord, stored: &UserId, read: &LinkRead) -> LinkStatus {
    let altered = match record.recorded_user() {
        RecordedUser::NotRecorded => return LinkStatus::Unclear(NOT_RECORDED),
        RecordedUser::None => true,
        RecordedUser::User(user) => user != stored,
    };
    if altered {
        return LinkStatus::Differs(LinkDifference::LinkAltered);
    }
    let (user, holders, objection) = match read {
        LinkRead::NotRead(why) => return LinkStatus::NotRead(why.clone()),
        LinkRead::Read {
            user,
            holders,
            objection,
        } => (user, holders, objection),
    };
    let other = holders
        .iter()
        .find(|holder| *holder != stored && !record.linked.contains(*holder))
        .cloned();
    LinkStatus::Differs(match (user, other) {
        (Some(_), Some(other)) => LinkDifference::Reissued(other),
        (None, Some(other)) => LinkDifference::Recreated(other),
        (None, None) => LinkDifference::Deleted,
        (Some(UserStatus::Disabled), None) => LinkDifference::Disabled,
        (Some(UserStatus::Enabled), None) => {
            return objection.map_or(LinkStatus::Valid, LinkStatus::Unclear);
        }
    })
}
