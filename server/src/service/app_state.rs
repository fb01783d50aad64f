//! The state that all requests and background loops share: the store, the AWS clients, the policies and the read model.
//!
//! The read model is replaced as a whole and never edited: a page works on one consistent state, however long it takes,
//! and no page waits for AWS.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64},
    },
};

use domain::{
    access::{self, Path},
    change::Operation,
    classification::ClassificationContext,
    crawl::SingleRead,
    engine::lease::LeaseLength,
    grant::Window,
    ids::{AccountId, Assignment, ChangeId, Principal, UserId},
    org::SpecialAccounts,
    permission_set::{Content, analysis::Analysis},
    policies::{Agreement, ExistingAccessEvaluator, Records, Rules},
    snapshot::Snapshot,
    time::{Duration, Timestamp},
};
use tokio::sync::{Notify, broadcast, watch};

pub use super::access_reasons::AccessReasons;
use super::{
    access_reasons::by_assignment,
    changes::waiting::WaitingChanges,
    engine_lease::EngineLease,
    evaluation_slots::EvaluationSlots,
    identities::{DirectoryUsers, IdentitySummary, InstanceDirectory},
    index::Roster,
    journal::Journal,
    known_servers::KnownServers,
    moved_accounts::MovedAccounts,
    pci_findings::PciFindings,
    requested_items::RequestedItems,
    settings::Settings,
};
use crate::{
    aws::{Aws, Instance},
    clock::Clock,
    engine::pending_starts::PendingStarts,
    managed_policies::Catalogue,
    store::Store,
};

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
    /// The policies in force.
    pub rules: Arc<Rules>,
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
    /// Held while a read of AWS becomes a newer read model, and to replace the read model, so that no concurrent read is lost.
    pub observing: tokio::sync::Mutex<()>,
    /// The stored version of the observed state that the read model contains.
    pub observed_version: AtomicI64,
    /// The single reads since the current crawl began.
    pub reads: Mutex<Vec<(SingleRead, Timestamp)>>,
    /// Accounts that the read model does not show as they are now.
    pub moved_accounts: MovedAccounts,
    /// The proven items of the changes whose steps run.
    pub requested: RequestedItems,
    /// The verifier key of the ledger, once the ledger is open.
    pub vkey: OnceLock<String>,
    /// Limits how many changes are evaluated at once.
    pub evaluations: EvaluationSlots,
    /// The changes that wait for decisions.
    pub waiting_changes: WaitingChanges,
    /// What approved changes wait for before they start, for their pages.
    pub waiting: PendingStarts,
    /// The number of alarms about removals since the start, for the metrics.
    pub removal_alarms: AtomicU64,
    /// The servers on this database.
    pub known_servers: KnownServers,
    /// The ids of changes that were updated, for live pages.
    pub moved: broadcast::Sender<ChangeId>,
    /// False from the start until the stored state is loaded.
    restored: watch::Sender<bool>,
    identity_summary: RwLock<IdentitySummary>,
    read_model: RwLock<Arc<ReadModel>>,
}

/// Everything known at one instant, and the values derived from it.
pub struct ReadModel {
    /// The last observed state of AWS.
    pub snapshot: Snapshot,
    /// The accounts with a special role in the organization.
    pub special: SpecialAccounts,
    /// The open access windows, by the assignment that they give.
    pub windows: BTreeMap<Assignment, Vec<Window>>,
    /// The policy findings of every account that counts as production PCI, as counts.
    pub pci_findings: BTreeMap<AccountId, Arc<PciFindings>>,
    /// The exposure of production PCI, computed once.
    pub exposure: super::exposure::Exposure,
    /// The lists of pages, in display order.
    pub index: super::index::Index,
    /// The approvals of each access window, for evaluating other accounts on request.
    pub records: Records,
    /// Who approved the changes of the open access windows, by change.
    pub agreed: BTreeMap<ChangeId, Arc<Agreement>>,
}

impl AppState {
    /// Assembles the shared state with an empty read model.
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
            rules: rules.into(),
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
            reads: Mutex::default(),
            moved_accounts: MovedAccounts::default(),
            requested: RequestedItems::default(),
            vkey: OnceLock::new(),
            evaluations: EvaluationSlots::default(),
            waiting: PendingStarts::default(),
            waiting_changes: WaitingChanges::default(),
            known_servers: KnownServers::default(),
            removal_alarms: AtomicU64::new(0),
            moved: broadcast::channel(256).0,
            restored: watch::channel(true).0,
            identity_summary: RwLock::default(),
            read_model: RwLock::new(Arc::new(ReadModel::empty())),
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

    /// Replaces the read model.
    pub fn publish(&self, read_model: impl Into<Arc<ReadModel>>) {
        *self
            .read_model
            .write()
            .unwrap_or_else(PoisonError::into_inner) = read_model.into();
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
        domain::permission_set::analysis::analyse(content, &*self.catalogue)
    }

    /// Returns an evaluator of existing access by the policies. It evaluates equivalent cases once.
    pub fn existing_access<'a>(&'a self, read_model: &'a ReadModel) -> ExistingAccessEvaluator<'a> {
        ExistingAccessEvaluator::new(&read_model.snapshot, &self.rules)
            .with_records(read_model.records.clone())
    }
}

impl ReadModel {
    fn empty() -> Self {
        Self {
            snapshot: Snapshot::default(),
            special: SpecialAccounts::default(),
            windows: BTreeMap::new(),
            pci_findings: BTreeMap::new(),
            exposure: super::exposure::Exposure::default(),
            index: super::index::Index::default(),
            records: Records::default(),
            agreed: BTreeMap::new(),
        }
    }

    /// Builds the read model of a snapshot. This takes seconds for a large organization, so it never happens during a
    /// request.
    pub fn new(
        snapshot: Snapshot,
        special: SpecialAccounts,
        reasons: AccessReasons,
        rules: &Rules,
    ) -> Self {
        let everything = snapshot.parts().accounts.keys().cloned().collect();
        Self::after(
            &Self::empty(),
            snapshot,
            special,
            reasons,
            rules,
            &everything,
        )
    }

    /// Builds the read model of a snapshot, and evaluates only the `touched` accounts again. For the others, the
    /// findings of `old` are kept.
    pub fn after(
        old: &Self,
        snapshot: Snapshot,
        special: SpecialAccounts,
        reasons: AccessReasons,
        rules: &Rules,
        touched: &BTreeSet<AccountId>,
    ) -> Self {
        let agreed = reasons.agreed.clone();
        let (windows, records) = by_assignment(reasons);
        let mut existing_access =
            ExistingAccessEvaluator::new(&snapshot, rules).with_records(records.clone());
        let accounts = snapshot.parts().accounts.iter();
        let pci_findings: BTreeMap<AccountId, Arc<PciFindings>> = accounts
            .filter(|(_, (_, class))| class.counts_as_production_pci())
            .map(|(id, _)| {
                let kept = old.pci_findings.get(id).filter(|_| !touched.contains(id));
                let word = kept.cloned();
                let word = word
                    .unwrap_or_else(|| Arc::new(PciFindings::of(&existing_access.findings(id))));
                (id.clone(), word)
            })
            .collect();
        drop(existing_access);
        let roster = Roster::of(&snapshot);
        let exposure = super::exposure::expose(&snapshot, &windows, &pci_findings, &roster);
        let index = super::index::Index::new(&snapshot, &windows, &pci_findings, &roster);
        drop(roster);
        Self {
            snapshot,
            special,
            windows,
            pci_findings,
            exposure,
            index,
            records,
            agreed,
        }
    }

    /// Returns when access through an assignment ends. None if the access is standing, or if no access window of
    /// Leastwise explains it.
    pub fn ends(&self, assignment: &Assignment) -> Option<domain::time::Timestamp> {
        let windows = self.windows.get(assignment)?;
        windows
            .iter()
            .map(Window::stops)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }

    /// Returns the assignment of a path.
    pub fn assignment(reach: &access::Reach) -> Assignment {
        Assignment {
            pair: reach.pair.clone(),
            principal: reach.principal(),
        }
    }

    /// Returns the assignment of a user's path.
    pub fn assignment_of(pair: &domain::ids::Pair, user: &UserId, path: &Path) -> Assignment {
        let principal = match path {
            Path::Direct => Principal::User(user.clone()),
            Path::Group(group) => Principal::Group(group.clone()),
        };
        Assignment {
            pair: pair.clone(),
            principal,
        }
    }
}

/// Returns the maximum length of a role session through the access of an operation: the permission set's own limit, or
/// 12 hours, the maximum of AWS, if the permission set is unknown. For a group, the maximum over its permission sets.
pub fn session_of(read_model: &ReadModel, operation: &Operation) -> Duration {
    const LONGEST: Duration = Duration::hours(12);
    let of = |arn| {
        read_model.snapshot.set(arn).map_or(LONGEST, |set| {
            Duration::seconds(i64::from(set.content.session_seconds))
        })
    };
    if let Some(assignment) = operation.assignment() {
        return of(&assignment.pair.set);
    }
    let Some((group, _)) = operation.membership() else {
        return Duration(0);
    };
    let pairs = read_model
        .snapshot
        .pairs_of(&Principal::Group(group.clone()));
    let longest = pairs.iter().map(|pair| of(&pair.set)).max();
    longest.unwrap_or(Duration(0))
}
