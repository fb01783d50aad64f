//! Compares access windows with the entries of their start and end.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::projection::grants::{Grants, RecordedGrant};

use super::rows::Difference;
use crate::store::engine::StoredWindow;

/// Rows that were read before the entries must have entries. Entries must have rows among those read afterwards.
pub(super) fn compare(
    before: &[StoredWindow],
    after: &[StoredWindow],
    grants: &Grants,
    found: &mut BTreeSet<Difference>,
) {
    let given: BTreeMap<&str, &RecordedGrant> = grants
        .given()
        .iter()
        .map(|(grant, given)| (grant.as_str(), given))
        .collect();
    for row in before {
        match given.get(row.id.as_str()) {
            None => found.insert(Difference::WindowWithoutEntry(words(&row.id))),
            Some(given) if row.over && given.closed.is_none() => {
                found.insert(Difference::WindowOverWithoutEntry(words(&row.id)))
            }
            Some(_) => false,
        };
    }
    for row in after {
        let Some(given) = given.get(row.id.as_str()) else {
            continue;
        };
        if !row.over && given.closed.is_some() {
            found.insert(Difference::WindowRevived(words(&row.id)));
        } else if row.over == given.closed.is_some()
            && !same(row, given)
            && !matched_before(row, given, before)
        {
            found.insert(Difference::WindowDiffers(words(&row.id)));
        }
    }
    let rows: BTreeSet<&str> = after.iter().map(|row| row.id.as_str()).collect();
    for (grant, given) in given {
        // The row of a closed window may have been deleted.
        if given.closed.is_none() && !rows.contains(grant) {
            found.insert(Difference::WindowWithoutRow(words(grant)));
        }
    }
}

/// Returns whether the row matched the entries when they were read. It may have changed since.
fn matched_before(row: &StoredWindow, given: &RecordedGrant, before: &[StoredWindow]) -> bool {
    before
        .iter()
        .any(|earlier| earlier.id == row.id && same(earlier, given))
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
