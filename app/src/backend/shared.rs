//! Views that several ports share.

use super::{SentencePart, sentence_words};
use crate::lists::{
    ListChoice,
    changes::{ALARM, CHANGES, RAISED, REQUESTER, STATE},
};
use domain::{
    change::State,
    classification::Classification,
    ids::{AccountId, ChangeId, GroupId, PermissionSetArn, PersonId, Principal, UserId},
    org::AccountState,
    permission_set::analysis::Capability,
    snapshot::{Figure, Knowledge},
    time::Timestamp,
    verdict::{Outcome, strictest},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters that are percent-encoded in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// Percent-encodes a value for a query.
pub fn escape(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}

/// A reference to an account, with its name and classification.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountRef {
    /// 12 digits.
    pub id: AccountId,
    pub name: String,
    pub class: Classification,
    /// Its state in AWS; `None` if it is not in the organization, or if the organization was never read.
    pub state: Option<AccountState>,
}

/// A reference to a user, with the display name and status.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct UserRef {
    pub id: UserId,
    pub name: String,
    pub status: AccountStatus,
}

/// The status of a user in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Can sign in.
    Enabled,
    /// Cannot sign in; the assignments remain.
    Disabled,
    /// Deleted from the directory.
    Gone,
    /// The list of users was never read.
    NotRead,
}

/// A reference to a permission set, with its name and capabilities.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SetRef {
    pub arn: PermissionSetArn,
    pub name: String,
    pub capabilities: Vec<Capability>,
}

impl SetRef {
    /// Returns the last part of the ARN, which identifies the permission set in URLs.
    pub fn key(&self) -> &str {
        self.arn.key()
    }
}

/// A reference to the principal of an assignment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalRef {
    User(UserRef),
    Group {
        id: String,
        name: String,
        /// The number of members.
        members: Figure,
    },
    /// A principal that is deleted from the directory.
    Orphan(Principal),
    /// A principal of a list that was never read.
    NotRead(Principal),
}

impl PrincipalRef {
    /// Returns the id in the directory.
    pub fn id(&self) -> &str {
        match self {
            Self::User(user) => user.id.as_str(),
            Self::Group { id, .. } => id,
            Self::Orphan(principal) | Self::NotRead(principal) => principal.id(),
        }
    }
}

/// A finding of one policy.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct HitView {
    /// The id of the policy.
    pub rule: String,
    /// The short name of the policy.
    pub title: String,
    /// The reason, for users.
    pub reason: String,
    /// The control, for assessors, such as `PCI 7.2.2`.
    pub control: String,
    /// `NeedsApproval` if approvals would resolve it, else `Refused`.
    pub outcome: Outcome,
}

impl HitView {
    /// Returns the strictest outcome of several findings.
    pub fn strictest(hits: &[Self]) -> Outcome {
        strictest(hits.iter().map(|hit| hit.outcome))
    }
}

/// Why a change would always be refused, for each requester.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// A few words, for a row.
    pub title: String,
    /// The whole reason, and the cure.
    pub reason: String,
}

/// The freshness and completeness of the data on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Freshness {
    /// The time of the oldest read; `None` before the first one.
    pub oldest: Option<Timestamp>,
    /// The end of the last complete crawl.
    pub complete_at: Option<Timestamp>,
    /// Resources that could not be read, for display.
    pub unread: Vec<String>,
    /// Those of them that were never read, so that nothing is known in their place.
    pub never_read: Vec<String>,
    pub lists: ListsRead,
    /// Whether the data is older than twice the crawl interval.
    pub stale: bool,
}

/// Which lists were ever read. An empty list that was never read does not mean that nothing exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ListsRead {
    pub accounts: Knowledge,
    pub users: Knowledge,
    pub groups: Knowledge,
    pub sets: Knowledge,
    /// The assignments in all accounts.
    pub assignments: Knowledge,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// The page number, from 1.
    pub number: usize,
    /// The number of rows in the list.
    pub total: usize,
    /// The number of rows per page.
    pub size: usize,
}

impl<T> Page<T> {
    /// Returns the number of pages; at least one.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(self.size.max(1)).max(1)
    }
}

/// The query of a list. Invalid values are ignored when the URL is parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ListQuery {
    /// The search words, all of which must match.
    pub words: String,
    /// The name of a filter, such as `production-pci`.
    pub only: Option<String>,
    /// The page number, from 1.
    pub page: usize,
}

/// Whether a change and the decisions on it match the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerComparison {
    Matches,
    Differs,
}

/// What a change is called.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeTitle {
    /// By its first item.
    Items {
        first: Vec<SentencePart>,
        /// The number of all items.
        items: usize,
    },
    /// This version does not understand all of it: a newer version requested it, or somebody edited the database. Its page
    /// says which.
    NotUnderstood { items: usize },
}

impl ChangeTitle {
    /// Returns the title in a sentence, where *and 2 more* could be read as a part of the first item.
    pub fn in_words(&self) -> String {
        match self {
            Self::Items { first, items: 2 } => {
                format!("{}, and 1 more item", sentence_words(first))
            }
            Self::Items { first, items } if *items > 2 => {
                format!("{}, and {} more items", sentence_words(first), items - 1)
            }
            other => other.to_string(),
        }
    }
}

impl std::fmt::Display for ChangeTitle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Items { first, items } => {
                f.write_str(&sentence_words(first))?;
                match items {
                    0 => f.write_str("No items"),
                    1 => Ok(()),
                    items => write!(f, " and {} more", items - 1),
                }
            }
            Self::NotUnderstood { items: 1 } => {
                f.write_str("A change that this version of Leastwise does not understand")
            }
            Self::NotUnderstood { items } => {
                write!(
                    f,
                    "A change of {items} items that this version of Leastwise does not understand"
                )
            }
        }
    }
}

/// A path of access.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViaRef {
    Direct,
    Group { id: GroupId, name: String },
}

impl std::fmt::Display for ViaRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Direct => f.write_str("directly"),
            Self::Group { name, .. } => write!(f, "through {name}"),
        }
    }
}

/// A change in a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChangeRow {
    pub id: ChangeId,
    pub title: ChangeTitle,
    /// The number of its items.
    pub items: usize,
    /// The name of the requester.
    pub requester: String,
    pub submitted: Timestamp,
    /// The deadline for a decision.
    pub decide_by: Timestamp,
    pub state: State,
    /// Whether it and the decisions on it match the ledger.
    pub ledger: LedgerComparison,
    /// The accounts that it names or affects.
    pub accounts: Vec<AccountRef>,
    /// The number of approvals it has and the number it needs.
    pub approvals: (u8, u8),
    /// The row stands for several refused changes of the same requester, of which this is the newest.
    pub folded: Option<FoldedChanges>,
}

/// Several refused changes of one requester in one row of a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FoldedChanges {
    /// At least 2.
    pub count: usize,
    /// The choice of the list that shows each of them.
    pub each: ListChoice,
}

/// Returns the choice of the refused changes of a requester.
pub fn refused_by(requester: &PersonId) -> ListChoice {
    changes_of(STATE, State::Refused.as_str(), requester)
}

/// Returns the choice of the changes of a requester that raised an alarm.
pub fn alarm_by(requester: &PersonId) -> ListChoice {
    changes_of(ALARM, RAISED, requester)
}

fn changes_of(filter: &'static str, value: &str, requester: &PersonId) -> ListChoice {
    ListChoice::only(filter, value).toggled(REQUESTER, requester.as_str())
}

impl ChangeRow {
    /// Returns the text and the URL of the link in a list.
    pub fn link(&self) -> (String, String) {
        match &self.folded {
            None => (self.title.to_string(), format!("/changes/{}", self.id)),
            Some(FoldedChanges { count, each }) => (
                format!("{count} blocked changes by {}", self.requester),
                each.href(CHANGES.path),
            ),
        }
    }
}
