//! Compares the stored projections with what the entries say. A start begins with one, and does not apply the entries before
//! its end again.

use domain::ledger::{Hash, LogName, projection::Projection};

use super::difference::Difference;
use crate::{
    row_key::RowKeys,
    store::ledger::{NotUsed, StoredProjection},
};

/// The stored projections whose ends were not read yet, smallest first, and the differences found so far.
pub(super) struct StoredProjectionCheck {
    waiting: std::iter::Peekable<std::vec::IntoIter<StoredProjection>>,
    found: Vec<Difference>,
}

impl StoredProjectionCheck {
    /// The MACs are checked if the row key is known.
    pub(super) fn new(
        stored: Vec<StoredProjection>,
        keys: Option<&RowKeys>,
        log: &LogName,
    ) -> Self {
        let mut found = Vec::new();
        let mut waiting = Vec::with_capacity(stored.len());
        for one in stored {
            match keys.map_or(Ok(()), |keys| one.authenticate(keys, log)) {
                Ok(()) => waiting.push(one),
                Err(why) => found.push(difference(&one, &why.to_string())),
            }
        }
        Self {
            waiting: waiting.into_iter().peekable(),
            found,
        }
    }

    /// Compares what is stored of the end that an entry is. `mac` is the stored MAC of the entry.
    pub(super) fn entry(
        &mut self,
        seq: u64,
        leaf: &Hash,
        mac: Option<&Hash>,
        projection: &Projection,
    ) {
        let size = seq.saturating_add(1);
        while let Some(stored) = self.waiting.next_if(|stored| stored.size == Some(size)) {
            let is_end = stored
                .end()
                .is_some_and(|end| end.leaf == *leaf && Some(&end.mac) == mac);
            let why = match stored.projection() {
                _ if !is_end => "its last entry is another one".to_owned(),
                // A version that is updated leaves one behind.
                Err(NotUsed::Format) => continue,
                Err(why) => why.to_string(),
                Ok(found) if found == *projection => continue,
                Ok(_) => "it differs from what the entries say".to_owned(),
            };
            self.found.push(difference(&stored, &why));
        }
    }

    pub(super) fn finish(self) -> Vec<Difference> {
        let mut found = self.found;
        for stored in self.waiting {
            found.push(difference(&stored, "the ledger has no such end"));
        }
        found
    }
}

fn difference(stored: &StoredProjection, why: &str) -> Difference {
    let size = stored.size.map_or_else(
        || "an impossible number of".to_owned(),
        |size| size.to_string(),
    );
    Difference::StoredProjection(format!("the projection of {size} entries: {why}"))
}
