//! What the policies of a permission set allow in combination.
//!
//! An action is allowed if an Allow statement covers it, no unconditional Deny on all resources covers it, and the
//! boundary allows it. A Deny with a condition or on certain resources removes nothing here, and neither does a
//! boundary that cannot be read.

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
    /// Returns the Allow statements.
    pub(super) fn allows(&self) -> impl Iterator<Item = &Statement> {
        self.policy
            .statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow)
    }
}

/// The policies of a permission set, and answers about actions.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) sources: Vec<Source>,
    boundary: Option<Policy>,
    /// Caches `is_open`, because all rules ask for the same few hundred actions.
    open: RefCell<HashMap<&'static str, bool>>,
}

impl Meaning {
    /// Combines the policies. `boundary` must not contain anything that could not be understood.
    pub(super) fn new(sources: Vec<Source>, boundary: Option<Policy>) -> Self {
        Self {
            sources,
            boundary,
            open: RefCell::default(),
        }
    }

    /// Whether an action that a statement allows is neither certainly denied nor outside the boundary.
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

    /// Whether a statement allows an action, and nothing certainly denies it.
    pub(super) fn gives(&self, statement: &Statement, action: &'static str) -> bool {
        statement.actions.cover(action) && self.is_open(action)
    }

    /// Returns the first policy and statement that allow an action.
    pub(super) fn giver(&self, action: &'static str) -> Option<(&Source, &Statement)> {
        self.sources
            .iter()
            .flat_map(|source| source.allows().map(move |statement| (source, statement)))
            .find(|(_, statement)| self.gives(statement, action))
    }

    /// Whether a Deny of all actions or the boundary rules out services that are not named.
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

    /// Returns the statements that certainly deny. Policies that could not be fully understood do not count.
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
