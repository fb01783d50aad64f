//! Collects the policies that matched over all gains of a change.
//!
//! The program's own checks come first, then the policies in the order of their text, because Cedar returns them in no
//! particular order.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    evaluator::PolicyResponse,
    rules::Rules,
    system::{self, ELIGIBILITY_NONE, RULE_ERROR},
};
use crate::{
    ids::AccountId,
    snapshot::Snapshot,
    verdict::{Hit, Remedies},
};

pub(super) fn eligible_by(rules: &Rules, answers: &[Rc<PolicyResponse>]) -> Vec<String> {
    let Some((first, rest)) = answers.split_first() else {
        return Vec::new();
    };
    if rest.iter().any(|answer| answer.permits.is_empty()) {
        return Vec::new();
    }
    first
        .permits
        .iter()
        .map(|rule| rules.list()[*rule].id.clone())
        .collect()
}

/// Hits by policy and remedy, collected over all gains.
pub(super) struct HitCollector {
    system: Vec<Hit>,
    unknown: BTreeMap<AccountId, Hit>,
    ineligible: BTreeSet<usize>,
    failed: BTreeMap<String, BTreeSet<usize>>,
    by_rule: BTreeMap<(usize, Option<Remedies>), BTreeSet<usize>>,
}

impl HitCollector {
    pub(super) fn new(system: Vec<Hit>) -> Self {
        Self {
            system,
            unknown: BTreeMap::new(),
            ineligible: BTreeSet::new(),
            failed: BTreeMap::new(),
            by_rule: BTreeMap::new(),
        }
    }

    pub(super) fn take(
        &mut self,
        rules: &Rules,
        snapshot: &Snapshot,
        gain: usize,
        account: &AccountId,
        answers: &[Rc<PolicyResponse>],
    ) {
        if answers.is_empty() {
            self.not_judged(snapshot, gain, account);
            return;
        }
        if eligible_by(rules, answers).is_empty() {
            self.ineligible.insert(gain);
        }
        for answer in answers {
            for error in &answer.errors {
                self.failed.entry(error.clone()).or_default().insert(gain);
            }
            for (rule, remedy) in &answer.forbids {
                self.by_rule
                    .entry((*rule, remedy.clone()))
                    .or_default()
                    .insert(gain);
            }
        }
    }

    /// A membership can give access to an account that the organization does not list.
    fn not_judged(&mut self, snapshot: &Snapshot, gain: usize, account: &AccountId) {
        const RULE: &str = "system.unknown-account";
        debug_assert!(snapshot.account(account).is_none());
        if self
            .system
            .iter()
            .any(|hit| hit.rule == RULE && hit.gains.contains(&gain))
        {
            return;
        }
        self.unknown.entry(account.clone()).or_insert_with(|| {
            let reason = format!(
                "This gives access to account {account}, which is not in the organization as of the last complete read \
                 of AWS. Check what the group is assigned to, or try again after the next read."
            );
            system::passing(system::hit(RULE, reason, "PCI 7.2.1", BTreeSet::new()))
        }).gains.insert(gain);
    }

    /// Returns the hits of the program's own checks, then those of the policies in the order of their text. `counts` are
    /// the numbers of people behind each gain.
    pub(super) fn sorted(self, rules: &Rules, counts: &[usize]) -> Vec<Hit> {
        let mut sorted = self.system;
        sorted.extend(self.unknown.into_values());
        for (error, gains) in self.failed {
            let reason = format!(
                "A policy could not be evaluated, so this change is blocked. Report this error to the maintainer of the policies: {error}"
            );
            sorted.push(system::passing(system::hit(
                RULE_ERROR,
                reason,
                "PCI 7.3.3",
                gains,
            )));
        }
        if !self.ineligible.is_empty() {
            sorted.push(system::hit(
                ELIGIBILITY_NONE,
                "No policy allows you to request this. You can request temporary access for yourself, and \
                 administrators can propose everything else."
                    .to_owned(),
                "PCI 7.3.3",
                self.ineligible,
            ));
        }
        for ((rule, remedy), gains) in self.by_rule {
            let mut hit = rules.list()[rule].hit(remedy);
            hit.gains = gains;
            sorted.push(hit);
        }
        for hit in &mut sorted {
            hit.affected = hit.gains.iter().filter_map(|gain| counts.get(*gain)).sum();
        }
        sorted
    }
}
