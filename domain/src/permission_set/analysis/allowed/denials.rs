//! The Deny statements about some resources, found by the text before the first wildcard of a resource.
//!
//! A pattern covers another one only if that text begins the other one, so that thousands of statements about different
//! resources are not compared with each other.

use std::collections::{BTreeSet, HashMap};

use super::{Limit, effort::Effort};
use crate::permission_set::analysis::{
    action_set::ActionSet,
    glob::{Glob, Token},
    policy::Resources,
};

/// Deny statements about some resources.
#[derive(Debug, Default)]
pub(super) struct Denials<'a> {
    /// Each resource once, with the actions that are denied on it.
    named: Vec<(&'a Glob, ActionSet)>,
    /// The indices in `named` by the text before the first wildcard.
    by_start: HashMap<&'a [Token], Vec<usize>>,
    /// The lengths of these texts.
    lengths: BTreeSet<usize>,
    /// The resources that statements with `NotResource` spare, each list once.
    all_but: Vec<(&'a [Glob], ActionSet)>,
}

impl<'a> Denials<'a> {
    pub(super) fn of(denies: impl Iterator<Item = &'a Limit<'a>>) -> Self {
        let mut denials = Self::default();
        let mut named: HashMap<&Glob, usize> = HashMap::new();
        let mut all_but: HashMap<&[Glob], usize> = HashMap::new();
        for deny in denies {
            let globs = match &deny.statement.resources {
                Resources::Named(globs) => globs,
                Resources::AllBut(spared) => {
                    let at = *all_but.entry(spared).or_insert_with(|| {
                        denials.all_but.push((spared, ActionSet::default()));
                        denials.all_but.len() - 1
                    });
                    denials.all_but[at].1.add(&deny.actions);
                    continue;
                }
            };
            for glob in globs {
                let at = *named.entry(glob).or_insert_with(|| {
                    denials.named.push((glob, ActionSet::default()));
                    let (at, start) = (denials.named.len() - 1, glob.literal_start());
                    denials.by_start.entry(start).or_default().push(at);
                    denials.lengths.insert(start.len());
                    at
                });
                denials.named[at].1.add(&deny.actions);
            }
        }
        denials
    }

    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.all_but.is_empty()
    }

    /// Adds the actions that are denied on everything that a pattern can match.
    pub(super) fn add_covering(&self, glob: &Glob, effort: &Effort, denied: &mut ActionSet) {
        let start = glob.literal_start();
        for length in self.lengths.range(..=start.len()) {
            effort.spend(*length);
            for at in self.by_start.get(&start[..*length]).into_iter().flatten() {
                let (deny, actions) = &self.named[*at];
                if effort.covers(deny, glob) == Some(true) {
                    denied.add(actions);
                }
            }
        }
    }

    /// Adds the actions that are denied on everything that a pattern can match of a resource type, because none of the
    /// spared resources can be that.
    pub(super) fn add_sparing_none(
        &self,
        (glob, kind): (&Glob, &Glob),
        effort: &Effort,
        denied: &mut ActionSet,
    ) {
        let spares = |spared: &Glob| {
            effort.can_meet(spared, kind) != Some(false)
                && effort.can_meet(spared, glob) != Some(false)
        };
        self.add_all_but(|spared| !spared.iter().any(spares), denied);
    }

    /// Adds the actions of the statements with `NotResource` that hold by what they spare.
    pub(super) fn add_all_but(&self, holds: impl Fn(&[Glob]) -> bool, denied: &mut ActionSet) {
        for (spared, actions) in &self.all_but {
            if holds(spared) {
                denied.add(actions);
            }
        }
    }
}
