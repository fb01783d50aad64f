//! The projection of what AWS was read to classify accounts as: the record that no tag alone loosens.
//!
//! A row of an account counts only as far as it agrees, so that whoever writes to the database loosens none.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Entry, Outcome};
use crate::{
    classification::{Environment, Pci, Recorded},
    ids::AccountId,
    ledger::EventKind,
    shared_map::SharedMap,
};

const RECORDED: &str = EventKind::ClassificationRecorded.as_str();
const MAPPED: &str = EventKind::ClassificationMapped.as_str();

/// Every event type that changes what is recorded of the classification of accounts.
pub const OF_CLASSES: [&str; 2] = [RECORDED, MAPPED];

/// The member of an entry that holds the classifications, by account.
pub const CLASSES: &str = "classes";

/// The recorded classification of each account, and the mapping of tags and OUs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes {
    by_account: SharedMap<AccountId, Recorded>,
    /// The SHA-256 of the mapping in force, as text.
    mapping: Option<String>,
}

impl Classes {
    pub(super) fn apply(&mut self, entry: &Entry) {
        if entry.outcome != Outcome::Success {
            return;
        }
        if entry.kind.as_str() == MAPPED {
            let digest = entry.data.get("mapping").and_then(Value::as_str);
            self.mapping = digest.map(str::to_owned);
        }
        if entry.kind.as_str() != RECORDED {
            return;
        }
        let classes = entry.data.get(CLASSES).and_then(Value::as_object);
        for (account, words) in classes.into_iter().flatten() {
            if let Ok(account) = AccountId::parse(account) {
                self.by_account.insert(account, understood(words));
            }
        }
    }

    /// Returns the record of an account.
    pub fn get(&self, account: &AccountId) -> Option<Recorded> {
        self.by_account.get(account).copied()
    }

    /// Returns the records of all accounts.
    pub fn all(&self) -> &SharedMap<AccountId, Recorded> {
        &self.by_account
    }

    /// Returns the SHA-256 of the mapping in force, as text; none before the first one.
    pub fn mapping(&self) -> Option<&str> {
        self.mapping.as_deref()
    }
}

/// Returns the member of an entry that records these classifications.
pub fn written<'a>(classes: impl Iterator<Item = (&'a AccountId, Recorded)>) -> Map<String, Value> {
    let words = |recorded: Recorded| {
        let (environment, pci) = recorded.strictest;
        let read = recorded.read;
        serde_json::json!([
            environment.as_str(),
            pci.as_str(),
            read.0.map_or("", Environment::as_str),
            read.1.map_or("", Pci::as_str),
        ])
    };
    classes
        .map(|(account, recorded)| (account.to_string(), words(recorded)))
        .collect()
}

/// Reads the words of one account. What this version does not understand counts as the strictest value.
fn understood(words: &Value) -> Recorded {
    let word = |at: usize| words.get(at).and_then(Value::as_str).unwrap_or_default();
    Recorded {
        strictest: (
            Environment::parse(word(0)).unwrap_or(Environment::Management),
            Pci::parse(word(1)).unwrap_or(Pci::In),
        ),
        read: (Environment::parse(word(2)), Pci::parse(word(3))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{Actor, ActorKind},
        time::Timestamp,
    };

    #[test]
    fn what_is_written_is_read_and_what_is_not_understood_is_the_strictest() {
        let account = AccountId::parse("111122223333").unwrap();
        let recorded = Recorded {
            strictest: (Environment::Production, Pci::Connected),
            read: (Some(Environment::Staging), None),
        };
        let mut entry = Entry::new(
            EventKind::ClassificationRecorded.entry_type(),
            Timestamp(1),
            Outcome::Success,
            Actor::new(ActorKind::Service),
        );
        let classes = written([(&account, recorded)].into_iter());
        entry.data.insert(CLASSES.into(), Value::Object(classes));
        let mut projected = Classes::default();
        projected.apply(&entry);
        assert_eq!(projected.get(&account), Some(recorded));
        let words = serde_json::json!({ "111122223333": ["of next year"] });
        entry.data.insert(CLASSES.into(), words);
        projected.apply(&entry);
        let strictest = projected.get(&account).unwrap().strictest;
        assert_eq!(strictest, (Environment::Management, Pci::In));
    }
}
