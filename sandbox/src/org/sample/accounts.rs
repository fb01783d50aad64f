//! The accounts and organizational units of Harbourline.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::FOUNDED_MS;
use crate::org::{Account, AccountState, PolicyReference, Unit};

pub(super) const ROOT: &str = "r-hb01";

/// Key, name, key of the parent.
const UNITS: [(&str, &str, &str); 14] = [
    ("security", "Security", ""),
    ("infra", "Infrastructure", ""),
    ("workloads", "Workloads", ""),
    ("playground", "Sandbox", ""),
    ("suspended", "Suspended", ""),
    ("pci", "PCI", "workloads"),
    ("pciprod", "Production", "pci"),
    ("pcipre", "Pre-production", "pci"),
    ("other", "Non-PCI", "workloads"),
    ("otherprod", "Production", "other"),
    ("otherpre", "Pre-production", "other"),
    ("otherdev", "Development", "other"),
    ("data", "Data", "other"),
    ("paydev", "Payments Development", "workloads"),
];

struct Row {
    name: &'static str,
    id: &'static str,
    unit: &'static str,
    environment: &'static str,
    pci: &'static str,
    owner: &'static str,
}

const fn row(
    name: &'static str,
    id: &'static str,
    unit: &'static str,
    tags: [&'static str; 3],
) -> Row {
    Row {
        name,
        id,
        unit,
        environment: tags[0],
        pci: tags[1],
        owner: tags[2],
    }
}

const ACCOUNTS: [Row; 26] = [
    row(
        "harbourline-management",
        "218734650912",
        "",
        ["management", "connected", "platform"],
    ),
    row(
        "security-tooling",
        "340918276554",
        "security",
        ["security", "connected", "security"],
    ),
    row(
        "log-archive",
        "451029387665",
        "security",
        ["security", "connected", "security"],
    ),
    row(
        "identity",
        "784352610998",
        "infra",
        ["security", "connected", "platform"],
    ),
    row(
        "shared-services",
        "562130498776",
        "infra",
        ["production", "connected", "platform"],
    ),
    row(
        "network-hub",
        "673241509887",
        "infra",
        ["production", "connected", "network"],
    ),
    row(
        "cards-prod",
        "115263748590",
        "pciprod",
        ["production", "in", "cards"],
    ),
    row(
        "ledger-prod",
        "226374859601",
        "pciprod",
        ["production", "in", "ledger"],
    ),
    row(
        "tokens-prod",
        "337485960712",
        "pciprod",
        ["production", "in", "tokens"],
    ),
    // Problem: a production account in the PCI unit without tags.
    row("settlement-prod", "448596071823", "pciprod", ["", "", ""]),
    row(
        "cards-staging",
        "559607182934",
        "pcipre",
        ["staging", "in", "cards"],
    ),
    row(
        "ledger-staging",
        "660718293045",
        "pcipre",
        ["staging", "in", "ledger"],
    ),
    row(
        "tokens-staging",
        "771829304156",
        "pcipre",
        ["staging", "in", "tokens"],
    ),
    row(
        "cards-dev",
        "882930415267",
        "paydev",
        ["development", "connected", "cards"],
    ),
    row(
        "ledger-dev",
        "993041526378",
        "paydev",
        ["development", "connected", "ledger"],
    ),
    row(
        "tokens-dev",
        "104152637489",
        "paydev",
        ["development", "connected", "tokens"],
    ),
    row(
        "web-prod",
        "216263748591",
        "otherprod",
        ["production", "out", "web"],
    ),
    row(
        "merchant-portal-prod",
        "327374859602",
        "otherprod",
        ["production", "out", "merchant"],
    ),
    row(
        "web-staging",
        "438485960713",
        "otherpre",
        ["staging", "out", "web"],
    ),
    row(
        "web-dev",
        "549596071824",
        "otherdev",
        ["development", "out", "web"],
    ),
    row(
        "merchant-portal-staging",
        "650607182935",
        "otherpre",
        ["staging", "out", "merchant"],
    ),
    row(
        "merchant-portal-dev",
        "761718293046",
        "otherdev",
        ["development", "out", "merchant"],
    ),
    row(
        "analytics-prod",
        "872829304157",
        "data",
        ["production", "out", "data"],
    ),
    row(
        "analytics-dev",
        "983930415268",
        "data",
        ["development", "out", "data"],
    ),
    row(
        "engineering-sandbox",
        "194041526379",
        "playground",
        ["sandbox", "out", "platform"],
    ),
    row(
        "acquired-fastpay",
        "305152637480",
        "suspended",
        ["production", "out", "platform"],
    ),
];

/// Accounts, and the services that they administer for the organization.
const DELEGATED_SERVICES: [(&str, &[&str]); 3] = [
    (
        "security-tooling",
        &[
            "access-analyzer.amazonaws.com",
            "config.amazonaws.com",
            "guardduty.amazonaws.com",
            "securityhub.amazonaws.com",
        ],
    ),
    ("log-archive", &["cloudtrail.amazonaws.com"]),
    (
        "identity",
        &[
            "account.amazonaws.com",
            "iam.amazonaws.com",
            "member.org.stacksets.cloudformation.amazonaws.com",
        ],
    ),
];

/// Returns the delegated administrators of the services other than Identity Center.
pub(super) fn delegated_services() -> BTreeMap<Arc<str>, Vec<String>> {
    let delegated = DELEGATED_SERVICES.iter();
    delegated
        .map(|(name, services)| {
            let services = services.iter().map(|service| (*service).to_owned());
            (id(name), services.collect())
        })
        .collect()
}

/// The account that hosts Leastwise and its user pool.
const HOST: &str = "identity";

/// Returns the customer managed policy of PaymentsEngineer. It exists in development and staging accounts only.
pub(super) fn payments_policy() -> PolicyReference {
    PolicyReference {
        name: "PaymentsEngineerAccess".to_owned(),
        path: "/teams/payments/".to_owned(),
    }
}

/// Returns the ID of an account by name.
pub(super) fn id(name: &str) -> Arc<str> {
    ACCOUNTS
        .iter()
        .find(|row| row.name == name)
        .map_or(name, |row| row.id)
        .into()
}

/// Returns the names of all accounts with these values of `environment` and `pci`.
pub(super) fn names(environment: &str, pci: &str) -> impl Iterator<Item = &'static str> {
    ACCOUNTS
        .iter()
        .filter(move |row| row.environment == environment && row.pci == pci)
        .map(|row| row.name)
}

pub(super) fn units() -> Vec<Unit> {
    UNITS
        .iter()
        .map(|(key, name, parent)| Unit {
            id: unit_id(key),
            name: (*name).to_owned(),
            parent: unit_id(parent),
        })
        .collect()
}

pub(super) fn all() -> Vec<Account> {
    ACCOUNTS
        .iter()
        .zip(0..)
        .map(|(row, number)| Account {
            id: row.id.into(),
            name: row.name.into(),
            email: format!("aws+{}@harbourline.example", row.name).into(),
            state: if row.unit == "suspended" {
                AccountState::Suspended
            } else {
                AccountState::Active
            },
            parent: unit_id(row.unit),
            tags: tags(row),
            joined_ms: FOUNDED_MS + number * 3_600_000,
            customer_policies: if row.environment == "development" || row.environment == "staging" {
                vec![payments_policy()]
            } else {
                Vec::new()
            },
        })
        .collect()
}

fn tags(row: &Row) -> BTreeMap<Arc<str>, Arc<str>> {
    let mut tags: BTreeMap<Arc<str>, Arc<str>> = [
        ("environment", row.environment),
        ("pci", row.pci),
        ("owner", row.owner),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (key.into(), value.into()))
    .collect();
    if row.name == HOST {
        tags.insert("leastwise".into(), "host".into());
    }
    tags
}

fn unit_id(key: &str) -> Arc<str> {
    if key.is_empty() {
        return ROOT.into();
    }
    format!("ou-hb01-{key:0<10}").into()
}
