//! What the policies of a set allow together.
//!
//! Everything that some Allow names, less what is surely denied, within the boundary. Only what takes
//! away in every case takes away here: a Deny that has a condition or speaks of some resources leaves
//! the action standing, and so does a boundary that cannot be read.

use std::{cell::RefCell, collections::HashMap};

use super::{
    PolicyRef,
    policy::{Effect, Policy, Statement},
};

/// A policy that could be read, at least in part.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) name: PolicyRef,
    pub(super) policy: Policy,
}

impl Source {
    /// The statements that give.
    pub(super) fn allows(&self) -> impl Iterator<Item = &Statement> {
        self.policy
            .statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow)
    }
}

/// The policies of a set, and what may be said of an action.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) sources: Vec<Source>,
    boundary: Option<Policy>,
    /// The same few hundred actions are asked for by every rule.
    open: RefCell<HashMap<&'static str, bool>>,
}

impl Meaning {
    /// Joins the policies. A boundary with any doubt in it must not be passed.
    pub(super) fn new(sources: Vec<Source>, boundary: Option<Policy>) -> Self {
        Self {
            sources,
            boundary,
            open: RefCell::default(),
        }
    }

    /// Whether nothing surely keeps the set from an action, if a statement allows it.
    pub(super) fn is_open(&self, action: &'static str) -> bool {
        *self.open.borrow_mut().entry(action).or_insert_with(|| {
            !self
                .denials()
                .any(|statement| statement.actions.cover(action))
                && self.boundary.as_ref().is_none_or(|boundary| {
                    let covers = |statement: &&Statement| statement.actions.cover(action);
                    boundary
                        .statements
                        .iter()
                        .filter(covers)
                        .any(|statement| statement.effect == Effect::Allow)
                        && !boundary.statements.iter().filter(covers).any(denies_surely)
                })
        })
    }

    /// Whether a statement gives an action that nothing surely takes away.
    pub(super) fn gives(&self, statement: &Statement, action: &'static str) -> bool {
        statement.actions.cover(action) && self.is_open(action)
    }

    /// Where an action is given first: the policy and the statement.
    pub(super) fn giver(&self, action: &'static str) -> Option<(&Source, &Statement)> {
        self.sources
            .iter()
            .flat_map(|source| source.allows().map(move |statement| (source, statement)))
            .find(|(_, statement)| self.gives(statement, action))
    }

    /// Whether a Deny or the boundary keeps the set to services that somebody has named.
    pub(super) fn is_fenced(&self) -> bool {
        self.denials().any(|statement| statement.actions.are_all())
            || self.boundary.as_ref().is_some_and(|boundary| {
                let allows = |statement: &&Statement| statement.effect == Effect::Allow;
                !boundary
                    .statements
                    .iter()
                    .filter(allows)
                    .any(|statement| statement.actions.are_open_ended())
            })
    }

    /// What is surely denied. A policy with a doubt in it takes nothing away: nobody knows what IAM makes of it.
    fn denials(&self) -> impl Iterator<Item = &Statement> {
        self.sources
            .iter()
            .filter(|source| source.policy.problems.is_empty())
            .flat_map(|source| &source.policy.statements)
            .filter(|statement| denies_surely(statement))
    }
}

fn denies_surely(statement: &Statement) -> bool {
    statement.effect == Effect::Deny && !statement.conditional && statement.resources.are_all()
}
