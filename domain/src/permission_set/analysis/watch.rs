//! Lists of actions that are reported as a risk.
//!
//! The lists are curated by hand, because AWS's own access levels mislead: `iam:PassRole` and `kms:Decrypt` are plain
//! writes there. An action that is on no list is not known to be harmless.

use std::collections::HashSet;

use super::{Finding, PolicyRef, Risk, effective_permissions::Meaning, policy::Statement};

/// The maximum number of actions that a finding names.
pub(super) const MOST_ACTIONS: usize = 10;

/// A list of actions with the same risk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    pub(super) risk: Risk,
    /// What the actions allow, as a sentence without its full stop.
    pub(super) reason: &'static str,
    /// As `service:Action`, with the service in lower case.
    pub(super) actions: &'static [&'static str],
}

impl Watch {
    /// Adds one finding for each statement that allows listed actions which earlier statements of the same policy do
    /// not. So the list bounds the number of findings, however often a policy repeats itself.
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

/// Creates a finding about a statement.
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

/// Returns the first distinct actions, and the number of further ones.
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
    // A condition may restrict the statement or have no effect. It is mentioned, and never counts in favour.
    let condition = if conditional {
        ", under a condition that is not evaluated"
    } else {
        ""
    };
    format!("{reason}{condition}.")
}
