//! Views that several nouns share.

use domain::{
    classification::Classification,
    ids::{AccountId, ChangeId, PermissionSetArn, Principal, UserId},
    permission_set::analysis::Risk,
    time::Timestamp,
    verdict::{Outcome, strictest},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a query as it is; everything else is percent-encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// A value, encoded for a query.
pub fn escape(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}

/// An account, as it is named everywhere: id and name, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRef {
    /// 12 digits.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub class: Classification,
}

/// A user, as they are named everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRef {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Whether the directory lets them sign in.
    pub standing: UserStanding,
}

/// Whether a user can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStanding {
    /// Can.
    Enabled,
    /// Cannot, but what is assigned to them stays assigned.
    Disabled,
    /// No longer in the directory.
    Gone,
}

/// A permission set, as it is named everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRef {
    /// Its ARN.
    pub arn: PermissionSetArn,
    /// Its name.
    pub name: String,
    /// What it could be abused for.
    pub risks: Vec<Risk>,
}

impl SetRef {
    /// The last part of the ARN, which names the set in URLs.
    pub fn key(&self) -> &str {
        self.arn.as_str().rsplit('/').next().unwrap_or_default()
    }
}

/// Who an assignment names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalRef {
    /// A user.
    User(UserRef),
    /// A group, with how many members it has.
    Group {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// How many are in it.
        members: usize,
    },
    /// Somebody or something that is no longer in the directory.
    Orphan(Principal),
}

/// One guardrail's word on one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HitView {
    /// The rule's id.
    pub rule: String,
    /// What the person reads.
    pub reason: String,
    /// What the assessor reads.
    pub control: String,
    /// *Needs approval* where approvals would lift it, else *refused*.
    pub outcome: Outcome,
}

impl HitView {
    /// How whatever these stand against stands as a whole.
    pub fn strictest(hits: &[Self]) -> Outcome {
        strictest(hits.iter().map(|hit| hit.outcome))
    }
}

/// How fresh and complete what a page shows is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// The oldest read behind the page.
    pub oldest: Option<Timestamp>,
    /// The end of the last crawl that read everything.
    pub complete_at: Option<Timestamp>,
    /// What could not be read, in words.
    pub unread: Vec<String>,
    /// Whether it is older than twice the crawl interval.
    pub stale: bool,
}

/// A page of a longer list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub rows: Vec<T>,
    /// Which one this is, from 1.
    pub number: usize,
    /// How many rows there are in all.
    pub total: usize,
    /// How many rows there are to a page.
    pub size: usize,
}

impl<T> Page<T> {
    /// How many pages there are; at least one.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(self.size.max(1)).max(1)
    }
}

/// What a list is asked for. Unknown values are dropped by whoever parses the URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Words, all of which must occur.
    pub words: String,
    /// A named narrowing of this list, such as `production-pci`.
    pub only: Option<String>,
    /// Which page, from 1.
    pub page: usize,
}

/// A change, as it stands in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// `/changes/{id}`.
    pub id: ChangeId,
    /// What it does, in one line.
    pub title: String,
    /// Who asked.
    pub requester: String,
    /// When.
    pub submitted: Timestamp,
    /// Until when it may be decided.
    pub decide_by: Timestamp,
    /// Where it stands.
    pub state: domain::change::State,
    /// The accounts that it touches.
    pub accounts: Vec<AccountRef>,
    /// How many approvals it has and needs.
    pub approvals: (u8, u8),
}
