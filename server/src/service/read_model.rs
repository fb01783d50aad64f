//! Everything known at one instant, and what is derived from it.
//!
//! Replaced and never edited: a page works on one consistent state, however long it takes. A newer read model shares with
//! the older one whatever is equal, and what is derived follows by difference. Building one anew and following from an
//! older one give the same; a property test compares them.

mod touched;

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    access::{self, Path},
    change::Operation,
    classification::Classification,
    ids::{AccountId, Assignment, Pair, Principal, UserId},
    org::SpecialAccounts,
    permission_set::PermissionSet,
    policies::{Evaluated, ExistingAccessEvaluator, Rules},
    shared_map::SharedMap,
    snapshot::{ChangedItems, Difference, Parts, Snapshot},
    time::{Date, Duration, Timestamp},
};

use self::touched::Touched;
use super::{
    access_reasons::AccessReasons,
    exposure::{Exposure, Renewed},
    index::{Index, PeopleChange, TouchedRows},
    pci_findings::PciFindings,
    reach::{Reaches, Windows},
};

/// Everything known at one instant, and the values derived from it.
#[derive(Clone)]
pub struct ReadModel {
    /// The policies in force, by which everything here was evaluated.
    pub rules: Arc<Rules>,
    /// The last observed state of AWS.
    pub snapshot: Snapshot,
    /// The accounts with a special role in the organization.
    pub special: SpecialAccounts,
    /// The open access windows and who agreed to them, for evaluating other accounts on request.
    pub reasons: AccessReasons,
    /// The policy findings of every account that counts as production PCI, as counts.
    pub pci_findings: SharedMap<AccountId, Arc<PciFindings>>,
    /// The exposure of production PCI.
    pub exposure: Exposure,
    /// The lists of pages, in display order.
    pub index: Index,
    reaches: Reaches,
    /// What was evaluated for the findings; none before the first build.
    pub(super) evaluated: Option<Arc<Evaluated>>,
}

/// What rows and numbers are derived from.
pub(super) struct ModelBasis<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) windows: &'a Windows,
    pub(super) pci_findings: &'a SharedMap<AccountId, Arc<PciFindings>>,
    pub(super) reaches: &'a Reaches,
}

impl ReadModel {
    /// Returns a read model under these policies that knows nothing.
    pub fn empty(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            snapshot: Snapshot::default(),
            special: SpecialAccounts::default(),
            reasons: AccessReasons::default(),
            pci_findings: SharedMap::default(),
            exposure: Exposure::default(),
            index: Index::default(),
            reaches: Reaches::default(),
            evaluated: None,
        }
    }

    /// Builds the read model of a snapshot. This takes seconds for a large organization, so it never happens during a
    /// request.
    pub fn new(
        snapshot: Snapshot,
        special: SpecialAccounts,
        reasons: AccessReasons,
        rules: &Arc<Rules>,
    ) -> Self {
        let parts = snapshot.parts();
        let evaluated = Arc::new(Evaluated::new(rules.version()));
        let (reaches, pci_findings) = at_once(
            || Reaches::new(&snapshot, &reasons.windows),
            || all_findings(&snapshot, &reasons, rules, &evaluated),
        );
        let (empty, windows) = (Self::empty(Arc::clone(rules)), reasons.windows.clone());
        let new = ModelBasis {
            snapshot: &snapshot,
            windows: &windows,
            pci_findings: &pci_findings,
            reaches: &reaches,
        };
        let old = empty.basis();
        let everybody: Vec<_> = reaches.everybody(&snapshot).collect();
        let accounts: BTreeSet<AccountId> = parts.accounts.keys().cloned().collect();
        let (exposure, index) = at_once(
            || Exposure::new((&old, &new), &everybody, &accounts),
            || Index::new((&old, &new), &everybody, &accounts),
        );
        drop(everybody);
        Self {
            rules: Arc::clone(rules),
            special,
            pci_findings: pci_findings.clone(),
            exposure,
            index,
            reaches: reaches.clone(),
            reasons,
            snapshot,
            evaluated: Some(evaluated),
        }
    }

    /// Returns the read model of newer data. Costs as much as differs, unless the directory or the policies do.
    #[must_use]
    pub fn updated(
        &self,
        parts: Parts,
        special: SpecialAccounts,
        reasons: AccessReasons,
        rules: &Arc<Rules>,
    ) -> Self {
        let (snapshot, difference) = self.snapshot.updated(parts);
        match difference {
            _ if rules.version() != self.rules.version() => {
                Self::new(snapshot, special, reasons, rules)
            }
            Difference::Everything => Self::new(snapshot, special, reasons, rules),
            Difference::Items(items) => {
                let mut next = Self {
                    snapshot,
                    special,
                    reasons,
                    ..self.clone()
                };
                next.follow(self, &items, rules);
                next
            }
        }
    }

    /// Brings what is derived up to date, where `items` or the reasons for access differ from the old read model.
    fn follow(&mut self, old: &Self, items: &ChangedItems, rules: &Rules) {
        let mut touched = Touched::between(old, self, items, rules);
        // What people are to the policies may differ with the members of such a group.
        if items.groups.iter().any(|group| rules.names_group(group)) {
            self.evaluated = None;
        }
        let new = || Arc::new(Evaluated::new(rules.version()));
        let evaluated = Arc::clone(self.evaluated.get_or_insert_with(new));
        let mut evaluator = evaluator(&self.snapshot, &self.reasons, rules);
        evaluator = evaluator.with_evaluated(&evaluated);
        for id in &touched.accounts {
            let class = self.snapshot.account(id).map(|(_, class)| class);
            let guarded = class.is_some_and(Classification::counts_as_production_pci);
            let findings = guarded.then(|| Arc::new(PciFindings::of(&evaluator.findings(id))));
            self.pci_findings.set(id, findings);
        }
        drop(evaluator);
        touched.renumber(&mut self.reaches, old, &self.snapshot, items);
        let windows = self.reasons.windows.clone();
        let mut changed: BTreeSet<&Principal> = touched.reclassified.iter().collect();
        for principal in &touched.principals {
            if self.reaches.update(&self.snapshot, &windows, principal) {
                changed.insert(principal);
            }
        }
        let people = touched::people(old, &self.snapshot, &changed, items);
        let mut change = PeopleChange::default();
        let new = ModelBasis {
            snapshot: &self.snapshot,
            windows: &windows,
            pci_findings: &self.pci_findings,
            reaches: &self.reaches,
        };
        let old = old.basis();
        for user in &people {
            let before = old.reaches.of_person(old.snapshot, user);
            let after = self.reaches.of_person(&self.snapshot, user);
            self.exposure
                .update_person(&self.snapshot, user, (&before, &after));
            self.index
                .update_person((&old, &before), (&new, &after), user);
            change.add(&before, &after);
        }
        let rows = TouchedRows {
            accounts: &touched.accounts,
            pairs: &touched.pairs,
            sets: &items.sets,
            principals: &changed.into_iter().cloned().collect(),
            groups: &items.groups,
        };
        self.index.update(&old, &new, &rows, &change);
        self.exposure
            .update_accounts(&old, &new, touched.accounts.iter());
        self.exposure.update_findings(&old, &new, &items.accounts);
        let same = items.accounts.is_empty() && items.sets.is_empty();
        let renewed = if same {
            Renewed::Nothing
        } else {
            Renewed::Rows
        };
        self.exposure.update_top(&new, &people, renewed);
    }

    fn basis(&self) -> ModelBasis<'_> {
        ModelBasis {
            snapshot: &self.snapshot,
            windows: &self.reasons.windows,
            pci_findings: &self.pci_findings,
            reaches: &self.reaches,
        }
    }

    /// Returns when access through an assignment ends. None if the access is standing, or if no access window of
    /// Leastwise explains it.
    pub fn ends(&self, assignment: &Assignment) -> Option<Timestamp> {
        let windows = self.reasons.windows.get(assignment)?;
        windows
            .iter()
            .map(domain::grant::Window::stops)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }

    /// Whether Leastwise granted an assignment, so that its start is known.
    pub fn is_granted(&self, assignment: &Assignment) -> bool {
        let windows = self.reasons.windows.get(assignment);
        windows.is_some_and(|windows| !windows.is_empty())
    }

    /// Returns the first date by which somebody reviews an assignment, or the membership by which a person has it.
    pub fn review_on(&self, assignment: &Assignment, person: Option<&UserId>) -> Option<Date> {
        let records = &self.reasons.records;
        let of_assignment = records.assignments.get(assignment);
        let of_assignment = of_assignment.and_then(|record| record.agreed.review_on);
        let of_membership = match (&assignment.principal, person) {
            (Principal::Group(group), Some(user)) => {
                let joined = records.memberships.get(group);
                joined.and_then(|joined| joined.get(user)?.review_on)
            }
            _ => None,
        };
        of_assignment.into_iter().chain(of_membership).min()
    }

    /// Returns the assignment of a path.
    pub fn assignment(reach: &access::Reach) -> Assignment {
        Assignment {
            pair: reach.pair.clone(),
            principal: reach.principal(),
        }
    }

    /// Returns the assignment of a user's path.
    pub fn assignment_of(pair: &Pair, user: &UserId, path: &Path) -> Assignment {
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

/// Computes two things at once, because a start waits for both.
fn at_once<A: Send, B>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        let first = first.join();
        let first = first.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (first, second)
    })
}

/// Evaluates every account that counts as production PCI.
fn all_findings(
    snapshot: &Snapshot,
    reasons: &AccessReasons,
    rules: &Rules,
    evaluated: &Arc<Evaluated>,
) -> SharedMap<AccountId, Arc<PciFindings>> {
    let mut evaluator = evaluator(snapshot, reasons, rules).with_evaluated(evaluated);
    let classes = snapshot.parts().accounts.iter();
    let guarded = classes.filter(|(_, (_, class))| class.counts_as_production_pci());
    let findings = guarded.map(|(id, _)| {
        let findings = PciFindings::of(&evaluator.findings(id));
        (id.clone(), Arc::new(findings))
    });
    findings.collect()
}

fn evaluator<'a>(
    snapshot: &'a Snapshot,
    reasons: &AccessReasons,
    rules: &'a Rules,
) -> ExistingAccessEvaluator<'a> {
    ExistingAccessEvaluator::new(snapshot, rules).with_records(reasons.records.clone())
}

/// Returns the maximum length of a role session through the access of an operation: the permission set's own limit, or
/// 12 hours, the maximum of AWS, if the permission set is unknown. For a group, the maximum over its permission sets.
pub fn session_of(read_model: &ReadModel, operation: &Operation) -> Duration {
    const LONGEST: Duration = Duration::hours(12);
    let of = |arn| {
        let length =
            |set: &PermissionSet| Duration::seconds(i64::from(set.content.session_seconds));
        read_model.snapshot.set(arn).map_or(LONGEST, length)
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
