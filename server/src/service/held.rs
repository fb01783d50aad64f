//! Values that were read from rows and are held in memory, because pages ask for them all the time.
//!
//! A value is held only if its rows change together with entries of the ledger, in the same transaction, and it counts
//! only as long as no such entry was committed: each request looks at the ledger as of its beginning, so it sees the
//! entries of everything that anybody wrote before. Nothing is decided by a held value: whoever decides reads the rows.

use std::sync::{Arc, Mutex, PoisonError};

/// A value, and the number of entries with which its rows could have changed when they were read.
#[derive(Debug)]
pub struct Held<T>(Mutex<Option<(u64, Arc<T>)>>);

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Held<T> {
    /// Returns the value if there were as many entries when it was read.
    pub fn as_of(&self, entries: u64) -> Option<Arc<T>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (as_of, value) = held.as_ref()?;
        (*as_of == entries).then(|| Arc::clone(value))
    }

    /// Returns the value that was read last, however old it is.
    pub fn last(&self) -> Option<Arc<T>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|(_, value)| Arc::clone(value))
    }

    /// Holds a value. `entries` is their number before the rows were read: rows that are newer are read again once more.
    pub fn hold(&self, entries: u64, value: T) -> Arc<T> {
        let value = Arc::new(value);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((entries, Arc::clone(&value)));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_only_for_the_number_of_entries_with_which_it_was_read() {
        let held = Held::default();
        assert_eq!(held.as_of(0), None);
        held.hold(3, "three");
        assert_eq!(held.as_of(3).as_deref(), Some(&"three"));
        // Another request read older rows meanwhile, and holds them later.
        assert_eq!((held.as_of(2), held.as_of(4)), (None, None));
        assert_eq!(held.last().as_deref(), Some(&"three"));
    }
}
