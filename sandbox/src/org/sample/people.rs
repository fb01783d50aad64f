//! The people of Harbourline, their managers and their groups.

use std::sync::Arc;

use super::{FOUNDED_MS, sign_in, uuid_for};
use crate::org::{ExternalId, Group, Membership, User};

const DAY_MS: i64 = 86_400_000;

/// The external directory that provisions users and groups over SCIM.
pub(super) const OKTA: &str = "https://harbourline.okta.com";

/// Given name, family name, title, department, user name of the manager, groups.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

// One line per person keeps the table readable.
#[rustfmt::skip]
const PEOPLE: [Row; 41] = [
    ("Helena", "Marsh", "Chief Technology Officer", "Executive", "", ""),
    ("Maya", "Okafor", "Head of Platform", "Platform", "helena.marsh", "platform-admins release-managers"),
    ("Jonas", "Lindqvist", "Staff Platform Engineer", "Platform", "maya.okafor", "platform-admins"),
    ("Priya", "Raman", "Senior Platform Engineer", "Platform", "maya.okafor", "platform-admins release-managers"),
    ("Callum", "Reid", "Platform Engineer", "Platform", "maya.okafor", "platform-admins"),
    ("Sofia", "Petrov", "Site Reliability Engineer", "Platform", "jonas.lindqvist", "database-operators release-managers"),
    ("Dmitri", "Sorokin", "Database Engineer", "Platform", "jonas.lindqvist", "database-operators"),
    ("Aiko", "Tanabe", "Database Engineer", "Platform", "jonas.lindqvist", "database-operators"),
    ("Tomas", "Novak", "Head of Security", "Security", "helena.marsh", "security-operations"),
    ("Ines", "Carvalho", "Security Operations Lead", "Security", "tomas.novak", "security-operations"),
    ("Kwame", "Boateng", "Security Engineer", "Security", "ines.carvalho", "security-operations"),
    ("Ruth", "Abelman", "Security Analyst", "Security", "ines.carvalho", "security-operations"),
    ("Farid", "Haddad", "Compliance Manager", "Security", "tomas.novak", "auditors"),
    ("Greta", "Vogel", "Network Lead", "Network", "maya.okafor", "cloud-network"),
    ("Oskar", "Blom", "Network Engineer", "Network", "greta.vogel", "cloud-network"),
    ("Lena", "Fischer", "Engineering Manager, Cards", "Cards", "helena.marsh", "cards-engineers release-managers"),
    ("Marcus", "Dube", "Senior Engineer, Cards", "Cards", "lena.fischer", "cards-engineers"),
    ("Yuki", "Mori", "Engineer, Cards", "Cards", "lena.fischer", "cards-engineers"),
    ("Elena", "Rossi", "Engineer, Cards", "Cards", "lena.fischer", "cards-engineers"),
    ("Patrick", "Nolan", "Engineer, Cards", "Cards", "lena.fischer", "cards-engineers"),
    // Problem: left the company in the spring and is disabled, but still a member of a group with access to production.
    ("Viktor", "Hall", "Engineer, Cards", "Cards", "lena.fischer", "cards-engineers"),
    ("Amara", "Nwosu", "Engineering Manager, Ledger", "Ledger", "helena.marsh", "ledger-engineers"),
    ("Daniel", "Weiss", "Principal Engineer, Ledger", "Ledger", "amara.nwosu", "ledger-engineers"),
    ("Chloe", "Martin", "Engineer, Ledger", "Ledger", "amara.nwosu", "ledger-engineers"),
    ("Hassan", "Aziz", "Engineer, Ledger", "Ledger", "amara.nwosu", "ledger-engineers"),
    ("Nina", "Kowalska", "Engineering Manager, Tokens", "Tokens", "helena.marsh", "tokens-engineers"),
    ("Samir", "Patel", "Cryptography Engineer", "Tokens", "nina.kowalska", "tokens-engineers"),
    ("Freya", "Larsen", "Engineer, Tokens", "Tokens", "nina.kowalska", "tokens-engineers"),
    ("Gabriel", "Silva", "Engineering Manager, Web", "Web", "helena.marsh", "web-engineers release-managers"),
    ("Hannah", "Cole", "Senior Engineer, Web", "Web", "gabriel.silva", "web-engineers"),
    ("Liam", "Byrne", "Engineer, Web", "Web", "gabriel.silva", "web-engineers"),
    ("Zoe", "Laurent", "Engineer, Merchant Portal", "Web", "gabriel.silva", "web-engineers"),
    ("Anton", "Berg", "Engineer, Merchant Portal", "Web", "gabriel.silva", "web-engineers contractors"),
    ("Mei", "Zhang", "Head of Data", "Data", "helena.marsh", "data-analysts"),
    ("Owen", "Price", "Data Engineer", "Data", "mei.zhang", "data-analysts"),
    ("Isla", "Grant", "Data Analyst", "Data", "mei.zhang", "data-analysts"),
    ("Ravi", "Menon", "Support Lead", "Support", "gabriel.silva", "support-desk"),
    ("Tessa", "Walsh", "Support Engineer", "Support", "ravi.menon", "support-desk"),
    ("Bruno", "Costa", "Support Engineer", "Support", "ravi.menon", "support-desk contractors"),
    ("Claire", "Dubois", "Finance Controller", "Finance", "helena.marsh", "finance-billing"),
    ("Peter", "Lang", "Financial Analyst", "Finance", "claire.dubois", "finance-billing"),
];

/// The user name of the person who left.
const LEAVER: &str = "viktor.hall";

/// Name, description, and whether Okta provisions the group over SCIM.
const GROUPS: [(&str, &str, bool); 15] = [
    (
        "platform-admins",
        "Platform engineering, all accounts",
        true,
    ),
    ("security-operations", "Security operations centre", true),
    ("cloud-network", "Transit, DNS, firewalls", false),
    ("cards-engineers", "Card authorisation services", true),
    ("ledger-engineers", "Ledger and settlement", true),
    ("tokens-engineers", "Token vault", true),
    ("web-engineers", "Web shop and merchant portal", false),
    ("data-analysts", "Reporting and analytics", true),
    ("database-operators", "Databases on call", false),
    ("support-desk", "Merchant support", false),
    ("finance-billing", "Cloud cost", false),
    ("release-managers", "May release to production", false),
    ("auditors", "Internal compliance", false),
    ("contractors", "People from agencies", false),
    // Empty, for scenarios that assign a group first and add members later.
    ("incident-responders", "Filled during an incident", false),
];

/// Returns the user ID of `given.family`.
pub(super) fn user_id(user_name: &str) -> Arc<str> {
    uuid_for("user", user_name)
}

/// Returns the group ID of a display name.
pub(super) fn group_id(name: &str) -> Arc<str> {
    uuid_for("group", name)
}

pub(super) fn directory() -> (Vec<User>, Vec<Group>, Vec<Membership>) {
    let users = PEOPLE.iter().zip(0..).map(user).collect();
    let groups = GROUPS
        .iter()
        .map(|(name, description, from_okta)| Group {
            id: group_id(name),
            display_name: (*name).into(),
            description: Some((*description).into()),
            external_ids: if *from_okta {
                vec![okta(&uuid_for("okta-group", name))]
            } else {
                Vec::new()
            },
            created_ms: FOUNDED_MS,
            updated_ms: FOUNDED_MS,
            revision: 1,
        })
        .collect();
    let memberships = PEOPLE
        .iter()
        .zip(0..)
        .flat_map(|(row, number)| {
            let name = user_name(row);
            row.5.split_whitespace().map(move |group| Membership {
                id: uuid_for("membership", &format!("{group}/{name}")),
                group: group_id(group),
                user: user_id(&name),
                created_ms: FOUNDED_MS + number * DAY_MS,
            })
        })
        .collect();
    (users, groups, memberships)
}

fn user((row, number): (&Row, i64)) -> User {
    let (given, family, title, department, manager, _) = *row;
    let name = user_name(row);
    let mut external_ids = vec![okta(&uuid_for("okta-user", &name))];
    external_ids.extend(sign_in::external_id(&name));
    User {
        id: user_id(&name),
        email: Some(format!("{name}@harbourline.example").into()),
        given_name: given.into(),
        family_name: family.into(),
        display_name: Some(format!("{given} {family}").into()),
        title: Some(title.into()),
        user_type: Some("Employee".into()),
        department: Some(department.into()),
        manager: (!manager.is_empty()).then(|| user_id(manager)),
        profile: serde_json::Map::new(),
        enabled: name != LEAVER,
        external_ids,
        created_ms: FOUNDED_MS + number * DAY_MS,
        updated_ms: FOUNDED_MS + number * DAY_MS,
        revision: 1,
        user_name: name.into(),
    }
}

fn user_name(row: &Row) -> String {
    format!("{}.{}", row.0, row.1).to_lowercase()
}

fn okta(id: &str) -> ExternalId {
    ExternalId {
        issuer: OKTA.into(),
        id: id.into(),
    }
}
