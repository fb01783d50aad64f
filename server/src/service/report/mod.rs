//! Who can reach production PCI, as rows: one per person, account, permission set and path, and one per orphaned
//! assignment.
//!
//! The page, CSV, JSON and the command line use the same rows. They are built account by account and never held in
//! memory together, because a large organization has millions.

mod file;
mod findings;
mod id;
mod pages;
mod row;
mod search;

use app::backend::{
    AccessReport, Denied, Download, DownloadSource, FileFormat, ListQuery, PortResult,
    ReportAccount, ReportChoice, ReportCounts, ReportHead, ReportPort, ReportRow,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    ids::AccountId,
    ledger::Hash,
    policies::{ExistingAccess, ExistingAccessEvaluator, Holder},
    verdict::Outcome,
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, sync::Arc};

use self::{
    findings::Findings,
    row::{Subject, orphan, row},
    search::ReportSearch,
};
use super::{
    Service,
    app_state::{AppState, ReadModel},
    broken, home, names,
};

/// The number of accounts in the chart.
const CHARTED: usize = 12;
/// The maximum number of rows in a file that a request can build in time. Spreadsheets also stop there.
const MOST_IN_A_FILE: usize = 1_000_000;

#[async_trait]
impl ReportPort for Service {
    async fn access_report(&self, choice: &ReportChoice) -> PortResult<AccessReport> {
        self.allowed(Action::SeeReports)?;
        let (app_state, read_model, choice) = (
            self.app_state.clone(),
            self.read_model.clone(),
            choice.clone(),
        );
        let by = self.caller.person().map(|calling| calling.name.clone());
        // Searching millions of rows takes a moment and must not block other requests.
        tokio::task::spawn_blocking(move || {
            let report = Report::make(app_state, read_model);
            let (page, groups) = report.page(&choice);
            AccessReport {
                violations: home::findings(&report.read_model),
                top_accounts: top_accounts(&report.read_model),
                page,
                groups,
                files: report.files(),
                head: ReportHead { by, ..report.head },
            }
        })
        .await
        .map_err(broken)
    }

    async fn access_download(&self, query: &ListQuery, form: FileFormat) -> PortResult<Download> {
        self.allowed(Action::SeeReports)?;
        let (app_state, read_model) = (self.app_state.clone(), self.read_model.clone());
        let words = query.words.clone();
        // The name of the file is a hash of all its data.
        let report = tokio::task::spawn_blocking(move || {
            Arc::new(Report::make(app_state, read_model).with_words(&words))
        })
        .await
        .map_err(broken)?;
        if report.files() == DownloadSource::CommandLine {
            let rows = report.head.counts.rows;
            return Err(Denied::Conflict(format!(
                "The report has {rows} rows, which is too many to download. Run on the server: leastwise report access --csv"
            )));
        }
        let (ending, media_type) = match form {
            FileFormat::Csv => ("csv", "text/csv; charset=utf-8"),
            FileFormat::Json => ("json", "application/json"),
        };
        let made = Arc::clone(&report);
        let hash = tokio::task::spawn_blocking(move || made.hash(form))
            .await
            .map_err(broken)?;
        let id = report.head.report_id.clone();
        let entry = self
            .app_state
            .journal
            .report_downloaded(&self.who(), &id, ending, hash);
        let recorded = async {
            let mut tx = self.app_state.store.write().await?;
            self.app_state.journal.append(&mut tx, entry).await?;
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

/// The names in the rows of a report.
#[derive(Debug, Default)]
pub struct ReportNames {
    pub accounts: BTreeSet<String>,
    pub people: BTreeSet<String>,
    pub sets: BTreeSet<String>,
}

/// The report of one read model.
pub struct Report {
    app_state: Arc<AppState>,
    read_model: Arc<ReadModel>,
    pub head: ReportHead,
    /// The search words of the rows in a file; empty for all.
    words: String,
}

impl Report {
    /// Creates the report of the current read model.
    pub fn make(app_state: Arc<AppState>, read_model: Arc<ReadModel>) -> Self {
        let made = app_state.clock.now();
        let snapshot = &read_model.snapshot;
        let head = ReportHead {
            report_id: id::of(&read_model),
            made,
            as_of: snapshot.parts().coverage.oldest,
            counts: counts(&read_model),
            by: None,
            instance: app_state.instance.arn.as_str().to_owned(),
            policies: read_model.rules.version().0.clone(),
            freshness: names::freshness(snapshot, app_state.settings.crawl_every, made),
        };
        Self {
            app_state,
            read_model,
            head,
            words: String::new(),
        }
    }

    /// Keeps the rows with these words in files.
    #[must_use]
    fn with_words(mut self, words: &str) -> Self {
        words.clone_into(&mut self.words);
        self
    }

    fn search(&self) -> ReportSearch {
        ReportSearch::of(&self.words, &self.read_model.snapshot)
    }

    fn files(&self) -> DownloadSource {
        if self.head.counts.rows > MOST_IN_A_FILE {
            DownloadSource::CommandLine
        } else {
            DownloadSource::Page
        }
    }

    /// Returns every name that a row contains as account, person or permission set, without building the rows.
    pub fn names(&self) -> ReportNames {
        let snapshot = &self.read_model.snapshot;
        let mut found = ReportNames::default();
        for account in self.accounts() {
            found
                .accounts
                .insert(names::account(snapshot, account).name);
            for (pair, read) in snapshot.pairs_in(account) {
                found.sets.insert(names::set(snapshot, &pair.set).name);
                let gone = read.principals.keys().filter(|one| snapshot.is_gone(one));
                found.people.extend(gone.map(orphan));
            }
        }
        let people = self.read_model.exposure.people.keys();
        let people = people.map(|user| names::user(snapshot, user).name);
        found.people.extend(people);
        found
    }

    /// Returns the accounts in the report, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.read_model.pci_findings.keys()
    }

    /// Returns the evaluator for the rows. Create one for all accounts of a file.
    pub fn existing_access(&self) -> ExistingAccessEvaluator<'_> {
        self.app_state.existing_access(&self.read_model)
    }

    /// Returns the rows of one account, sorted by person, permission set and path.
    pub fn rows_of(
        &self,
        account: &AccountId,
        existing_access: &mut ExistingAccessEvaluator<'_>,
    ) -> Vec<ReportRow> {
        let held = existing_access.of(account).into_iter();
        let mut rows: Vec<ReportRow> = held.filter_map(|held| self.row(held)).collect();
        rows.sort_by(|a, b| key(a).cmp(&key(b)));
        rows
    }

    /// Returns the file in a format, one piece per account. The bytes are the same for every call.
    pub fn pieces(self: &Arc<Self>, form: FileFormat) -> Box<dyn Iterator<Item = Vec<u8>> + Send> {
        match form {
            FileFormat::Csv => Box::new(file::csv(self)),
            FileFormat::Json => Box::new(file::json(self)),
        }
    }

    /// Returns the SHA-256 of the file in a format.
    pub fn hash(self: &Arc<Self>, form: FileFormat) -> Hash {
        let mut hasher = Sha256::new();
        for piece in self.pieces(form) {
            hasher.update(piece);
        }
        Hash(hasher.finalize().into())
    }

    fn row(&self, held: ExistingAccess) -> Option<ReportRow> {
        let read_model = &*self.read_model;
        let findings = Findings::of(&read_model.rules, &held.hits);
        match held.holder {
            Holder::Person { reach } => Some(row(
                read_model,
                &ReadModel::assignment(&reach),
                reach.since,
                Subject::Person(&reach),
                findings,
            )),
            Holder::Orphan { assignment, since } => Some(row(
                read_model,
                &assignment,
                since,
                Subject::Orphan,
                findings,
            )),
            Holder::EmptyGroup { .. } => None,
        }
    }
}

/// Returns the accounts that the most people reach.
fn top_accounts(read_model: &ReadModel) -> Vec<ReportAccount> {
    let accounts = read_model.index.accounts();
    let mut found: Vec<(u32, &AccountId)> = accounts
        .filter(|entry| read_model.pci_findings.contains_key(&entry.id))
        .map(|entry| (entry.people, &entry.id))
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let top = found.into_iter().take(CHARTED);
    top.map(|(people, id)| ReportAccount {
        account: names::account(&read_model.snapshot, id),
        people,
    })
    .collect()
}

fn counts(read_model: &ReadModel) -> ReportCounts {
    let (exposure, never) = (&read_model.exposure, read_model.snapshot.never_read());
    let (totals, known) = (&exposure.totals, never.production_pci());
    let mut against = totals.paths_against;
    // Each orphaned assignment is a violation.
    against.add(Outcome::Refused, totals.orphans);
    let rows = totals.paths + totals.orphans;
    let judged = known.and(never.sets());
    ReportCounts {
        people: known.figure(exposure.people.len()),
        disabled: known.figure(exposure.disabled_people),
        accounts: never.accounts().figure(totals.accounts),
        unclassified: never.accounts().figure(totals.unclassified),
        rows,
        standing: known.figure(totals.standing_paths + totals.standing_orphans),
        orphaned: known.figure(totals.orphans),
        against: judged.figure(against),
        within: judged.figure(rows.saturating_sub(against.all())),
        assignments_against: judged.figure(totals.against),
    }
}

/// Returns the sort key within an account.
fn key(row: &ReportRow) -> [&str; 4] {
    [&row.person, &row.person_id, &row.permission_set, &row.path]
}
