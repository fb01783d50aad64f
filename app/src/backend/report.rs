//! The report of who can reach production PCI, with coverage and freshness.

use async_trait::async_trait;
use domain::{
    ids::GroupId,
    permission_set::analysis::Capability,
    snapshot::Figure,
    time::Timestamp,
    verdict::{Outcome, Tally},
};

use super::{AccountRef, FileFormat, FindingGroup, Freshness, ListQuery, Page, PortResult};

/// A row of the report: one person, account, permission set and path, or one orphaned assignment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportRow {
    /// The Identity Center user id; of an orphaned assignment, the id of the user or group that no longer exists.
    pub person_id: String,
    pub person: String,
    /// The title in the directory. Files leave it out.
    #[serde(skip)]
    pub title: Option<String>,
    /// Whether the user is enabled in the directory; none if the list of users was never read.
    pub enabled: Option<bool>,
    /// Whether the principal of the assignment is deleted from the directory, so that nobody has this access.
    pub orphaned: bool,
    /// 12 digits.
    pub account_id: String,
    pub account: String,
    /// AWS's name for the state of the account.
    pub account_state: String,
    pub environment: String,
    pub pci: String,
    pub permission_set: String,
    pub permission_set_arn: String,
    /// `direct`, or `group: NAME`.
    pub path: String,
    /// The id and name of the group of the path, if it is in the directory. Files leave it out.
    #[serde(skip)]
    pub group: Option<(GroupId, String)>,
    /// Whether the access has no end.
    pub standing: bool,
    /// When the assignment was first observed (RFC 3339).
    pub since: String,
    /// Whether Leastwise granted it, so that `since` is its start. What it only observed may be older.
    pub start_known: bool,
    /// The date by which somebody reviews standing access, if its approval states one.
    pub review_by: Option<String>,
    /// What the permission set allows, the most dangerous first.
    pub capabilities: Vec<Capability>,
    /// The ids of the policies that the access violates.
    pub findings: Vec<String>,
    /// The short names of these policies, in the same order.
    pub finding_titles: Vec<String>,
    /// The controls of these policies for assessors, such as `PCI 7.2.6`, in the same order.
    pub finding_controls: Vec<String>,
    /// What each of these policies finds, in the same order.
    pub finding_kinds: Vec<FindingKind>,
}

/// What a policy finds of existing access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The policy forbids the access.
    Violation,
    /// The policy allows the access with an approval, which it does not have.
    ApprovalMissing,
}

impl FindingKind {
    /// Returns what a policy that speaks against the access finds.
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::NeedsApproval => Self::ApprovalMissing,
            Outcome::Refused | Outcome::Allowed => Self::Violation,
        }
    }

    /// Returns the word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::ApprovalMissing => "approval_missing",
        }
    }
}

/// What of the report is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReportChoice {
    /// The search words.
    pub words: String,
    pub grouping: Grouping,
    /// From 1; 0 is the first page, too.
    pub page: usize,
}

/// By what the rows of the report are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    #[default]
    Account,
    Person,
}

impl Grouping {
    /// Returns the name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Person => "person",
        }
    }

    /// Finds a grouping by its name.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Account, Self::Person]
            .into_iter()
            .find(|one| one.as_str() == word)
    }
}

/// An account of the report, for its chart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportAccount {
    pub account: AccountRef,
    /// The number of people who reach it.
    pub people: u32,
}

/// The metadata of a report.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportHead {
    /// A stable id: the hash of all inputs of rows and coverage.
    pub report_id: String,
    /// When the report was generated.
    pub made: Timestamp,
    /// The oldest read among its inputs.
    pub as_of: Option<Timestamp>,
    pub freshness: Freshness,
    /// The name of who generated it; none if no person did.
    pub by: Option<String>,
    /// The Identity Center instance that was read.
    pub instance: String,
    /// The SHA-256 of the policies under which it was evaluated.
    pub policies: String,
    /// Counts over the whole report, not over one page.
    pub counts: ReportCounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ReportCounts {
    /// People who reach production PCI, disabled users included.
    pub people: Figure,
    /// Those of them who are disabled in the directory.
    pub disabled: Figure,
    /// Accounts that count as production PCI.
    pub accounts: Figure,
    /// Those of them that nothing classifies, so that the strictest value is assumed.
    pub unclassified: Figure,
    /// Rows that are shown. All rows, if `people` is known.
    pub rows: usize,
    /// Rows with standing access.
    pub standing: Figure,
    /// Rows of orphaned assignments.
    pub orphaned: Figure,
    /// Rows with policy violations or without a required approval.
    pub against: Figure<Tally>,
    /// The other rows.
    pub within: Figure,
    /// Assignments with policy violations or without a required approval.
    pub assignments_against: Figure<Tally>,
}

/// A page of the report. The rows of a whole report are never in memory at once: there may be millions.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccessReport {
    pub head: ReportHead,
    /// The policies that are violated, over the whole report.
    pub violations: Vec<FindingGroup>,
    /// The accounts that the most people reach, over the whole report.
    pub top_accounts: Vec<ReportAccount>,
    /// The rows that match the search, by their group, then sorted by account, person, permission set and path.
    pub page: Page<ReportRow>,
    /// For each group on the page, in order, the number of its rows that match, on all pages.
    pub groups: Vec<usize>,
    /// Where the report can be downloaded as a file.
    pub files: DownloadSource,
}

/// The source of the files of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadSource {
    /// The page offers the files for download.
    Page,
    /// Only the command line: a browser request would time out.
    CommandLine,
}

/// A file to download, generated in chunks while it is sent.
pub struct Download {
    /// The suggested file name.
    pub name: String,
    pub media_type: &'static str,
    pub body: Box<dyn Iterator<Item = Vec<u8>> + Send>,
}

/// Reads reports. Each download is recorded in the ledger.
#[async_trait]
pub trait ReportPort {
    /// Returns a page of the current report of who can reach production PCI.
    async fn access_report(&self, choice: &ReportChoice) -> PortResult<AccessReport>;
    /// Returns the rows of the report with the words of a query as a file, or `Denied::Conflict` if it has too many rows for one request.
    async fn access_download(&self, query: &ListQuery, form: FileFormat) -> PortResult<Download>;
}
