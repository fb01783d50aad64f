//! What the assignments of each principal give, as bit sets, so that what one person has is a few words and no path is
//! visited: a large organization has millions of paths.
//!
//! Accounts and permission sets are numbered. A number is valid in one read model and those that follow from it by
//! difference, and is never stored.

mod id_numbers;

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    classification::Classification,
    grant::Window,
    ids::{AccountId, Assignment, Pair, PermissionSetArn, Principal, UserId},
    permission_set::analysis::{Analysis, Capability},
    shared_map::SharedMap,
    snapshot::{Knowledge, Snapshot},
};

pub(super) use self::id_numbers::IdNumbers;
use super::bit_set::BitSet;

/// The open access windows, by the assignment that they give.
pub type Windows = SharedMap<Assignment, Vec<Window>>;

/// The access of one person to production PCI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PersonExposure {
    pub accounts: u32,
    /// The number of permission sets.
    pub sets: u32,
    pub paths: u32,
    /// The number of paths that are direct assignments.
    pub direct: u32,
    /// The number of paths that are standing.
    pub standing: u32,
    /// The number of paths that make the person an administrator or let them become one.
    pub powerful: u32,
    /// The most dangerous of what the permission sets allow.
    pub worst: Option<Capability>,
}

/// How exposed a person is, to be compared: those who are administrators or can become one are more exposed than others, then
/// those with standing access, then those with the more dangerous capability, with more accounts and with more paths.
pub(super) type ExposureWeight = (bool, bool, Option<Reverse<Capability>>, u32, u32);

impl PersonExposure {
    pub(super) fn weight(&self) -> ExposureWeight {
        (
            self.powerful > 0,
            self.standing > 0,
            self.worst.map(Reverse),
            self.accounts,
            self.paths,
        )
    }
}

/// What the assignments of one principal give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PrincipalReach {
    /// All accounts, those that are not in the organization included.
    pub(super) accounts: BitSet,
    pub(super) sets: BitSet,
    /// The permission sets in production PCI.
    pci_sets: BitSet,
    /// The assignments in production PCI, and those of them that are standing or powerful.
    paths: u32,
    standing: u32,
    powerful: u32,
    worst: Option<Capability>,
}

/// What one person has by all paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PersonReach {
    pub(super) accounts: BitSet,
    pub(super) sets: BitSet,
    pub(super) exposure: PersonExposure,
}

/// What each principal's assignments give.
#[derive(Debug, Clone, Default)]
pub(super) struct Reaches {
    pub(super) accounts: IdNumbers<AccountId>,
    pub(super) sets: IdNumbers<PermissionSetArn>,
    /// The accounts of the organization.
    pub(super) known: BitSet,
    /// Those of them that count as production PCI.
    pub(super) pci: BitSet,
    /// The most dangerous of what each permission set allows, by number.
    worst: Vec<Option<Capability>>,
    by_principal: SharedMap<Principal, Arc<PrincipalReach>>,
}

impl Reaches {
    pub(super) fn new(snapshot: &Snapshot, windows: &Windows) -> Self {
        let parts = snapshot.parts();
        let mut reaches = Self {
            accounts: IdNumbers::of(parts.accounts.keys()),
            sets: IdNumbers::of(parts.sets.keys()),
            ..Self::default()
        };
        for account in parts.accounts.keys() {
            reaches.flag(snapshot, account);
        }
        for set in parts.sets.keys() {
            reaches.flag_set(snapshot, set);
        }
        let mut all: HashMap<&Principal, PrincipalReach> = HashMap::new();
        for (pair, read) in &parts.pairs {
            for principal in read.principals.keys() {
                let reach = all.entry(principal).or_default();
                reaches.add(windows, reach, pair, principal);
            }
        }
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_unstable_by_key(|(principal, _)| *principal);
        let all = all.into_iter();
        reaches.by_principal = all
            .map(|(principal, reach)| (principal.clone(), Arc::new(reach)))
            .collect();
        reaches
    }

    /// Notes whether an account is in the organization and counts as production PCI. Returns whether that changed.
    pub(super) fn flag(&mut self, snapshot: &Snapshot, account: &AccountId) -> bool {
        let number = self.accounts.number(account);
        let class = snapshot.account(account).map(|(_, class)| class);
        let is_pci = class.is_some_and(Classification::counts_as_production_pci);
        let known = put(&mut self.known, number, class.is_some());
        put(&mut self.pci, number, is_pci) || known
    }

    /// Notes the most dangerous of what a permission set allows. Returns whether that changed.
    pub(super) fn flag_set(&mut self, snapshot: &Snapshot, set: &PermissionSetArn) -> bool {
        let number = self.sets.number(set);
        let worst = snapshot
            .set(set)
            .and_then(|set| worst(set.analysis.capabilities()));
        if number >= self.worst.len() {
            self.worst.resize(number + 1, None);
        }
        std::mem::replace(&mut self.worst[number], worst) != worst
    }

    /// Computes what a principal's assignments give. Returns whether it differs from what was known.
    pub(super) fn update(
        &mut self,
        snapshot: &Snapshot,
        windows: &Windows,
        principal: &Principal,
    ) -> bool {
        let pairs = snapshot.pairs_of(principal);
        let mut reach = PrincipalReach::default();
        for pair in pairs {
            self.add(windows, &mut reach, pair, principal);
        }
        let known = self.by_principal.get(principal);
        let differs = known.map_or(!pairs.is_empty(), |known| **known != reach);
        if differs || pairs.is_empty() {
            let reach = (!pairs.is_empty()).then(|| Arc::new(reach));
            self.by_principal.set(principal, reach);
        }
        differs
    }

    fn add(
        &mut self,
        windows: &Windows,
        reach: &mut PrincipalReach,
        pair: &Pair,
        principal: &Principal,
    ) {
        let account = self.accounts.number(&pair.account);
        let set = self.sets.number(&pair.set);
        reach.accounts.insert(account);
        reach.sets.insert(set);
        if self.pci.contains(account) {
            reach.pci_sets.insert(set);
            reach.paths += 1;
            reach.standing += u32::from(stands(windows, pair, principal));
            let allows = self.worst.get(set).copied().flatten();
            reach.powerful += u32::from(allows.is_some_and(is_powerful));
            reach.worst = worst([reach.worst, allows].into_iter().flatten());
        }
    }

    /// Returns what the assignments of a principal give; none if it has none.
    pub(super) fn of(&self, principal: &Principal) -> Option<&PrincipalReach> {
        self.by_principal.get(principal).map(|reach| &**reach)
    }

    /// Returns what one person has. A user who is not in the directory has only what groups give, as long as the list of
    /// users was read.
    pub(super) fn of_person(&self, snapshot: &Snapshot, user: &UserId) -> PersonReach {
        let direct = exists(snapshot, user)
            .then(|| self.of(&Principal::User(user.clone())))
            .flatten();
        let groups = snapshot.groups_of(user).iter();
        let through = groups.filter_map(|group| self.of(&Principal::Group(group.clone())));
        self.together(direct, through)
    }

    fn together<'a>(
        &self,
        direct: Option<&'a PrincipalReach>,
        through: impl Iterator<Item = &'a PrincipalReach>,
    ) -> PersonReach {
        let mut person = PersonReach::default();
        let mut pci_sets = BitSet::default();
        let exposure = &mut person.exposure;
        exposure.direct = direct.map_or(0, |direct| direct.paths);
        for reach in direct.into_iter().chain(through) {
            person.accounts.extend(&reach.accounts);
            person.sets.extend(&reach.sets);
            pci_sets.extend(&reach.pci_sets);
            exposure.paths += reach.paths;
            exposure.standing += reach.standing;
            exposure.powerful += reach.powerful;
            exposure.worst = worst([exposure.worst, reach.worst].into_iter().flatten());
        }
        exposure.accounts = person.accounts.len_within(&self.pci);
        exposure.sets = pci_sets.len();
        person
    }

    /// Returns what everybody has, in order: the users of the directory, of groups and of assignments.
    pub(super) fn everybody<'a>(
        &'a self,
        snapshot: &'a Snapshot,
    ) -> impl Iterator<Item = (&'a UserId, PersonReach)> {
        let parts = snapshot.parts();
        let known: HashMap<&Principal, &PrincipalReach> = self
            .by_principal
            .iter()
            .map(|(principal, reach)| (principal, &**reach))
            .collect();
        let mut groups_of: HashMap<&UserId, Vec<&PrincipalReach>> = HashMap::new();
        let mut users: BTreeSet<&UserId> = parts.users.keys().collect();
        for (group, members) in &parts.members {
            let reach = known.get(&Principal::Group(group.clone()));
            for user in members {
                users.insert(user);
                groups_of.entry(user).or_default().extend(reach);
            }
        }
        let assigned = known.keys().filter_map(|principal| match principal {
            Principal::User(user) => Some(user),
            Principal::Group(_) => None,
        });
        users.extend(assigned.filter(|user| exists(snapshot, user)));
        users.into_iter().map(move |user| {
            let direct = exists(snapshot, user)
                .then(|| known.get(&Principal::User(user.clone())))
                .flatten();
            let through = groups_of.get(user).into_iter().flatten().copied();
            (user, self.together(direct.copied(), through))
        })
    }
}

/// Puts a number into a set or takes it out. Returns whether that changed the set.
fn put(set: &mut BitSet, number: usize, is_in: bool) -> bool {
    let changes = set.contains(number) != is_in;
    match (changes, is_in) {
        (true, true) => set.insert(number),
        (true, false) => set.remove(number),
        (false, _) => {}
    }
    changes
}

/// Whether a user can have direct access: the directory contains the user, or was never read.
fn exists(snapshot: &Snapshot, user: &UserId) -> bool {
    snapshot.never_read().users() == Knowledge::NeverRead || snapshot.user(user).is_some()
}

/// Returns the number of people who have access through one assignment.
pub(super) fn behind(snapshot: &Snapshot, principal: &Principal) -> usize {
    match principal {
        Principal::Group(group) => {
            let members = snapshot.parts().members.get(group);
            members.map_or(0, |members| members.len())
        }
        // A direct assignment of a user who is not in the directory gives access to no one.
        Principal::User(user) => usize::from(exists(snapshot, user)),
    }
}

/// Assignments of one or more accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AssignmentCounts {
    pub standing: usize,
    pub temporary: usize,
}

impl AssignmentCounts {
    /// Counts the assignments of an account.
    pub(super) fn of(snapshot: &Snapshot, windows: &Windows, account: &AccountId) -> Self {
        let mut counts = Self::default();
        for (pair, read) in snapshot.pairs_in(account) {
            for principal in read.principals.keys() {
                if stands(windows, pair, principal) {
                    counts.standing += 1;
                } else {
                    counts.temporary += 1;
                }
            }
        }
        counts
    }

    pub(super) fn with(self, other: Self, change: fn(usize, usize) -> usize) -> Self {
        Self {
            standing: change(self.standing, other.standing),
            temporary: change(self.temporary, other.temporary),
        }
    }

    pub fn all(self) -> usize {
        self.standing + self.temporary
    }
}

/// Whether an assignment is standing.
pub fn stands(windows: &Windows, pair: &Pair, principal: &Principal) -> bool {
    if windows.is_empty() {
        return true;
    }
    let assignment = Assignment {
        pair: pair.clone(),
        principal: principal.clone(),
    };
    windows
        .get(&assignment)
        .is_none_or(|all| all.iter().any(|window| window.stops().is_none()))
}

/// Whether a permission set makes its holder an administrator, or lets them become one.
pub fn powerful(analysis: &Analysis) -> bool {
    worst(analysis.capabilities()).is_some_and(is_powerful)
}

/// Returns the most dangerous capability.
fn worst(capabilities: impl IntoIterator<Item = Capability>) -> Option<Capability> {
    capabilities.into_iter().min()
}

/// Whether a capability makes its holder an administrator, or lets them become one. No other is as dangerous as these.
fn is_powerful(worst: Capability) -> bool {
    match worst {
        Capability::Administrator | Capability::GrantsRights | Capability::Identity => true,
        Capability::LogsAndGuardrails
        | Capability::Unknown
        | Capability::RunsCode
        | Capability::UnreviewedChange
        | Capability::Changes
        | Capability::ReadsData
        | Capability::ReadsConfiguration
        | Capability::Billing
        | Capability::Metadata => false,
    }
}
