//! The report: who can reach production PCI, with coverage and freshness.

use async_trait::async_trait;
use domain::{time::Timestamp, verdict::Tally};

use super::{Answer, Freshness, ListQuery, Page};

/// One row: one person, one account, one set, one path.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportRow {
    /// Identity Center user id.
    pub person_id: String,
    /// Their name.
    pub person: String,
    /// Whether the directory lets them sign in.
    pub enabled: bool,
    /// 12 digits.
    pub account_id: String,
    /// The account's name.
    pub account: String,
    /// Environment.
    pub environment: String,
    /// PCI scope.
    pub pci: String,
    /// The set's name.
    pub permission_set: String,
    /// The set's ARN.
    pub permission_set_arn: String,
    /// `direct`, or `group: NAME`.
    pub path: String,
    /// Whether it has no end.
    pub standing: bool,
    /// RFC 3339, first seen.
    pub since: String,
    /// What the set could be abused for.
    pub risks: Vec<String>,
    /// Guardrails that it breaks.
    pub findings: Vec<String>,
}

/// The report's first lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportHead {
    /// Stable id: hash over everything that rows and coverage are made of.
    pub report_id: String,
    /// When it was made.
    pub made: Timestamp,
    /// The oldest read that it rests on.
    pub as_of: Option<Timestamp>,
    /// Completeness.
    pub freshness: Freshness,
    /// Of the whole report, not of one page.
    pub counts: ReportCounts,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportCounts {
    /// People who reach production PCI.
    pub people: usize,
    /// Accounts that count as it.
    pub accounts: usize,
    /// Rows.
    pub rows: usize,
    /// Rows without an end.
    pub standing: usize,
    /// Rows that a guardrail stands against.
    pub against: Tally,
}

/// One page of the report. All of its rows at once are never in memory: there may be millions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessReport {
    /// First lines.
    pub head: ReportHead,
    /// Rows by account, person, set, path: those that the search keeps.
    pub page: Page<ReportRow>,
    /// Whether the files can be downloaded here; else there are too many rows for that.
    pub files: Files,
}

/// Where the files of a report are to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// From the page.
    Here,
    /// From the command line: a browser's request would run out of time.
    CommandLine,
}

/// A file to download, in pieces that are made while it is sent.
pub struct Download {
    /// Suggested name.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// The bytes.
    pub body: Box<dyn Iterator<Item = Vec<u8>> + Send>,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportForm {
    /// RFC 4180, safe against formulas.
    Csv,
    /// One JSON object.
    Json,
}

/// Asks for reports. Each is recorded in the ledger.
#[async_trait]
pub trait ReportPort {
    /// Who can reach production PCI, now.
    async fn access_report(&self, query: &ListQuery) -> Answer<AccessReport>;
    /// The same as a file; a conflict if it has more rows than a request has time for.
    async fn access_download(&self, form: ReportForm) -> Answer<Download>;
}
