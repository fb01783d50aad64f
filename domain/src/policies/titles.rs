//! The short names of the program's own checks, for tables and reports. The names of policies are in their text.

/// The id and the short name of each check that finds something in existing access or in a change.
const SYSTEM: [(&str, &str); 19] = [
    ("eligibility.none", "No policy makes the person eligible"),
    ("system.account-not-active", "Account that is not active"),
    (
        "system.external-group",
        "Group managed in the identity provider",
    ),
    ("system.group-named-by-a-rule", "Group that a policy names"),
    ("system.held-already", "Access that already exists"),
    (
        "system.management-account",
        "Access to the management account",
    ),
    (
        "system.management-set",
        "Permission set of the management account",
    ),
    (
        "system.membership-leads-nowhere",
        "Membership that gives access to no account",
    ),
    (
        "system.membership-use-not-known",
        "Membership whose use is not known",
    ),
    ("system.orphan", "User or group that no longer exists"),
    ("system.out-of-reach", "Access that Leastwise cannot remove"),
    ("system.overdue", "Removal that is overdue"),
    (
        "system.removal-policy-error",
        "Policy on removals that could not be evaluated",
    ),
    (
        "system.requester-not-administrator",
        "Requester who is no administrator",
    ),
    (
        "system.requester-second-factor",
        "Requester without a second factor",
    ),
    ("system.rule-error", "Policy that could not be evaluated"),
    ("system.unknown-account", "Account that is not known"),
    (
        "system.unknown-principal",
        "User or group that is not known",
    ),
    ("system.unknown-set", "Permission set that is not known"),
];

/// Returns the short name of a check.
pub(super) fn system_title(id: &str) -> Option<&'static str> {
    let found = SYSTEM.iter().find(|(known, _)| *known == id);
    found.map(|(_, title)| *title)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that name a check.
    const SOURCES: [&str; 6] = [
        include_str!("existing_access.rs"),
        include_str!("hit_collector.rs"),
        include_str!("indirect_effects.rs"),
        include_str!("overdue_revocation.rs"),
        include_str!("removals.rs"),
        include_str!("system.rs"),
    ];

    #[test]
    fn the_checks_have_a_short_name() {
        let mut found = 0;
        let literals = SOURCES.iter().flat_map(|text| text.split('"'));
        for id in literals.filter(|text| {
            text.strip_prefix("system.")
                .or_else(|| text.strip_prefix("eligibility."))
                .is_some_and(|rest| {
                    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                })
        }) {
            found += 1;
            assert!(system_title(id).is_some(), "{id}");
        }
        assert!(found > SYSTEM.len() / 2, "the checks are found: {found}");
        assert_eq!(system_title("production-pci-escalation"), None);
    }
}
