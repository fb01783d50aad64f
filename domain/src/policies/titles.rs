//! The short names of the program's own checks, for tables and reports. The names of policies are in their text.

/// The id and the short name of each check that finds something in existing access or in a change.
const SYSTEM: [(&str, &str); 16] = [
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
    use crate::policies::{
        ELIGIBILITY_NONE, HELD_ALREADY, LEADS_NOWHERE, NAMED_BY_A_RULE, OUT_OF_REACH, OVERDUE,
        RULE_ERROR, USE_NOT_KNOWN,
    };

    #[test]
    fn the_checks_have_a_short_name() {
        for id in [
            ELIGIBILITY_NONE,
            HELD_ALREADY,
            LEADS_NOWHERE,
            NAMED_BY_A_RULE,
            OUT_OF_REACH,
            OVERDUE,
            RULE_ERROR,
            USE_NOT_KNOWN,
        ] {
            assert!(system_title(id).is_some(), "{id}");
        }
        assert_eq!(system_title("production-pci-escalation"), None);
    }
}
