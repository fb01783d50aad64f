//! Sessions that go on, held against the entries of their beginning and end. Those that are over are nobody's
//! any more, and are deleted after a while.

use std::collections::BTreeSet;

use domain::ledger::said::sessions::Sessions;

use super::rows::Difference;
use crate::store::session::StoredSession;

/// What goes on in the rows that were read before must have begun in the entries; what ended in the entries
/// must be over in the rows that were read after.
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
