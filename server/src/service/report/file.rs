//! The report as a file, in pieces: the head, then one piece per account, each dropped after it is sent.

use std::sync::Arc;

use app::backend::ReportRow;
use domain::time::Timestamp;

use super::Report;
use crate::service::csv::lines;

/// Returns one JSON object: the fields of the head, then the rows, one per line.
pub(super) fn json(report: &Arc<Report>) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
    let head = &report.head;
    let counts = head.counts;
    let mut fields = serde_json::json!({
        "report": "production-pci-access",
        "report_id": head.report_id,
        "made": head.made.rfc3339(),
        "as_of": head.as_of.map(Timestamp::rfc3339),
        "coverage": {
            "complete_at": head.freshness.complete_at.map(Timestamp::rfc3339),
            "unread": head.freshness.unread,
            "never_read": head.freshness.never_read,
            "stale": head.freshness.stale,
        },
        "people": counts.people,
        "disabled_people": counts.disabled,
        "orphaned_assignments": counts.orphaned,
        "accounts": counts.accounts,
        "accounts_not_classified": counts.unclassified,
        "row_count": counts.rows,
    });
    if !report.words.is_empty() {
        let (search, snapshot) = (report.search(), &report.read_model.snapshot);
        let found = report
            .accounts()
            .map(|account| search.count(snapshot, account));
        fields["row_count"] = found.sum::<usize>().into();
        fields["filter"] = report.words.as_str().into();
    }
    let mut open = format!("{fields:#}").into_bytes();
    open.truncate(open.len() - "\n}".len());
    open.extend_from_slice(b",\n  \"rows\": [");
    let mut between = "\n    ";
    let rows = accounts(report, move |_, rows| {
        let mut piece = Vec::new();
        for row in rows {
            piece.extend_from_slice(between.as_bytes());
            // Serialization cannot fail: a row contains only text, booleans and lists of text.
            piece.extend(serde_json::to_vec(row).unwrap_or_default());
            between = ",\n    ";
        }
        piece
    });
    [open]
        .into_iter()
        .chain(rows)
        .chain([b"\n  ]\n}\n".to_vec()])
}

/// Returns CSV with a header line. The last two columns of every row are the report's time and id, so that
/// every other line of the file is a row.
pub(super) fn csv(report: &Arc<Report>) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
    let head = lines([[
        "person_id",
        "person",
        "enabled",
        "orphaned",
        "account_id",
        "account",
        "account_state",
        "environment",
        "pci",
        "permission_set",
        "permission_set_arn",
        "path",
        "standing",
        "since",
        "start_known",
        "review_by",
        "capabilities",
        "findings",
        "finding_titles",
        "finding_controls",
        "finding_kinds",
        "as_of",
        "report_id",
    ]
    .map(str::to_owned)]);
    let rows = accounts(report, |report, rows| {
        let as_of = report
            .head
            .as_of
            .map(Timestamp::rfc3339)
            .unwrap_or_default();
        lines(rows.iter().map(|row| {
            [
                row.person_id.as_str(),
                &row.person,
                row.enabled.map_or("not known", yes),
                yes(row.orphaned),
                &row.account_id,
                &row.account,
                &row.account_state,
                &row.environment,
                &row.pci,
                &row.permission_set,
                &row.permission_set_arn,
                &row.path,
                yes(row.standing),
                &row.since,
                yes(row.start_known),
                row.review_by.as_deref().unwrap_or_default(),
                &capabilities(row),
                &row.findings.join(" "),
                &row.finding_titles.join("; "),
                &row.finding_controls.join("; "),
                &kinds(row),
                &as_of,
                &report.head.report_id,
            ]
            .map(str::to_owned)
        }))
    });
    [head].into_iter().chain(rows)
}

/// Returns one piece per account. The evaluator is created again for each, because it borrows the report and the pieces
/// outlive the borrow.
fn accounts<F>(report: &Arc<Report>, mut piece: F) -> impl Iterator<Item = Vec<u8>> + Send + use<F>
where
    F: FnMut(&Report, &[ReportRow]) -> Vec<u8> + Send,
{
    let accounts: Vec<_> = report.accounts().cloned().collect();
    let report = Arc::clone(report);
    let search = report.search();
    accounts.into_iter().map(move |account| {
        let mut rows = report.rows_of(&account, &mut report.existing_access());
        rows.retain(|row| search.keeps(row));
        piece(&report, &rows)
    })
}

fn capabilities(row: &ReportRow) -> String {
    let words: Vec<&str> = row.capabilities.iter().map(|one| one.as_str()).collect();
    words.join(" ")
}

fn kinds(row: &ReportRow) -> String {
    let words: Vec<&str> = row.finding_kinds.iter().map(|one| one.as_str()).collect();
    words.join(" ")
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
