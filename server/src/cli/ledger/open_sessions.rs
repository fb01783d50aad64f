//! Compares active sessions with the entries of their start and end. Ended sessions have no effect and are deleted
//! after a while.

use std::collections::BTreeSet;

use domain::ledger::projection::sessions::Sessions;

use super::rows::Difference;
use crate::store::session::StoredSession;

/// Reports active sessions in the rows read before the entries that have no start entry, and active sessions in the
/// rows read afterwards that have an end entry.
pub(super) fn compare(
    before: &[StoredSession],
    after: &[StoredSession],
    sessions: &Sessions,
    found: &mut BTreeSet<Difference>,
) {
    let proof = |row: &StoredSession| sessions.proof(&row.bound()?);
    for row in before {
        if proof(row).is_none() {
            found.insert(Difference::SessionWithoutEntry(words(row)));
        }
    }
    for row in after {
        if proof(row).is_some_and(|begun| begun.ended_at.is_some()) {
            found.insert(Difference::SessionRevived(words(row)));
        }
    }
}

fn words(row: &StoredSession) -> String {
    format!("the session {} of {}", row.id, row.subject.sub)
}
