//! What every request and every loop shares: the store, AWS, the rules, and the world as last seen.
//!
//! The world is replaced whole, never edited: a page works on one consistent picture, however long
//! it takes, and nothing on a page waits for AWS.

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

/// What is set once, from configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time between two crawls.
    pub crawl_every: Duration,
    /// Accounts that hold Leastwise or its pool.
    pub leastwise_accounts: Vec<AccountId>,
    /// The Cognito pool.
    pub pool: String,
}

/// Shared by everything.
pub struct Core {
    /// The database.
    pub store: Store,
    /// Time, ids, randomness.
    pub clock: Clock,
    /// AWS.
    pub aws: Aws,
    /// The instance that is governed.
    pub instance: Instance,
    /// AWS managed policies.
    pub catalogue: Arc<Catalogue>,
    /// The rules in force.
    pub rules: Arc<Rules>,
    /// What is written down.
    pub journal: Journal,
    /// From configuration.
    pub settings: Settings,
    /// Tells the engine that there is something new to carry out.
    pub wake_engine: Notify,
    /// Asks for a crawl now.
    pub wake_sync: Notify,
    /// What the crawl saw of keys that the engine minds.
    pub observations: broadcast::Sender<domain::engine::Observation>,
    /// Whoever makes a newer world holds this, so that nobody's reads are lost.
    pub observing: tokio::sync::Mutex<()>,
    /// Single reads since the crawl under way began.
    pub reads: Mutex<Vec<(Read, Timestamp)>>,
    /// The ledger's public key, once it is open.
    pub vkey: OnceLock<String>,
    /// What approved changes wait for before they start, for their pages.
    pub waiting: WaitingRoom,
    /// Which change moved, for live pages.
    pub moved: broadcast::Sender<ChangeId>,
    /// False from the start until what was known before it is there again.
    remembered: watch::Sender<bool>,
    world: RwLock<Arc<World>>,
}

/// Everything known at one instant, and what follows from it.
pub struct World {
    /// What AWS showed.
    pub snapshot: Snapshot,
    /// Accounts with a special part.
    pub special: SpecialAccounts,
    /// Windows of ours that are not over, by what they give.
    pub windows: BTreeMap<Assignment, Vec<Window>>,
    /// What the guardrails say of every account that counts as production PCI, in numbers.
    pub guarded: BTreeMap<AccountId, Arc<Guarded>>,
    /// Production PCI in numbers and names, worked out once.
    pub exposure: super::exposure::Exposed,
    /// Lists in the order in which pages show them.
    pub index: super::index::Index,
    /// Who agreed to which window, for judging other accounts when they are asked for.
    pub records: Records,
}

/// Why access of ours exists, or should not any more.
#[derive(Debug, Default)]
pub struct Reasons {
    /// Windows that are not over.
    pub windows: Vec<WindowRow>,
    /// Who agreed to which of their changes.
    pub agreed: BTreeMap<ChangeId, Agreement>,
    /// What should be gone, and since when.
    pub overdue: BTreeMap<Key, Timestamp>,
}

impl Core {
    /// Puts everything together around an empty world.
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

    /// From here until `remembers_all`, the world is not what it was, and nothing may be judged by it.
    pub fn remembers_nothing_yet(&self) {
        self.remembered.send_replace(false);
    }

    /// The world is what it was, and whoever waited goes on.
    pub fn remembers_all(&self) {
        self.remembered.send_replace(true);
    }

    /// Whether the world is what it was when the process last ran, or newer.
    pub fn remembers(&self) -> bool {
        *self.remembered.borrow()
    }

    /// Waits until it is.
    pub async fn remembered(&self) {
        // The other end is held by this very value, so it cannot go away meanwhile.
        let _ = self.remembered.subscribe().wait_for(|all| *all).await;
    }

    /// The world as last seen.
    pub fn world(&self) -> Arc<World> {
        self.world
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the world.
    pub fn publish(&self, world: impl Into<Arc<World>>) {
        *self.world.write().unwrap_or_else(PoisonError::into_inner) = world.into();
    }

    /// What a set's content allows.
    pub fn analyse(&self, content: &Content) -> Analysis {
        domain::permission_set::analysis::analyse(content, &*self.catalogue)
    }

    /// Judges what exists as asked for; alike cases once.
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

    /// Works out what follows from a snapshot: seconds for a large organisation, so never on a
    /// request's own time.
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

    /// The same, judging only `touched` accounts anew; of the others the older word is kept.
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

    /// When access by an assignment ends: none while any reason for it has no end, or where AWS
    /// holds it without a reason of ours.
    pub fn ends(&self, assignment: &Assignment) -> Option<domain::time::Timestamp> {
        let windows = self.windows.get(assignment)?;
        windows
            .iter()
            .map(Window::stops)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }

    /// The assignment behind one path.
    pub fn assignment(reach: &access::Reach) -> Assignment {
        Assignment {
            pair: reach.pair.clone(),
            principal: reach.principal(),
        }
    }

    /// The assignment behind one path of a user.
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

/// Windows by what they give, and what was agreed of each.
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
                // Of several windows the longest is what the access is, with what was agreed for that one.
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

/// How long a role session through an operation's access may last: the set's own limit, and the
/// longest that AWS knows where the set is unknown or a group's sets are many.
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
