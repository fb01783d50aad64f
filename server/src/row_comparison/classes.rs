//! Compares the recorded classification of accounts, and the mapping of tags and OUs, with their entries.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::AccountId,
    ledger::{Hash, projection::classes::Classes},
};

use super::difference::Difference;
use crate::store::observed::ClassRow;

/// The rows about classifications.
pub(super) struct ClassRows {
    pub accounts: Vec<ClassRow>,
    /// The mapping in force.
    pub mapping: Option<String>,
}

pub(super) fn compare(rows: &ClassRows, classes: &Classes, found: &mut BTreeSet<Difference>) {
    let mapping = rows
        .mapping
        .as_ref()
        .map(|text| Hash::of(text.as_bytes()).hex());
    if mapping.as_deref() != classes.mapping() {
        found.insert(Difference::MappingDiffers);
    }
    // As long as there is no entry, an earlier version wrote the rows.
    if classes.all().is_empty() {
        return;
    }
    let stored: BTreeMap<&str, &ClassRow> = rows
        .accounts
        .iter()
        .map(|row| (row.account.as_str(), row))
        .collect();
    for (account, recorded) in classes.all() {
        match stored.get(account.as_str()) {
            None => found.insert(Difference::ClassWithoutRow(words(account.as_str()))),
            Some(row) if row.class != Some(*recorded) => {
                found.insert(Difference::ClassDiffers(words(account.as_str())))
            }
            Some(_) => false,
        };
    }
    for account in stored.keys() {
        let recorded = AccountId::parse(account)
            .ok()
            .and_then(|id| classes.get(&id));
        if recorded.is_none() {
            found.insert(Difference::ClassWithoutEntry(words(account)));
        }
    }
}

fn words(account: &str) -> String {
    format!("account {account}")
}
