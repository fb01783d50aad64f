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

pub(super) use samples::Samples;

use std::collections::{BTreeMap, HashSet};

use super::{Capability, Extent, Finding, LogBuckets, ServiceActions, allowed::Permissions};

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

/// Returns the allowed actions with a capability that production PCI allows nobody to keep, by service.
pub(super) fn against_standing(permissions: &Permissions) -> Vec<ServiceActions> {
    let catalogue = permissions.catalogue;
    let blocked = catalogue.samples().against_standing.and(&permissions.total);
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
