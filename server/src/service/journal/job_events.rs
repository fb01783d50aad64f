//! The entries about jobs: what people do with them. That a job ran is in no entry; what it did is.

use domain::{
    ids::JobId,
    ledger::{EventKind, Outcome},
};

use super::{EntryActor, EntryBuilder, Journal};

impl Journal {
    /// A person did something with a job: `kind` is one of the events about jobs, `name` the stored name of its kind.
    pub fn job(&self, kind: EventKind, who: &EntryActor, job: &JobId, name: &str) -> EntryBuilder {
        self.entry(kind, Outcome::Success, who)
            .target_id("job", job.as_str())
            .fact("kind", name)
    }
}
