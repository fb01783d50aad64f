//! When a lease is over, judged by a process that does not hold it.
//!
//! The holder raises a counter in the row of the job while it works. Another process takes the job over when the counter
//! has not moved for the length of a lease, measured by its own monotonic clock: no two clocks are compared, so that a
//! clock that is set back or forward ends no lease and prolongs none.

use std::{collections::HashMap, time::Duration};

/// What a process read of a lease: the token of its holder, and the counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeaseSighting {
    pub token: String,
    pub beat: i64,
}

/// The leases of other processes, and since when each looks the way it does.
#[derive(Debug, Default)]
pub struct LeaseWatch {
    seen: HashMap<String, (LeaseSighting, Duration)>,
}

impl LeaseWatch {
    /// Takes note of all leases at one moment of the monotonic clock, and returns the ids of the jobs whose lease is over:
    /// it looked the same for at least `length`. Leases that are not among them are forgotten.
    pub fn observe(
        &mut self,
        leases: impl IntoIterator<Item = (String, LeaseSighting)>,
        at: Duration,
        length: Duration,
    ) -> Vec<String> {
        let mut before = std::mem::take(&mut self.seen);
        let mut over = Vec::new();
        for (id, lease) in leases {
            let since = match before.remove(&id) {
                Some((same, since)) if same == lease => since,
                _ => at,
            };
            if at.saturating_sub(since) >= length {
                over.push(id.clone());
            }
            self.seen.insert(id, (lease, since));
        }
        over
    }
}
