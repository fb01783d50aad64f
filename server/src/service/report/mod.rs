//! Who can reach production PCI, as rows: one per person, account, permission set and path.
//!
//! The page, CSV, JSON and the command line use the same rows. They are built account by account and never held in
//! memory together, because a large organization has millions.

mod file;
mod id;
mod search;

use app::backend::{
    AccessReport, Answer, Denied, Download, Files, ListQuery, Page, ReportCounts, ReportForm,
    ReportHead, ReportPort, ReportRow,
};
use async_trait::async_trait;
use domain::{
    access::{self, Path, Reach},
    authorize::Action,
    guardrails::{Held, Holder, Holds},
    ids::AccountId,
    ledger::Hash,
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

use self::search::Search;
use super::{
    Service, broken,
    core::{Core, World},
    journal::Who,
    names,
};

/// The number of rows on one page. The report of an ordinary organization fits on one page when printed.
const PAGE: usize = 1_000;
/// The maximum number of rows in a file that a request can build in time. Spreadsheets also stop there.
const MOST_IN_A_FILE: usize = 1_000_000;

#[async_trait]
impl ReportPort for Service {
    async fn access_report(&self, query: &ListQuery) -> Answer<AccessReport> {
        self.allowed(Action::SeeReports)?;
        let (core, world, query) = (self.core.clone(), self.world.clone(), query.clone());
        // Searching millions of rows takes a moment and must not block other requests.
        tokio::task::spawn_blocking(move || {
            let report = Report::make(core, world);
            AccessReport {
                page: report.page(&query),
                files: report.files(),
                head: report.head,
            }
        })
        .await
        .map_err(broken)
    }

    async fn access_download(&self, form: ReportForm) -> Answer<Download> {
        self.allowed(Action::SeeReports)?;
        let (core, world) = (self.core.clone(), self.world.clone());
        // The name of the file is a hash of all its data.
        let report = tokio::task::spawn_blocking(move || Arc::new(Report::make(core, world)))
            .await
            .map_err(broken)?;
        if report.files() == Files::CommandLine {
            let rows = report.head.counts.rows;
            return Err(Denied::Conflict(format!(
                "The report has {rows} rows, which is too many to download. Run on the server: leastwise report access --csv"
            )));
        }
        let (ending, media_type) = match form {
            ReportForm::Csv => ("csv", "text/csv; charset=utf-8"),
            ReportForm::Json => ("json", "application/json"),
        };
        let made = Arc::clone(&report);
        let hash = tokio::task::spawn_blocking(move || made.hash(form))
            .await
            .map_err(broken)?;
        let id = report.head.report_id.clone();
        let who = Who::signed(&self.signed, &self.request);
        let entry = self.core.journal.report_downloaded(&who, &id, ending, hash);
        let recorded = async {
            let mut tx = self.core.store.write().await?;
            self.core.journal.append(&mut tx, entry).await?;
            tx.commit().await
        };
        // A download that cannot be recorded must not happen.
        recorded
            .await
            .map_err(|error| -> Denied { broken(error) })?;
        let day = &report.head.made.rfc3339()[..10];
        Ok(Download {
            name: format!("production-pci-access-{day}-{}.{ending}", &id[..8]),
            media_type,
            body: report.pieces(form),
        })
    }
}

/// The report of one read model.
pub struct Report {
    core: Arc<Core>,
    world: Arc<World>,
    /// The head of the report.
    pub head: ReportHead,
}

impl Report {
    /// Creates the report of the current read model.
    pub fn make(core: Arc<Core>, world: Arc<World>) -> Self {
        let made = core.clock.now();
        let snapshot = &world.snapshot;
        let exposure = &world.exposure;
        let head = ReportHead {
            report_id: id::of(&world, &core.rules),
            made,
            as_of: snapshot.parts().coverage.oldest,
            counts: ReportCounts {
                people: exposure.people.len(),
                accounts: exposure.accounts,
                rows: exposure.paths,
                standing: exposure.standing_paths,
                against: exposure.paths_against,
            },
            freshness: names::freshness(snapshot, core.settings.crawl_every, made),
        };
        Self { core, world, head }
    }

    fn files(&self) -> Files {
        if self.head.counts.rows > MOST_IN_A_FILE {
            Files::CommandLine
        } else {
            Files::Here
        }
    }

    /// Returns the accounts in the report, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.world.guarded.keys()
    }

    /// Returns the evaluator for the rows. Create one for all accounts of a file.
    pub fn holds(&self) -> Holds<'_> {
        self.core.holds(&self.world)
    }

    /// Returns the rows of one account, sorted by person, permission set and path.
    pub fn rows_of(&self, account: &AccountId, holds: &mut Holds<'_>) -> Vec<ReportRow> {
        let held = holds.of(account).into_iter();
        let mut rows: Vec<ReportRow> = held.filter_map(|held| self.row(held)).collect();
        rows.sort_by(|a, b| key(a).cmp(&key(b)));
        rows
    }

    /// Returns the file in a format, one piece per account. The bytes are the same for every call.
    pub fn pieces(self: &Arc<Self>, form: ReportForm) -> Box<dyn Iterator<Item = Vec<u8>> + Send> {
        match form {
            ReportForm::Csv => Box::new(file::csv(self)),
            ReportForm::Json => Box::new(file::json(self)),
        }
    }

    /// Returns the SHA-256 of the file in a format.
    pub fn hash(self: &Arc<Self>, form: ReportForm) -> Hash {
        let mut hasher = Sha256::new();
        for piece in self.pieces(form) {
            hasher.update(piece);
        }
        Hash(hasher.finalize().into())
    }

    fn page(&self, query: &ListQuery) -> Page<ReportRow> {
        let snapshot = &self.world.snapshot;
        let search = Search::of(&query.words, snapshot);
        let counts: Vec<(&AccountId, usize)> = self
            .accounts()
            .map(|account| (account, search.count(snapshot, account)))
            .collect();
        let total = counts.iter().map(|(_, count)| count).sum::<usize>();
        let number = query.page.clamp(1, total.div_ceil(PAGE).max(1));
        let mut skip = (number - 1) * PAGE;
        let mut rows = Vec::new();
        let mut holds = self.holds();
        for (account, count) in counts {
            if rows.len() == PAGE {
                break;
            }
            if skip >= count {
                skip -= count;
                continue;
            }
            let found = self.rows_of(account, &mut holds).into_iter();
            let found = found.filter(|row| search.keeps(row)).skip(skip);
            rows.extend(found.take(PAGE - rows.len()));
            skip = 0;
        }
        Page {
            rows,
            number,
            total,
            size: PAGE,
        }
    }

    fn row(&self, held: Held) -> Option<ReportRow> {
        let Holder::Person { reach } = held.holder else {
            return None;
        };
        let standing = self.world.ends(&World::assignment(&reach)).is_none();
        let findings = held.hits.iter().map(|hit| hit.rule.clone()).collect();
        Some(row(&self.world, &reach, standing, findings))
    }
}

/// Returns the sort key within an account.
fn key(row: &ReportRow) -> [&str; 4] {
    [&row.person, &row.person_id, &row.permission_set, &row.path]
}

fn row(world: &World, reach: &Reach, standing: bool, findings: Vec<String>) -> ReportRow {
    let snapshot = &world.snapshot;
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
            Path::Direct => DIRECT.into(),
            Path::Group(group) => through(&names::group(snapshot, group)),
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

/// The path of a direct assignment.
const DIRECT: &str = "direct";

/// Returns the path of a group's members.
fn through(group: &str) -> String {
    format!("group: {group}")
}
