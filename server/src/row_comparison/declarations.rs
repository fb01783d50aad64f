//! Compares declared classifications with the entries of their start and end.

use std::collections::{BTreeSet, HashSet};

use domain::{
    ids::AccountId,
    ledger::projection::declarations::{Declarations, RecordedDeclaration},
};

use super::difference::Difference;
use crate::store::declaration::DeclarationRow;

pub(super) fn compare(
    rows: &[DeclarationRow],
    declarations: &Declarations,
    found: &mut BTreeSet<Difference>,
) {
    for row in rows {
        let Some(entry) = recorded(declarations, row) else {
            found.insert(Difference::DeclarationWithoutEntry(words(row)));
            continue;
        };
        match (row.ended_at, entry.ended_at) {
            (Some(_), None) => found.insert(Difference::DeclarationEndWithoutEntry(words(row))),
            (None, Some(_)) => found.insert(Difference::DeclarationRevived(words(row))),
            _ => false,
        };
    }
    let stored: HashSet<(&str, i64, &str)> = rows
        .iter()
        .map(|row| (row.account.as_str(), row.declared_at, row.digest.as_str()))
        .collect();
    for (account, all) in declarations.all() {
        for entry in all {
            let key = (account.as_str(), entry.at.0, entry.digest.as_str());
            if !stored.contains(&key) {
                found.insert(Difference::DeclarationWithoutRow(words(&DeclarationRow {
                    account: account.to_string(),
                    declared_at: entry.at.0,
                    digest: entry.digest.clone(),
                    ended_at: None,
                })));
            }
        }
    }
}

fn recorded<'a>(
    declarations: &'a Declarations,
    row: &DeclarationRow,
) -> Option<&'a RecordedDeclaration> {
    let account = AccountId::parse(&row.account).ok()?;
    let mut all = declarations.all().get(&account)?.iter();
    all.find(|entry| proves(entry, &account, row))
}

fn proves(entry: &RecordedDeclaration, account: &AccountId, row: &DeclarationRow) -> bool {
    row.account == account.as_str() && row.declared_at == entry.at.0 && row.digest == entry.digest
}

fn words(row: &DeclarationRow) -> String {
    let at = domain::time::Timestamp(row.declared_at).rfc3339();
    format!("the declaration of account {} of {at}", row.account)
}
