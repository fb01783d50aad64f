//! What was evaluated before, for the next evaluator: read models follow each other by small differences, and most cases
//! are the same.
//!
//! Holds for one version of the policies and one directory; the caller begins anew when users, persons, or the members
//! of a group that a policy names differ. Members of other groups are compared each time.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::request_template::{PolicyPrincipal, RequestTemplate};
use crate::{
    ids::{GroupId, UserId},
    snapshot::Shared,
    verdict::{Hit, RulesVersion},
};

/// The number of cases after which all are forgotten. A large organization has some thousands.
const MOST: usize = 50_000;

/// People whom the policies cannot distinguish, without the numbers of an evaluator.
#[derive(Debug, Clone)]
pub(super) struct KnownClass {
    pub(super) who: PolicyPrincipal,
    pub(super) people: Arc<[UserId]>,
}

/// What was evaluated before.
#[derive(Debug)]
pub struct Evaluated {
    rules: RulesVersion,
    known: Mutex<Known>,
}

/// The classes of a group, with the members that they were found for.
type ClassesOfMembers = (Shared<BTreeSet<UserId>>, Arc<[KnownClass]>);

#[derive(Debug, Default)]
struct Known {
    cases: usize,
    hits: HashMap<RequestTemplate, HashMap<PolicyPrincipal, Arc<[Hit]>>>,
    classes: HashMap<GroupId, ClassesOfMembers>,
}

impl Evaluated {
    /// Begins without anything that was evaluated.
    pub fn new(rules: &RulesVersion) -> Self {
        Self {
            rules: rules.clone(),
            known: Mutex::default(),
        }
    }

    /// Whether it is of this version of the policies.
    pub fn is_of(&self, rules: &RulesVersion) -> bool {
        self.rules == *rules
    }

    pub(super) fn hits(
        &self,
        frame: &RequestTemplate,
        who: &PolicyPrincipal,
    ) -> Option<Arc<[Hit]>> {
        self.known().hits.get(frame)?.get(who).cloned()
    }

    pub(super) fn add_hits(
        &self,
        frame: &RequestTemplate,
        who: &PolicyPrincipal,
        hits: &Arc<[Hit]>,
    ) {
        let mut known = self.known();
        if known.cases >= MOST {
            known.hits.clear();
            known.cases = 0;
        }
        known.cases += 1;
        let of_frame = known.hits.entry(frame.clone()).or_default();
        of_frame.insert(who.clone(), Arc::clone(hits));
    }

    /// Returns the classes of a group that has these members.
    pub(super) fn classes(
        &self,
        group: &GroupId,
        members: &Shared<BTreeSet<UserId>>,
    ) -> Option<Arc<[KnownClass]>> {
        let known = self.known();
        let (of, classes) = known.classes.get(group)?;
        of.is_shared_with(members).then(|| Arc::clone(classes))
    }

    pub(super) fn add_classes(
        &self,
        group: &GroupId,
        members: &Shared<BTreeSet<UserId>>,
        classes: Arc<[KnownClass]>,
    ) {
        let entry = (members.clone(), classes);
        self.known().classes.insert(group.clone(), entry);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
