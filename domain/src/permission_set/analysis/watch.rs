//! Lists of actions that no set should hold unnoticed.
//!
//! A list is curated by hand, because AWS's own access levels mislead: they call `iam:PassRole` and
//! `kms:Decrypt` a mere write. Never says that what is on no list is harmless.

use std::collections::HashSet;

use super::{Finding, PolicyRef, Risk, meaning::Meaning, policy::Statement};

/// How many actions a finding names.
pub(super) const MOST_ACTIONS: usize = 10;

/// Actions that mean one thing for the people who judge a set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    pub(super) risk: Risk,
    /// What the actions let one do, as a sentence without its full stop.
    pub(super) reason: &'static str,
    /// As `service:Action`, the service in lower case.
    pub(super) actions: &'static [&'static str],
}

impl Watch {
    /// One finding for each statement that adds to what the statements before it in the same policy give.
    /// So the number of findings is bounded by the list, whatever a policy repeats.
    pub(super) fn find(&self, meaning: &Meaning, findings: &mut Vec<Finding>) {
        for source in &meaning.sources {
            let mut rest: Vec<&'static str> = self
                .actions
                .iter()
                .copied()
                .filter(|action| meaning.is_open(action))
                .collect();
            for statement in source.allows() {
                let (new, later) = rest
                    .into_iter()
                    .partition(|action| statement.actions.cover(action));
                rest = later;
                if !Vec::is_empty(&new) {
                    findings.push(finding(
                        self.risk,
                        self.reason,
                        &source.name,
                        statement,
                        &new,
                    ));
                }
            }
        }
    }
}

/// A finding about a statement.
pub(super) fn finding(
    risk: Risk,
    reason: &str,
    policy: &PolicyRef,
    statement: &Statement,
    actions: &[&'static str],
) -> Finding {
    let (actions, more) = name(actions);
    Finding {
        risk,
        reason: sentence(reason, statement.conditional),
        policy: policy.clone(),
        statement: Some(statement.index),
        actions,
        more,
    }
}

/// The first few actions, each once, and how many there are beside them.
pub(super) fn name(actions: &[&'static str]) -> (Vec<String>, usize) {
    let mut seen = HashSet::new();
    let mut named: Vec<String> = actions
        .iter()
        .filter(|action| seen.insert(**action))
        .map(ToString::to_string)
        .collect();
    let more = named.len().saturating_sub(MOST_ACTIONS);
    named.truncate(MOST_ACTIONS);
    (named, more)
}

fn sentence(reason: &str, conditional: bool) -> String {
    // A condition may narrow this to nothing or to everything. It is told, and never counted in favour.
    let condition = if conditional {
        ", under a condition that is not weighed"
    } else {
        ""
    };
    format!("{reason}{condition}.")
}
