//! Compares access windows with the entries of their start and end.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::projection::grants::{Grants, RecordedGrant};

use super::difference::Difference;
use crate::store::engine::StoredWindow;

pub(super) fn compare(rows: &[StoredWindow], grants: &Grants, found: &mut BTreeSet<Difference>) {
    let given: BTreeMap<&str, &RecordedGrant> = grants
        .given()
        .iter()
        .map(|(grant, given)| (grant.as_str(), given))
        .collect();
    for row in rows {
        let Some(given) = given.get(row.id.as_str()) else {
            found.insert(Difference::WindowWithoutEntry(words(&row.id)));
            continue;
        };
        match (row.over, given.closed.is_some()) {
            (true, false) => found.insert(Difference::WindowOverWithoutEntry(words(&row.id))),
            (false, true) => found.insert(Difference::WindowRevived(words(&row.id))),
            _ if !same(row, given) => found.insert(Difference::WindowDiffers(words(&row.id))),
            _ => false,
        };
    }
    let stored: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    for (grant, given) in given {
        // The row of a closed window may have been deleted.
        if given.closed.is_none() && !stored.contains(grant) {
            found.insert(Difference::WindowWithoutRow(words(grant)));
        }
    }
}

fn same(row: &StoredWindow, given: &RecordedGrant) -> bool {
    let document = row.document.as_ref();
    document.is_some_and(|document| {
        document.over.is_some() == row.over
            && given.key == document.key
            && given.window.grant == document.window.grant
            && given.window.change == document.window.change
            && given.window.starts == document.window.starts
            && given.window.ends == document.window.ends
            && given.window.ended == document.window.ended
    })
}

fn words(grant: &str) -> String {
    format!("the access window {grant}")
}
