//! The rules of the analysis, one file each.
//!
//! A rule reads what the statements of a set allow and adds findings. No rule removes the findings of another or depends
//! on it.

mod administrator;
mod by_action;
mod log_buckets;
pub(super) mod notes;
mod pass_role;
mod samples;
pub(super) mod unknown;

pub(super) use samples::{Samples, names};

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{
    Capability, Extent, Finding, LogBuckets, ServiceActions, action_set::ActionSet,
    allowed::Permissions,
};

/// Runs all rules.
pub(super) fn find(
    permissions: &Permissions,
    log_buckets: &LogBuckets,
    findings: &mut Vec<Finding>,
) {
    administrator::find(permissions, findings);
    by_action::find(permissions, findings);
    pass_role::find(permissions, findings);
    log_buckets::find(permissions, log_buckets, findings);
    unknown::find_in_policies(permissions, findings);
}

/// Returns the extent of each capability that a finding names.
pub(super) fn extents(
    permissions: &Permissions,
    findings: &[Finding],
) -> BTreeMap<Capability, Extent> {
    let catalogue = permissions.catalogue;
    let found: HashSet<Capability> = findings.iter().map(|finding| finding.capability).collect();
    found
        .into_iter()
        .map(|capability| {
            let actions = catalogue
                .with_capability(capability)
                .map(|set| set.and(&permissions.total))
                .unwrap_or_default();
            let extent = Extent {
                actions: actions.len(),
                services: catalogue.services_of(&actions).count(),
            };
            (capability, extent)
        })
        .collect()
}

/// Returns the allowed actions with one of the blocked capabilities, by service.
pub(super) fn against_standing(
    permissions: &Permissions,
    blocked: &BTreeSet<Capability>,
) -> Vec<ServiceActions> {
    let catalogue = permissions.catalogue;
    let mut actions = ActionSet::default();
    for capability in blocked {
        if let Some(set) = catalogue.with_capability(*capability) {
            actions.add(set);
        }
    }
    let blocked = actions.and(&permissions.total);
    let mut services: Vec<ServiceActions> = Vec::new();
    for action in blocked.iter() {
        let name = catalogue.name(action);
        let (service, name) = name.split_once(':').unwrap_or((name, ""));
        match services.last_mut().filter(|last| last.service == service) {
            Some(last) => last.actions.push(name.to_owned()),
            None => services.push(ServiceActions {
                service: service.to_owned(),
                actions: vec![name.to_owned()],
            }),
        }
    }
    services
}
