//! The short names of the program's own checks, for tables and reports. The names of policies are in their text.

/// The id and the short name of each check that finds something in existing access or in a change.
const SYSTEM: [(&str, &str); 37] = [
    ("eligibility.none", "No policy makes the person eligible"),
    ("system.account-not-active", "Account that is not active"),
    (
        "system.changed-meanwhile",
        "Changed by somebody else meanwhile",
    ),
    (
        "system.classification-loosened",
        "Account classified less strictly",
    ),
    (
        "system.declaration-end",
        "Declaration that ends too late or has ended",
    ),
    (
        "system.external-group",
        "Group managed in the identity provider",
    ),
    ("system.group-named-by-a-rule", "Group that a policy names"),
    ("system.held-already", "Access that already exists"),
    (
        "system.identity-claim-refused",
        "Claim of a sign-in that is refused",
    ),
    (
        "system.identity-holds-sign-ins",
        "Identity that holds sign-ins of another",
    ),
    ("system.identity-link", "Identity that is linked to a user"),
    (
        "system.identity-link-ended",
        "Link of an identity that ends",
    ),
    (
        "system.identity-of-controller",
        "Identity of somebody who decides or administers",
    ),
    (
        "system.identity-refusal-withdrawn",
        "Refusal of a claim that is withdrawn",
    ),
    (
        "system.key-of-another-user",
        "Key that leads to another user",
    ),
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
    ("system.new-owner", "New owner of an account"),
    (
        "system.new-reason",
        "Another purpose or reason of an account",
    ),
    ("system.newer-declaration", "Declaration of a newer version"),
    ("system.no-sign-in", "Identity without a sign-in"),
    ("system.not-read", "Something that could not be read"),
    ("system.orphan", "User or group that no longer exists"),
    ("system.out-of-reach", "Access that Leastwise cannot remove"),
    ("system.overdue", "Removal that is overdue"),
    ("system.own-identity", "Change of one's own identity"),
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
    (
        "system.too-few-controllers",
        "Too few who decide or administer",
    ),
    ("system.unknown-account", "Account that is not known"),
    (
        "system.unknown-principal",
        "User or group that is not known",
    ),
    ("system.unknown-set", "Permission set that is not known"),
    ("system.user-disabled", "User that is disabled"),
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
    const SOURCES: [&str; 14] = [
        include_str!("existing_access.rs"),
        include_str!("hit_collector.rs"),
        include_str!("indirect_effects.rs"),
        include_str!("overdue_revocation.rs"),
        include_str!("removals.rs"),
        include_str!("system.rs"),
        include_str!("../subject.rs"),
        include_str!("../subject/account_classification.rs"),
        include_str!("../subject/assignment.rs"),
        include_str!("../subject/identity_link.rs"),
        include_str!("../subject/identity_link/obstacles.rs"),
        include_str!("../subject/membership.rs"),
        include_str!("../subject/objection.rs"),
        include_str!("../subject/unknown.rs"),
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
