//! The state that all requests and background loops share: the store, the AWS clients, the policies and the read model.
//!
//! The read model is replaced as a whole and never edited: a page works on one consistent state, however long it takes,
//! and no page waits for AWS.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use domain::{
    access::{self, Path},
    change::Operation,
    crawl::Read,
    engine::{Key, WindowRow},
    grant::{Term, Window},
    guardrails::{Agreement, Holds, Record, Records, Rules},
    ids::{AccountId, Assignment, ChangeId, Principal, UserId},
    org::SpecialAccounts,
    permission_set::{Content, analysis::Analysis},
    snapshot::Snapshot,
    time::{Duration, Timestamp},
};
use tokio::sync::{Notify, broadcast, watch};

use super::{guarded::Guarded, index::Roster, journal::Journal, waiting::WaitingRoom};
use crate::{
    aws::{Aws, Instance},
    clock::Clock,
    policies::Catalogue,
    store::Store,
};

/// Settings from the configuration, fixed at the start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time between two crawls.
    pub crawl_every: Duration,
    /// The accounts that contain Leastwise or its Cognito user pool.
    pub leastwise_accounts: Vec<AccountId>,
    /// The id of the Cognito user pool.
    pub pool: String,
}

/// The shared state of the process.
pub struct Core {
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
    /// The only way to append to the ledger.
    pub journal: Journal,
    pub settings: Settings,
    /// Notifies the engine of new work.
    pub wake_engine: Notify,
    /// Requests a crawl.
    pub wake_sync: Notify,
    /// What crawls observed of the resources that the engine manages.
    pub observations: broadcast::Sender<domain::engine::Observation>,
    /// Held while a newer read model is built, so that no concurrent read is lost.
    pub observing: tokio::sync::Mutex<()>,
    /// The single reads since the current crawl began.
    pub reads: Mutex<Vec<(Read, Timestamp)>>,
    /// The verifier key of the ledger, once the ledger is open.
    pub vkey: OnceLock<String>,
    /// What approved changes wait for before they start, for their pages.
    pub waiting: WaitingRoom,
    /// The ids of changes that were updated, for live pages.
    pub moved: broadcast::Sender<ChangeId>,
    /// False from the start until the stored state is loaded.
    remembered: watch::Sender<bool>,
    world: RwLock<Arc<World>>,
}

/// Everything known at one instant, and the values derived from it.
pub struct World {
    /// The last observed state of AWS.
    pub snapshot: Snapshot,
    /// The accounts with a special role in the organization.
    pub special: SpecialAccounts,
    /// The open access windows, by the assignment that they give.
    pub windows: BTreeMap<Assignment, Vec<Window>>,
    /// The policy findings of every account that counts as production PCI, as counts.
    pub guarded: BTreeMap<AccountId, Arc<Guarded>>,
    /// The exposure of production PCI, computed once.
    pub exposure: super::exposure::Exposed,
    /// The lists of pages, in display order.
    pub index: super::index::Index,
    /// The approvals of each access window, for evaluating other accounts on request.
    pub records: Records,
}

/// The reasons for the access that Leastwise granted, and the removals that are overdue.
#[derive(Debug, Default)]
pub struct Reasons {
    /// The open access windows.
    pub windows: Vec<WindowRow>,
    /// Who approved the changes of these windows, by change.
    pub agreed: BTreeMap<ChangeId, Agreement>,
    /// The resources whose removal is overdue, and since when.
    pub overdue: BTreeMap<Key, Timestamp>,
}

impl Core {
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
        Self {
            store,
            clock,
            aws,
            instance,
            catalogue: catalogue.into(),
            rules: rules.into(),
            journal,
            settings,
            wake_engine: Notify::new(),
            wake_sync: Notify::new(),
            observations: broadcast::channel(4_096).0,
            observing: tokio::sync::Mutex::new(()),
            reads: Mutex::default(),
            vkey: OnceLock::new(),
            waiting: WaitingRoom::default(),
            moved: broadcast::channel(256).0,
            remembered: watch::channel(true).0,
            world: RwLock::new(Arc::new(World::empty())),
        }
    }

    /// Marks the stored state as not loaded. Until `remembers_all`, nothing may be evaluated against the read model.
    pub fn remembers_nothing_yet(&self) {
        self.remembered.send_replace(false);
    }

    /// Marks the stored state as loaded and wakes the waiting tasks.
    pub fn remembers_all(&self) {
        self.remembered.send_replace(true);
    }

    /// Whether the read model holds the stored state of the last run, or a newer one.
    pub fn remembers(&self) -> bool {
        *self.remembered.borrow()
    }

    /// Waits until the stored state is loaded.
    pub async fn remembered(&self) {
        // The sender is a field of this value, so the channel cannot close.
        let _ = self.remembered.subscribe().wait_for(|all| *all).await;
    }

    /// Returns the current read model.
    pub fn world(&self) -> Arc<World> {
        self.world
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the read model.
    pub fn publish(&self, world: impl Into<Arc<World>>) {
        *self.world.write().unwrap_or_else(PoisonError::into_inner) = world.into();
    }

    /// Analyses what a permission set's content allows.
    pub fn analyse(&self, content: &Content) -> Analysis {
        domain::permission_set::analysis::analyse(content, &*self.catalogue)
    }

    /// Returns an evaluator of existing access by the policies. It evaluates equivalent cases once.
    pub fn holds<'a>(&'a self, world: &'a World) -> Holds<'a> {
        Holds::new(&world.snapshot, &self.rules).knowing(world.records.clone())
    }
}

impl World {
    fn empty() -> Self {
        Self {
            snapshot: Snapshot::default(),
            special: SpecialAccounts::default(),
            windows: BTreeMap::new(),
            guarded: BTreeMap::new(),
            exposure: super::exposure::Exposed::default(),
            index: super::index::Index::default(),
            records: Records::default(),
        }
    }

    /// Builds the read model of a snapshot. This takes seconds for a large organization, so it never happens during a
    /// request.
    pub fn new(
        snapshot: Snapshot,
        special: SpecialAccounts,
        reasons: Reasons,
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
        reasons: Reasons,
        rules: &Rules,
        touched: &BTreeSet<AccountId>,
    ) -> Self {
        let (windows, records) = by_assignment(reasons);
        let mut holds = Holds::new(&snapshot, rules).knowing(records.clone());
        let accounts = snapshot.parts().accounts.iter();
        let guarded: BTreeMap<AccountId, Arc<Guarded>> = accounts
            .filter(|(_, (_, class))| class.counts_as_production_pci())
            .map(|(id, _)| {
                let kept = old.guarded.get(id).filter(|_| !touched.contains(id));
                let word = kept.cloned();
                let word = word.unwrap_or_else(|| Arc::new(Guarded::of(&holds.spoken(id))));
                (id.clone(), word)
            })
            .collect();
        drop(holds);
        let roster = Roster::of(&snapshot);
        let exposure = super::exposure::expose(&snapshot, &windows, &guarded, &roster);
        let index = super::index::Index::new(&snapshot, &windows, &guarded, &roster);
        drop(roster);
        Self {
            snapshot,
            special,
            windows,
            guarded,
            exposure,
            index,
            records,
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

/// Groups the access windows by assignment, together with their approvals.
fn by_assignment(reasons: Reasons) -> (BTreeMap<Assignment, Vec<Window>>, Records) {
    let mut grouped: BTreeMap<Assignment, Vec<Window>> = BTreeMap::new();
    let mut records = Records {
        overdue: reasons.overdue,
        ..Records::default()
    };
    for row in reasons.windows {
        let agreed = reasons.agreed.get(&row.window.change);
        let agreed = agreed.cloned().unwrap_or_default();
        match row.key {
            Key::Assignment(assignment) => {
                let term = row.window.ends.map_or(Term::Standing, |end| {
                    Term::For(end.since(row.window.starts))
                });
                // If there are several windows, the longest determines the term and the approvals of the access.
                let known = records.assignments.get(&assignment);
                if known.is_none_or(|known| known.term <= term) {
                    let record = Record { term, agreed };
                    records.assignments.insert(assignment.clone(), record);
                }
                grouped.entry(assignment).or_default().push(row.window);
            }
            Key::Membership { group, user } => {
                let joined = records.memberships.entry(group).or_default();
                joined.insert(user, agreed);
            }
        }
    }
    (grouped, records)
}

/// Returns the maximum length of a role session through the access of an operation: the permission set's own limit, or
/// 12 hours, the maximum of AWS, if the permission set is unknown. For a group, the maximum over its permission sets.
pub fn session_of(world: &World, operation: &Operation) -> Duration {
    const LONGEST: Duration = Duration::hours(12);
    let of = |arn| {
        world.snapshot.set(arn).map_or(LONGEST, |set| {
            Duration::seconds(i64::from(set.content.session_seconds))
        })
    };
    match operation {
        Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
            of(&assignment.pair.set)
        }
        Operation::AddMember { group, .. } | Operation::RemoveMember { group, .. } => world
            .snapshot
            .pairs_of(&Principal::Group(group.clone()))
            .iter()
            .map(|pair| of(&pair.set))
            .max()
            .unwrap_or(Duration(0)),
    }
}
