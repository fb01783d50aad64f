//! The state that all requests and background loops share: the store, the AWS clients, the policies and the read model.
//! No page waits for AWS.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64},
    },
};

use catalogue::Catalogue;
use domain::{
    classification::ClassificationContext,
    engine::lease::LeaseLength,
    ids::ChangeId,
    org::SpecialAccounts,
    permission_set::{Content, analysis::Analysis},
    policies::{ExistingAccessEvaluator, Rules},
    time::Timestamp,
};
use tokio::sync::{Notify, broadcast, watch};

pub use super::{
    access_reasons::AccessReasons,
    read_model::{ReadModel, session_of},
};
use super::{
    changes::waiting::WaitingChanges,
    engine_lease::EngineLease,
    evaluation_slots::EvaluationSlots,
    exposure_history::ExposureHistory,
    identities::{DirectoryUsers, IdentitySummary, InstanceDirectory},
    journal::Journal,
    known_servers::KnownServers,
    publication::Publication,
    requested_items::RequestedItems,
    row_findings::RowFindings,
    settings::Settings,
    single_reads::CrawlsInProgress,
};
use crate::{
    aws::{Aws, Instance},
    clock::Clock,
    engine::pending_starts::PendingStarts,
    store::Store,
};

/// The number of analyses after which all are forgotten. Identity Center allows 2,000 permission sets by default.
const MOST_ANALYSES: usize = 5_000;

/// The shared state of the process.
pub struct AppState {
    pub store: Store,
    /// The source of time, ids and randomness.
    pub clock: Clock,
    pub aws: Aws,
    /// The Identity Center instance that Leastwise governs.
    pub instance: Instance,
    /// The AWS managed policies.
    pub catalogue: Arc<Catalogue>,
    /// Single users of the directory, read when they matter.
    pub directory_users: Arc<dyn DirectoryUsers>,
    /// The only way to append to the ledger.
    pub journal: Journal,
    pub settings: Settings,
    /// Whether the engine runs in this process.
    pub engine_lease: Arc<EngineLease>,
    /// Notifies that another process gave up the engine.
    pub lease_freed: Notify,
    /// Notifies the engine of new work.
    pub wake_engine: Notify,
    /// Tells the worker of this process that a job was enqueued.
    pub wake_jobs: Notify,
    /// When this process started.
    pub started: Timestamp,
    /// What crawls observed of the resources that the engine manages.
    pub observations: broadcast::Sender<domain::engine::Observation>,
    /// Held while a read of AWS is compared and stored, so that no concurrent read is lost.
    pub observing: tokio::sync::Mutex<()>,
    /// The stored version of the observed state that this process has in memory. The read model may show it later.
    pub observed_version: AtomicI64,
    /// The crawls in progress, which single reads are kept for.
    pub crawls: CrawlsInProgress,
    /// What the next read model must show.
    pub publication: Publication,
    /// The proven items of the changes whose steps run.
    pub requested: RequestedItems,
    /// The verifier key of the ledger, once the ledger is open.
    pub vkey: OnceLock<String>,
    /// Limits how many changes are evaluated at once.
    pub evaluations: EvaluationSlots,
    /// The changes that wait for decisions.
    pub waiting_changes: WaitingChanges,
    /// The number of exposed people on earlier days, as last computed.
    pub exposure_history: ExposureHistory,
    /// What approved changes wait for before they start, for their pages.
    pub waiting: PendingStarts,
    /// The number of alarms about removals since the start, for the metrics.
    pub removal_alarms: AtomicU64,
    /// What the last comparison of rows with the ledger found.
    pub row_findings: RowFindings,
    /// The servers on this database.
    pub known_servers: KnownServers,
    /// The ids of changes that were updated, for live pages.
    pub moved: broadcast::Sender<ChangeId>,
    /// False from the start until the stored state is loaded.
    restored: watch::Sender<bool>,
    /// What contents allow, as analysed before: most permission sets are the same in each crawl.
    analyses: Mutex<HashMap<String, Analysis>>,
    identity_summary: RwLock<IdentitySummary>,
    read_model: RwLock<Arc<ReadModel>>,
}

impl AppState {
    /// Assembles the shared state with an empty read model under these policies.
    #[expect(clippy::too_many_arguments, reason = "the composition root's one call")]
    pub fn new(
        store: Store,
        clock: Clock,
        aws: Aws,
        instance: Instance,
        catalogue: impl Into<Arc<Catalogue>>,
        rules: impl Into<Arc<Rules>>,
        journal: Journal,
        settings: Settings,
    ) -> Self {
        let directory_users = Arc::new(InstanceDirectory {
            aws: aws.clone(),
            instance: instance.clone(),
        });
        Self {
            started: clock.now(),
            store,
            clock,
            aws,
            instance,
            catalogue: catalogue.into(),
            directory_users,
            journal,
            settings,
            engine_lease: Arc::new(EngineLease::new(LeaseLength::DEFAULT)),
            lease_freed: Notify::new(),
            wake_engine: Notify::new(),
            wake_jobs: Notify::new(),
            observations: broadcast::channel(4_096).0,
            observing: tokio::sync::Mutex::new(()),
            observed_version: AtomicI64::new(0),
            crawls: CrawlsInProgress::default(),
            publication: Publication::default(),
            requested: RequestedItems::default(),
            vkey: OnceLock::new(),
            evaluations: EvaluationSlots::default(),
            waiting: PendingStarts::default(),
            waiting_changes: WaitingChanges::default(),
            exposure_history: ExposureHistory::default(),
            row_findings: RowFindings::default(),
            known_servers: KnownServers::default(),
            removal_alarms: AtomicU64::new(0),
            moved: broadcast::channel(256).0,
            restored: watch::channel(true).0,
            analyses: Mutex::default(),
            identity_summary: RwLock::default(),
            read_model: RwLock::new(Arc::new(ReadModel::empty(rules.into()))),
        }
    }

    /// Reads single users from another directory, such as that of a test.
    #[must_use]
    pub fn with_directory_users(mut self, users: Arc<dyn DirectoryUsers>) -> Self {
        self.directory_users = users;
        self
    }

    /// Runs the engine under a lease of another length.
    #[must_use]
    pub fn with_engine_lease(mut self, lease: EngineLease) -> Self {
        self.engine_lease = Arc::new(lease);
        self
    }

    /// Returns what pages and metrics say about identities.
    pub fn identity_summary(&self) -> IdentitySummary {
        self.identity_summary
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set_identity_summary(&self, state: IdentitySummary) {
        *self
            .identity_summary
            .write()
            .unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Marks the stored state as not loaded. Until `mark_restored`, nothing may be evaluated against the read model.
    pub fn mark_restoring(&self) {
        self.restored.send_replace(false);
    }

    /// Marks the stored state as loaded and wakes the waiting tasks.
    pub fn mark_restored(&self) {
        self.restored.send_replace(true);
    }

    /// Whether the read model holds the stored state of the last run, or a newer one.
    pub fn is_restored(&self) -> bool {
        *self.restored.borrow()
    }

    /// Waits until the stored state is loaded.
    pub async fn restored(&self) {
        // The sender is a field of this value, so the channel cannot close.
        let _ = self.restored.subscribe().wait_for(|all| *all).await;
    }

    /// Returns the current read model.
    pub fn read_model(&self) -> Arc<ReadModel> {
        self.read_model
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the policies in force: those of the current read model. Whoever uses a read model as well takes them from it.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.read_model().rules)
    }

    /// Replaces the read model, and what was observed for the next one.
    pub fn publish(&self, read_model: impl Into<Arc<ReadModel>>) {
        self.publication.replaced();
        *self
            .read_model
            .write()
            .unwrap_or_else(PoisonError::into_inner) = read_model.into();
    }

    /// Replaces the read model, unless it is not this one any more. Returns whether it was replaced.
    pub(super) fn replace_read_model(&self, old: &Arc<ReadModel>, next: Arc<ReadModel>) -> bool {
        let current = self.read_model.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        let is_same = Arc::ptr_eq(old, &current);
        if is_same {
            *current = next;
        }
        is_same
    }

    /// Returns what accounts are classified by besides tags and OUs.
    pub fn classification<'a>(&'a self, special: &'a SpecialAccounts) -> ClassificationContext<'a> {
        ClassificationContext {
            special,
            mapping: &self.settings.mapping.mapping,
        }
    }

    /// Analyses what a permission set's content allows.
    pub fn analyse(&self, content: &Content) -> Analysis {
        // Not by its hash, which ignores how a policy is written: the analysis does not.
        let text = crate::store::to_json(content);
        let known = || self.analyses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(analysis) = known().get(&text) {
            return analysis.clone();
        }
        let analysis = domain::permission_set::analysis::analyse(content, &*self.catalogue);
        let mut known = known();
        if known.len() >= MOST_ANALYSES {
            known.clear();
        }
        known.insert(text, analysis.clone());
        analysis
    }

    /// Returns an evaluator of existing access by the policies. It evaluates equivalent cases once.
    pub fn existing_access<'a>(&'a self, read_model: &'a ReadModel) -> ExistingAccessEvaluator<'a> {
        let evaluator = ExistingAccessEvaluator::new(&read_model.snapshot, &read_model.rules)
            .with_records(read_model.reasons.records.clone());
        match &read_model.evaluated {
            Some(evaluated) => evaluator.with_evaluated(evaluated),
            None => evaluator,
        }
    }
}
