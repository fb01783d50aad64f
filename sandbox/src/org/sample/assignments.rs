//! The account assignments of Harbourline, including problematic ones.

use super::people::{group_id, user_id};
use super::permission_sets::arn;
use super::{accounts, uuid_for};
use crate::org::{Assignment, PrincipalType, ProvisionedRole};

/// Group, permission set, accounts.
const BY_GROUP: [(&str, &str, &str); 22] = [
    // Problem: standing administrator access to production PCI.
    (
        "platform-admins",
        "AdministratorAccess",
        "cards-prod ledger-prod tokens-prod settlement-prod shared-services network-hub web-prod engineering-sandbox",
    ),
    (
        "platform-admins",
        "PlatformEngineer",
        "cards-staging ledger-staging tokens-staging web-staging analytics-prod",
    ),
    (
        "platform-admins",
        "ReadOnly",
        "identity log-archive security-tooling",
    ),
    (
        "security-operations",
        "AdministratorAccess",
        "security-tooling",
    ),
    ("security-operations", "ReadOnly", "log-archive"),
    (
        "cloud-network",
        "NetworkAdministrator",
        "network-hub shared-services",
    ),
    (
        "cards-engineers",
        "PowerUser",
        "cards-dev cards-staging cards-prod",
    ),
    ("ledger-engineers", "PowerUser", "ledger-dev ledger-staging"),
    (
        "ledger-engineers",
        "LedgerDataReader",
        "ledger-prod settlement-prod",
    ),
    (
        "tokens-engineers",
        "PaymentsEngineer",
        "tokens-dev tokens-staging",
    ),
    ("cards-engineers", "PaymentsEngineer", "cards-dev"),
    (
        "web-engineers",
        "PowerUser",
        "web-dev web-staging merchant-portal-dev merchant-portal-staging",
    ),
    ("web-engineers", "ReadOnly", "web-prod merchant-portal-prod"),
    ("data-analysts", "ReadOnly", "analytics-prod"),
    ("data-analysts", "PowerUser", "analytics-dev"),
    (
        "database-operators",
        "DatabaseOperator",
        "cards-prod ledger-prod web-prod cards-staging ledger-staging",
    ),
    (
        "support-desk",
        "SupportMetrics",
        "web-prod merchant-portal-prod cards-prod",
    ),
    (
        "finance-billing",
        "Billing",
        "harbourline-management shared-services",
    ),
    (
        "release-managers",
        "ReleaseToolkit",
        "web-prod cards-prod merchant-portal-prod",
    ),
    ("auditors", "SecurityAudit", "log-archive identity"),
    ("contractors", "ReadOnly", "web-dev merchant-portal-dev"),
    (
        "web-engineers",
        "AdministratorAccess",
        "engineering-sandbox",
    ),
];

/// User, permission set, account.
const BY_USER: [(&str, &str, &str); 3] = [
    // Problem: users assigned directly, two of them in production PCI.
    ("daniel.weiss", "PowerUser", "ledger-prod"),
    ("samir.patel", "ReadOnly", "tokens-prod"),
    ("mei.zhang", "DatabaseOperator", "analytics-prod"),
];

/// Problem: an assignment of a user who no longer exists in the directory.
const GONE: (&str, &str, &str) = ("edgar.finch", "ReadOnly", "tokens-prod");

pub(super) fn all() -> Vec<Assignment> {
    let mut all = Vec::new();
    let mut assign = |account: &str, set: &str, principal_type, principal_id| {
        all.push(Assignment {
            account: accounts::id(account),
            permission_set: arn(set),
            principal_type,
            principal_id,
        });
    };
    for (group, set, names) in BY_GROUP {
        for account in names.split_whitespace() {
            assign(account, set, PrincipalType::Group, group_id(group));
        }
    }
    for (environment, pci) in [
        ("production", "in"),
        ("production", "connected"),
        ("production", "out"),
        ("staging", "in"),
        ("security", "connected"),
    ] {
        for account in accounts::names(environment, pci).filter(|name| *name != "acquired-fastpay")
        {
            let group = group_id("security-operations");
            assign(account, "SecurityAudit", PrincipalType::Group, group);
        }
    }
    for (user, set, account) in BY_USER {
        assign(account, set, PrincipalType::User, user_id(user));
    }
    let (user, set, account) = GONE;
    assign(account, set, PrincipalType::User, uuid_for("user", user));
    all
}

/// Returns the roles that still have the previous revision of DatabaseOperator.
pub(super) fn outdated_roles() -> Vec<ProvisionedRole> {
    ["cards-prod", "ledger-prod", "web-prod"]
        .into_iter()
        .map(|account| ProvisionedRole {
            account: accounts::id(account),
            permission_set: arn("DatabaseOperator"),
            revision: 1,
        })
        .collect()
}
