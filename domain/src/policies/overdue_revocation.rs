//! Findings about access granted by Leastwise that outlives its reason, independent of the policies.
//!
//! Access whose removal is overdue, or whose removal AWS would refuse, is always a violation. Only adds to what the
//! policies find.

use std::{collections::BTreeSet, sync::Arc};

use super::{existing_access::ExistingAccessEvaluator, system};
use crate::{
    ids::{Assignment, UserId},
    subject::{Objection, assignment::unwritable},
    time::Timestamp,
    verdict::Hit,
};

/// The access should have been removed and still exists.
pub const OVERDUE: &str = "system.overdue";
/// Leastwise granted the access and cannot remove it.
pub const OUT_OF_REACH: &str = "system.out-of-reach";

impl ExistingAccessEvaluator<'_> {
    /// Adds the findings about an assignment granted by Leastwise, or about one person's access by it.
    pub(super) fn with_overdue(
        &self,
        hits: Arc<[Hit]>,
        assignment: &Assignment,
        user: Option<&UserId>,
    ) -> Arc<[Hit]> {
        let late = self.records.overdue(assignment, user).map(overdue);
        let ours = self.records.assignments.contains_key(assignment);
        let stuck = ours.then(|| unwritable(self.snapshot, assignment));
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
        "This access should have been removed at {} UTC and still exists. Leastwise tries again at least every five \
         minutes, or every hour if AWS refuses permanently. The change and the ledger show the responses from AWS. \
         Remove it in AWS if it cannot wait.",
        due.minute()
    );
    system::hit(OVERDUE, reason, "PCI 7.2.2", BTreeSet::new())
}

fn out_of_reach(objection: Objection) -> Hit {
    let reason = format!(
        "Leastwise granted this access and cannot remove it now. {}",
        objection.reason
    );
    system::hit(OUT_OF_REACH, reason, objection.control, BTreeSet::new())
}
