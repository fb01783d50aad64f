//! What stands against access of ours that outlives its reason, whatever the rules say of it.
//!
//! A removal that is late, or that AWS would refuse us, is never *within the rules*. Only adds to what
//! the rules say.

use std::{collections::BTreeSet, sync::Arc};

use super::{hold::Holds, system};
use crate::{
    ids::{Assignment, UserId},
    time::Timestamp,
    verdict::Hit,
};

/// It should be gone, and is not.
pub const OVERDUE: &str = "system.overdue";
/// Leastwise gave it, and could not take it away.
pub const OUT_OF_REACH: &str = "system.out-of-reach";

impl Holds<'_> {
    /// The same hits, and what stands against an assignment of ours, or what somebody holds by it.
    pub(super) fn and_late(
        &self,
        hits: Arc<[Hit]>,
        assignment: &Assignment,
        user: Option<&UserId>,
    ) -> Arc<[Hit]> {
        let late = self.records.overdue(assignment, user).map(overdue);
        let ours = self.records.assignments.contains_key(assignment);
        let stuck = ours.then(|| system::unwritable(self.snapshot, assignment));
        let stuck = stuck.into_iter().flatten();
        let mut besides = late.into_iter().chain(stuck.map(out_of_reach)).peekable();
        if besides.peek().is_none() {
            return hits;
        }
        besides.chain(hits.iter().cloned()).collect()
    }
}

fn overdue(due: Timestamp) -> Hit {
    let reason = format!(
        "This should have been taken away at {} UTC and is still there. Leastwise tries again at least every five \
         minutes, and every hour where AWS refuses it for good: the change and the ledger say what AWS answers. \
         Take it away in AWS if it cannot wait.",
        due.minute()
    );
    system::hit(OVERDUE, reason, "PCI 7.2.2", BTreeSet::new())
}

fn out_of_reach((_, why, control): system::Against) -> Hit {
    let reason = format!("Leastwise gave this and could not take it away now. {why}");
    system::hit(OUT_OF_REACH, reason, control, BTreeSet::new())
}
