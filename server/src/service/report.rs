//! Who can reach production PCI, as rows: one person, one account, one set, one path.
//!
//! Page, CSV, JSON and command line come from the same rows, and the report's id is their hash: two
//! reports that differ in a byte have different ids.

use app::backend::{
    AccessReport, Answer, Denied, Download, ReportForm, ReportHead, ReportPort, ReportRow,
};
use async_trait::async_trait;
use domain::{
    access::{self, Path},
    authorize::Action,
    guardrails::Holder,
    ledger::Hash,
    snapshot::Snapshot,
    time::Timestamp,
};

use super::{
    Service, broken,
    core::{Core, World},
    journal::Who,
    names,
};

#[async_trait]
impl ReportPort for Service {
    async fn access_report(&self) -> Answer<AccessReport> {
        self.allowed(Action::SeeReports)?;
        Ok(make(&self.core, &self.world))
    }

    async fn access_download(&self, form: ReportForm) -> Answer<Download> {
        self.allowed(Action::SeeReports)?;
        let report = make(&self.core, &self.world);
        let (word, media_type, body) = match form {
            ReportForm::Csv => (
                "csv",
                "text/csv; charset=utf-8",
                csv(&report).map_err(broken)?,
            ),
            ReportForm::Json => ("json", "application/json", json(&report).map_err(broken)?),
        };
        let who = Who::signed(&self.signed, &self.request);
        let entry = self.core.journal.report_downloaded(
            &who,
            &report.head.report_id,
            word,
            Hash::of(&body),
        );
        let recorded = async {
            let mut tx = self.core.store.write().await?;
            self.core.journal.append(&mut tx, entry).await?;
            tx.commit().await
        };
        // What leaves without a trace must not leave.
        recorded
            .await
            .map_err(|error| -> Denied { broken(error) })?;
        let day = &report.head.made.rfc3339()[..10];
        Ok(Download {
            name: format!(
                "production-pci-access-{day}-{}.{word}",
                &report.head.report_id[..8]
            ),
            media_type,
            body,
        })
    }
}

/// Makes the report of the world as it is.
pub fn make(core: &Core, world: &World) -> AccessReport {
    let made = core.clock.now();
    let snapshot = &world.snapshot;
    let mut rows: Vec<ReportRow> = Vec::new();
    for account in world.held.keys() {
        let held = core.held(world, account);
        for reach in access::reaching(snapshot, account) {
            let standing = world.ends(&World::assignment(&reach)).is_none();
            let findings = held
                .iter()
                .filter(
                    |one| matches!(&one.holder, Holder::Person { reach: held } if *held == reach),
                )
                .flat_map(|one| one.hits.iter().map(|hit| hit.rule.clone()))
                .collect();
            rows.push(row(snapshot, &reach, standing, findings));
        }
    }
    rows.sort_by(|a, b| {
        let key = |row: &ReportRow| {
            (
                row.account_id.clone(),
                row.person.clone(),
                row.person_id.clone(),
                row.permission_set.clone(),
                row.path.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    let freshness = names::freshness(snapshot, core.settings.crawl_every, made);
    let people: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row.person_id.as_str()).collect();
    let head = ReportHead {
        report_id: id(&rows, snapshot),
        made,
        as_of: snapshot.parts().coverage.oldest,
        counts: (people.len(), world.held.len(), rows.len()),
        freshness,
    };
    AccessReport { head, rows }
}

fn row(
    snapshot: &Snapshot,
    reach: &access::Reach,
    standing: bool,
    findings: Vec<String>,
) -> ReportRow {
    let account = names::account(snapshot, &reach.pair.account);
    let set = names::set(snapshot, &reach.pair.set);
    ReportRow {
        person_id: reach.user.to_string(),
        person: names::user(snapshot, &reach.user).name,
        enabled: access::can_sign_in(snapshot, &reach.user),
        account_id: account.id.to_string(),
        account: account.name,
        environment: account.class.environment.as_str().into(),
        pci: account.class.pci.as_str().into(),
        permission_set: set.name,
        permission_set_arn: set.arn.to_string(),
        path: match &reach.path {
            Path::Direct => "direct".into(),
            Path::Group(group) => format!("group: {}", names::group(snapshot, group)),
        },
        standing,
        since: reach.since.rfc3339(),
        risks: set
            .risks
            .iter()
            .map(|risk| risk.as_str().to_owned())
            .collect(),
        findings,
    }
}

/// The hash of rows and coverage.
fn id(rows: &[ReportRow], snapshot: &Snapshot) -> String {
    let whole = serde_json::json!({ "rows": rows, "coverage": snapshot.parts().coverage });
    Hash::of(whole.to_string().as_bytes()).to_string()
}

/// One JSON object: the head's fields, then the rows.
pub fn json(report: &AccessReport) -> Result<Vec<u8>, serde_json::Error> {
    let head = &report.head;
    let (people, accounts, rows) = head.counts;
    serde_json::to_vec_pretty(&serde_json::json!({
        "report": "production-pci-access",
        "report_id": head.report_id,
        "made": head.made.rfc3339(),
        "as_of": head.as_of.map(Timestamp::rfc3339),
        "coverage": {
            "complete_at": head.freshness.complete_at.map(Timestamp::rfc3339),
            "unread": head.freshness.unread,
            "stale": head.freshness.stale,
        },
        "people": people,
        "accounts": accounts,
        "row_count": rows,
        "rows": report.rows,
    }))
}

/// RFC 4180 with a header line; the report's id and time are the last two columns of every row, so that
/// no line of the file is anything but a row.
pub fn csv(report: &AccessReport) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record([
        "person_id",
        "person",
        "enabled",
        "account_id",
        "account",
        "environment",
        "pci",
        "permission_set",
        "permission_set_arn",
        "path",
        "standing",
        "since",
        "risks",
        "findings",
        "as_of",
        "report_id",
    ])?;
    let as_of = report
        .head
        .as_of
        .map(Timestamp::rfc3339)
        .unwrap_or_default();
    for row in &report.rows {
        let cells = [
            row.person_id.as_str(),
            &row.person,
            yes(row.enabled),
            &row.account_id,
            &row.account,
            &row.environment,
            &row.pci,
            &row.permission_set,
            &row.permission_set_arn,
            &row.path,
            yes(row.standing),
            &row.since,
            &row.risks.join(" "),
            &row.findings.join(" "),
            &as_of,
            &report.head.report_id,
        ]
        .map(harmless);
        writer.write_record(cells)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe in front (ASVS 1.2.10).
pub fn harmless(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_begins_like_a_formula_is_defused_and_others_are_left_alone() {
        for formula in ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", "\rx"] {
            assert!(harmless(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(harmless("Ann = 1"), "Ann = 1");
    }
}
