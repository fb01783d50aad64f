//! The rules of the analysis, one file each.
//!
//! A rule reads the combined policies of a set and adds findings. No rule removes the findings of another or depends on
//! it, so that each list can be changed independently.

mod administrator;
mod assume_role;
mod data_read;
mod data_sharing;
mod escalation;
mod identity_center;
mod invocation;
mod log_buckets;
mod pass_role;
mod tampering;
pub(super) mod unknown;

use super::{Finding, effective_permissions::Meaning, watch::Watch};

/// Runs all rules.
pub(super) fn find(meaning: &Meaning, findings: &mut Vec<Finding>) {
    administrator::find(meaning, findings);
    pass_role::find(meaning, findings);
    assume_role::find(meaning, findings);
    log_buckets::find(meaning, findings);
    unknown::find_in_policies(meaning, findings);
    escalation::find_chains(meaning, findings);
    for watch in watches() {
        watch.find(meaning, findings);
    }
}

fn watches() -> impl Iterator<Item = &'static Watch> {
    [
        escalation::WATCHES,
        identity_center::WATCHES,
        tampering::WATCHES,
        data_read::WATCHES,
        data_sharing::WATCHES,
        invocation::WATCHES,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn lists_name_each_action_once_and_with_the_service_in_lower_case() {
        for watch in watches() {
            let mut seen = HashSet::new();
            for action in watch.actions {
                let (service, name) = action.split_once(':').unwrap();
                assert!(
                    service.bytes().all(|byte| byte.is_ascii_lowercase()
                        || byte.is_ascii_digit()
                        || byte == b'-'),
                    "{action}"
                );
                assert!(
                    !name.is_empty() && !name.contains(['*', '?', ' ']),
                    "{action}"
                );
                assert!(seen.insert(action), "{action} occurs twice");
            }
            assert!(!watch.reason.ends_with('.'), "{}", watch.reason);
        }
    }
}
