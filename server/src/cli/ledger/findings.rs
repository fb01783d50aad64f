//! The findings of a verification for programs: one object for each, the same sentences that people read.
//!
//! The codes never change. `docs/ledger-verify.md` describes the members.

use serde::Serialize;

use super::Verified;
use crate::row_comparison::Difference;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// The number of the entry, if the finding is about one.
    pub seq: Option<u64>,
    /// The table of the row, if the finding is about one.
    pub table: Option<&'static str>,
    /// One sentence, as people read it.
    pub message: String,
}

/// Returns all findings: the first of the entries and checkpoints, the manifest, then columns and rows.
pub fn of(verified: &Verified) -> Vec<Finding> {
    let report = &verified.report;
    let entries = report.reason.as_ref().map(|reason| Finding {
        code: reason.code(),
        seq: report.first_bad,
        table: None,
        message: match report.first_bad {
            Some(seq) => format!("Entry {seq} is invalid: {reason}."),
            None => format!("The entries are valid, but {reason}."),
        },
    });
    let manifest = verified.manifest.as_ref().map(|differs| Finding {
        code: "manifest_differs",
        seq: None,
        table: None,
        message: format!("{differs}."),
    });
    let rows = of_rows(&verified.rows);
    entries.into_iter().chain(manifest).chain(rows).collect()
}

/// Returns a finding for each difference.
pub fn of_rows(differences: &[Difference]) -> impl Iterator<Item = Finding> {
    differences.iter().map(|differs| Finding {
        code: differs.code(),
        seq: differs.seq(),
        table: Some(differs.table()),
        message: format!("{differs}."),
    })
}
