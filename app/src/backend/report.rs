//! The report: who can reach production PCI, with coverage and freshness.

use async_trait::async_trait;
use domain::time::Timestamp;

use super::{Answer, Freshness};

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
    /// Stable id: hash over rows and coverage.
    pub report_id: String,
    /// When it was made.
    pub made: Timestamp,
    /// The oldest read that it rests on.
    pub as_of: Option<Timestamp>,
    /// Completeness.
    pub freshness: Freshness,
    /// People, accounts, rows.
    pub counts: (usize, usize, usize),
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessReport {
    /// First lines.
    pub head: ReportHead,
    /// Rows by account, person, set, path.
    pub rows: Vec<ReportRow>,
}

/// A file to download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Suggested name.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// The bytes.
    pub body: Vec<u8>,
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
    async fn access_report(&self) -> Answer<AccessReport>;
    /// The same as a file.
    async fn access_download(&self, form: ReportForm) -> Answer<Download>;
}
