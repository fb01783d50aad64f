//! Completeness and freshness of a snapshot, and whether a change may start on it.
//!
//! Describes gaps as values; the presentation is up to the caller. Never treats a gap as an empty result: what is not
//! known to be a single item counts as a missing list.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AccountId, GroupId, Pair, PermissionSetArn},
    time::{Duration, Timestamp},
};

/// The maximum age of the last read for a change to start on a snapshot.
const OLDEST: Duration = Duration::hours(2);

/// Something that could not be read: a list, or one item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// The organization itself.
    Organization,
    /// The list of delegated administrators.
    DelegatedAdministrators,
    /// The services that one delegated administrator administers. It counts as one without them.
    ServicesOf(AccountId),
    /// The list of organizational units.
    Units,
    /// The list of accounts.
    Accounts,
    /// The tags of one account. Without them the list of accounts is discarded.
    TagsOf(AccountId),
    /// The list of users.
    Users,
    /// The list of groups.
    Groups,
    /// The members of one group.
    MembersOf(GroupId),
    /// The list of permission sets.
    Sets,
    /// The content of one permission set.
    ContentOf(PermissionSetArn),
    /// The accounts in which one permission set is provisioned.
    AccountsOf(PermissionSetArn),
    /// The accounts in which an older content of one permission set is provisioned.
    OutdatedAccountsOf(PermissionSetArn),
    /// The assignments of one pair.
    AssignmentsOf(Pair),
    /// A gap that was stored in a format that is no longer supported.
    Unknown,
}

impl Gap {
    /// Whether no decision depends on it.
    fn is_detail(&self) -> bool {
        matches!(self, Self::ServicesOf(_))
    }

    /// Whether it concerns a single pair, set or group, which is read again before a change that depends on it, or a
    /// detail that no decision depends on.
    pub fn is_single(&self) -> bool {
        match self {
            Self::ServicesOf(_)
            | Self::MembersOf(_)
            | Self::ContentOf(_)
            | Self::AccountsOf(_)
            | Self::OutdatedAccountsOf(_)
            | Self::AssignmentsOf(_) => true,
            Self::Organization
            | Self::DelegatedAdministrators
            | Self::Units
            | Self::Accounts
            | Self::TagsOf(_)
            | Self::Users
            | Self::Groups
            | Self::Sets
            | Self::Unknown => false,
        }
    }
}

/// Something that a crawl could not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "StoredUnread")]
pub struct Unread {
    pub what: Gap,
    /// AWS's error code.
    pub why: String,
}

/// The stored formats: typed, and the former plain text.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredUnread {
    Typed {
        what: Gap,
        why: String,
    },
    Words {
        #[serde(rename = "what")]
        _what: String,
        why: String,
    },
}

impl From<StoredUnread> for Unread {
    fn from(noted: StoredUnread) -> Self {
        let (what, why) = match noted {
            StoredUnread::Typed { what, why } => (what, why),
            StoredUnread::Words { why, .. } => (Gap::Unknown, why),
        };
        Self { what, why }
    }
}

/// The completeness and freshness of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Coverage {
    /// The time of the oldest read in this snapshot; none before the first crawl.
    pub oldest: Option<Timestamp>,
    /// When the last crawl began; none before the first one.
    #[serde(default)]
    pub began: Option<Timestamp>,
    /// The time of the newest read.
    pub newest: Option<Timestamp>,
    /// When the last complete crawl ended.
    pub complete_at: Option<Timestamp>,
    /// What the last crawl could not read, sorted.
    pub unread: Vec<Unread>,
    /// What could not be read yet by any crawl, sorted: nothing older is known in its place.
    #[serde(default)]
    pub never_read: Vec<Gap>,
    /// The pairs that AWS lists but does not find, because their account is not in use or not in the organization.
    #[serde(default)]
    pub not_found: Vec<Pair>,
}

impl Coverage {
    /// Whether a change may start on this snapshot, given that the items it names are read again: the last crawl is
    /// recent and read all lists.
    pub fn is_sound(&self, now: Timestamp) -> bool {
        let lately = |at: Option<Timestamp>| at.is_some_and(|at| now.since(at) <= OLDEST);
        let lists_read = self.unread.iter().all(|unread| unread.what.is_single());
        lately(self.complete_at) || (lists_read && lately(self.newest))
    }

    /// Whether the last crawl read everything that decisions depend on, and began at or after an instant.
    pub fn is_whole_since(&self, at: Timestamp) -> bool {
        let whole = self.unread.iter().all(|unread| unread.what.is_detail());
        whole && self.began.is_some_and(|began| began >= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_425_245_000);

    fn unread(what: Gap) -> Unread {
        Unread {
            what,
            why: "ThrottlingException".into(),
        }
    }

    fn group() -> Gap {
        Gap::MembersOf(GroupId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").unwrap())
    }

    #[test]
    fn what_was_read_whole_within_two_hours_is_built_upon_and_no_longer() {
        let coverage = Coverage {
            complete_at: Some(NOW),
            ..Coverage::default()
        };
        assert!(coverage.is_sound(NOW + Duration::hours(2)));
        assert!(!coverage.is_sound(NOW + Duration::hours(2) + Duration(1)));
        assert!(!Coverage::default().is_sound(NOW), "nothing was read yet");
    }

    #[test]
    fn a_single_thing_may_be_missing_and_a_list_may_not() {
        let lately = |gaps: Vec<Gap>| Coverage {
            newest: Some(NOW),
            unread: gaps.into_iter().map(unread).collect(),
            ..Coverage::default()
        };
        assert!(lately(vec![]).is_sound(NOW));
        assert!(lately(vec![group()]).is_sound(NOW));
        let account = AccountId::parse("111122223333").unwrap();
        for list in [
            Gap::Organization,
            Gap::Accounts,
            Gap::TagsOf(account),
            Gap::Users,
            Gap::Groups,
            Gap::Sets,
            Gap::Unknown,
        ] {
            assert!(
                !lately(vec![group(), list.clone()]).is_sound(NOW),
                "{list:?}"
            );
        }
    }

    #[test]
    fn a_crawl_that_began_before_says_nothing_of_what_came_after() {
        let coverage = Coverage {
            began: Some(NOW),
            ..Coverage::default()
        };
        assert!(coverage.is_whole_since(NOW));
        assert!(!coverage.is_whole_since(NOW + Duration(1)));
        assert!(!Coverage::default().is_whole_since(NOW));
        let holed = Coverage {
            unread: vec![unread(group())],
            ..coverage
        };
        assert!(!holed.is_whole_since(NOW));
        let detail = Gap::ServicesOf(AccountId::parse("111122223333").unwrap());
        let known = Coverage {
            unread: vec![unread(detail)],
            ..holed
        };
        assert!(known.is_whole_since(NOW));
    }

    #[test]
    fn what_is_stored_is_read_back_and_older_words_count_as_a_list() {
        let gaps = vec![unread(group()), unread(Gap::Users)];
        let text = serde_json::to_string(&gaps).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Unread>>(&text).unwrap(), gaps);
        let older = r#"[{"what":"members of group 1","why":"InternalServerException"}]"#;
        let read: Vec<Unread> = serde_json::from_str(older).unwrap();
        assert_eq!(read[0].what, Gap::Unknown);
        assert_eq!(read[0].why, "InternalServerException");
    }
}
