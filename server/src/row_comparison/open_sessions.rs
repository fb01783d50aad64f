//! Compares active sessions with the entries of their start and end. Ended sessions have no effect and are deleted
//! after a while.

use std::collections::BTreeSet;

use domain::ledger::projection::sessions::Sessions;

use super::difference::Difference;
use crate::store::session::StoredSession;

pub(super) fn compare(
    rows: &[StoredSession],
    sessions: &Sessions,
    found: &mut BTreeSet<Difference>,
) {
    for row in rows {
        match row.bound().and_then(|bound| sessions.proof(&bound)) {
            None => found.insert(Difference::SessionWithoutEntry(words(row))),
            Some(begun) if begun.ended_at.is_some() => {
                found.insert(Difference::SessionRevived(words(row)))
            }
            Some(_) => false,
        };
    }
}

fn words(row: &StoredSession) -> String {
    format!("the session {} of {}", row.id, row.subject.sub)
}
