//! Which other permission sets are possible where the one of a request is blocked: all of them are evaluated as one request.
//! Those that share the most with it come first; whether one serves is for the requester to judge.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use app::backend::{OfferedSet, WayOut, WaysOut};
use domain::{
    budget::{Budget, Stopped},
    change::Operation,
    grant::Term,
    ids::{Assignment, Pair, PermissionSetArn},
    permission_set::analysis::Capability,
    policies::Evaluation,
    time::Duration,
    verdict::Remedies,
};

use super::{Search, only};
use crate::service::names;

/// The number of assignments that are evaluated to find other permission sets.
const PAIRS: usize = 500;
/// The number of permission sets that are named.
const NAMED: usize = 3;
/// How long other permission sets are looked for if fewer are possible as standing access: the duration that a form proposes.
const FOR_A_TIME: Duration = Duration::hours(1);

impl Search {
    /// Returns the permission sets that are not blocked instead of those of the request: as long as it says, and then for a time
    /// if it asks for standing access.
    pub(super) fn other_sets(&self, budget: Budget<'_>) -> Result<WaysOut, Stopped> {
        let all = &self.snapshot.parts().sets;
        if all.len() * self.items.len() > PAIRS {
            return Ok(WaysOut::default());
        }
        let as_requested = self.possible_sets(None, budget)?;
        let stands = self.items.iter().any(Operation::gives_standing);
        let mut found: Vec<(OfferedSet, u8)> = Vec::new();
        for (set, approvals) in &as_requested {
            found.push((self.offered(set, None), *approvals));
        }
        self.nearest_first(&mut found);
        if stands && found.len() < NAMED {
            let mut for_a_time: Vec<(OfferedSet, u8)> = Vec::new();
            for (set, approvals) in self.possible_sets(Some(FOR_A_TIME), budget)? {
                if !as_requested.contains_key(&set) {
                    for_a_time.push((self.offered(&set, Some(FOR_A_TIME)), approvals));
                }
            }
            self.nearest_first(&mut for_a_time);
            found.extend(for_a_time);
        }
        if found.is_empty() {
            return Ok(WaysOut::default());
        }
        let more = found.split_off(found.len().min(NAMED)).len();
        let needed: BTreeSet<u8> = found.iter().map(|(_, approvals)| *approvals).collect();
        let sets = found.into_iter().map(|(set, _)| set).collect();
        Ok(WaysOut {
            ways: vec![WayOut::OtherSet { sets, more }],
            approvals: only(&needed),
            dated: None,
            session_limit: None,
        })
    }

    /// Returns the permission sets of which no gain is blocked, with the approvals that each needs. Without those of the request,
    /// and those that the principal has already: existing access is judged by other checks, which concern the whole request.
    fn possible_sets(
        &self,
        window: Option<Duration>,
        budget: Budget<'_>,
    ) -> Result<BTreeMap<PermissionSetArn, u8>, Stopped> {
        let own: BTreeSet<&PermissionSetArn> = self.sets().collect();
        let sets = self.snapshot.parts().sets.keys();
        let others = sets.filter(|set| !own.contains(set));
        let items = others.flat_map(|set| {
            let items: Option<Vec<Operation>> = self
                .items
                .iter()
                .map(|item| self.with_set(item, set, window))
                .collect();
            items.unwrap_or_default()
        });
        let items: Vec<Operation> = items.collect();
        if items.is_empty() {
            return Ok(BTreeMap::new());
        }
        let evaluation = self.evaluated((&self.snapshot, &self.asked), &items, budget)?;
        let possible = possible(&evaluation).into_iter();
        Ok(possible
            .map(|(set, approvals)| (set.clone(), approvals))
            .collect())
    }

    /// Sorts by how many capabilities of the request they have, and then by name.
    fn nearest_first(&self, found: &mut [(OfferedSet, u8)]) {
        let own = self.sets().filter_map(|set| self.snapshot.set(set));
        let asked: BTreeSet<Capability> = own.flat_map(|set| set.analysis.capabilities()).collect();
        found.sort_by_cached_key(|(offered, _)| {
            let shared = offered.capabilities.iter();
            let shared = shared.filter(|capability| asked.contains(capability));
            (Reverse(shared.count()), offered.name.clone())
        });
    }

    fn offered(&self, set: &PermissionSetArn, only_for: Option<Duration>) -> OfferedSet {
        let named = names::set(&self.snapshot, set);
        let seconds = self
            .snapshot
            .set(set)
            .map_or(0, |set| set.content.session_seconds);
        OfferedSet {
            name: named.name,
            key: set.key().to_owned(),
            only_for,
            capabilities: named.capabilities,
            session: Duration::seconds(i64::from(seconds)),
        }
    }

    /// Returns an item with another permission set; none if the principal has it already.
    fn with_set(
        &self,
        item: &Operation,
        set: &PermissionSetArn,
        window: Option<Duration>,
    ) -> Option<Operation> {
        let (assignment, term) = item.assigns()?;
        let pair = Pair {
            set: set.clone(),
            ..assignment.pair.clone()
        };
        let there = self.snapshot.pair(&pair);
        if there.is_some_and(|read| read.principals.contains_key(&assignment.principal)) {
            return None;
        }
        Some(Operation::Assign {
            assignment: Assignment {
                pair,
                ..assignment.clone()
            },
            term: window.map_or(term, Term::For),
        })
    }
}

/// Returns the permission sets of which no gain is blocked, with the approvals that each needs. None if something is blocked
/// whatever is gained.
fn possible(evaluation: &Evaluation) -> BTreeMap<&PermissionSetArn, u8> {
    let hits = &evaluation.verdict.hits;
    let mut needs: BTreeMap<&PermissionSetArn, Option<u8>> = BTreeMap::new();
    if hits
        .iter()
        .any(|hit| hit.remedy.is_none() && hit.gains.is_empty())
    {
        return BTreeMap::new();
    }
    for gain in &evaluation.gains {
        let hits = gain.hits.iter().filter_map(|hit| hits.get(*hit));
        let blocked = gain.eligible_by.is_empty() || hits.clone().any(|hit| hit.remedy.is_none());
        let lifted = hits.filter_map(|hit| hit.remedy.as_ref());
        let approvals = lifted.map(Remedies::approvals).max().unwrap_or(0);
        let of_set = needs.entry(&gain.path.pair.set).or_insert(Some(0));
        *of_set = of_set.filter(|_| !blocked).map(|most| most.max(approvals));
    }
    let possible = needs.into_iter();
    possible
        .filter_map(|(set, needs)| Some((set, needs?)))
        .collect()
}
