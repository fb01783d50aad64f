//! Compares roles with the entries that grant and end them.

use std::collections::{BTreeSet, HashSet};

use domain::{
    authorize::Role,
    ids::PersonId,
    ledger::projection::{Projection, RolePeriod},
    time::Timestamp,
};

use super::difference::Difference;
use crate::store::person::RoleRow;

pub(super) fn compare(rows: &[RoleRow], projection: &Projection, found: &mut BTreeSet<Difference>) {
    for row in rows {
        let Some(held) = held(projection, row) else {
            found.insert(Difference::RoleWithoutEntry(words(row)));
            continue;
        };
        match (row.ended_at, held.ended_at) {
            (Some(_), None) => found.insert(Difference::EndWithoutEntry(words(row))),
            (None, Some(_)) => found.insert(Difference::Revived(words(row))),
            _ => false,
        };
    }
    let granted: HashSet<(&str, &str, i64)> = rows
        .iter()
        .map(|row| (row.person.as_str(), row.role.as_str(), row.granted_at))
        .collect();
    for ((person, role), all) in projection.roles() {
        for held in all {
            if !granted.contains(&(person.as_str(), role.as_str(), held.granted_at.0)) {
                let row = RoleRow {
                    person: person.to_string(),
                    role: role.as_str().to_owned(),
                    granted_at: held.granted_at.0,
                    ended_at: None,
                };
                found.insert(Difference::RoleWithoutRow(words(&row)));
            }
        }
    }
}

fn held<'a>(projection: &'a Projection, row: &RoleRow) -> Option<&'a RolePeriod> {
    let key = (
        PersonId::parse(&row.person).ok()?,
        Role::from_word(&row.role)?,
    );
    let mut all = projection.roles().get(&key)?.iter();
    all.find(|held| held.granted_at.0 == row.granted_at)
}

fn words(row: &RoleRow) -> String {
    format!(
        "the role {} of person {} since {}",
        row.role,
        row.person,
        Timestamp(row.granted_at).rfc3339()
    )
}
