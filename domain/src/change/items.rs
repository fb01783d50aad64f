//! The items of a change as they are stored: one document for each operation, with its version.
//!
//! A document is never written again, and the ledger proves its bytes. A document of an unknown kind or of a newer
//! version, or with a member that this version does not know, is not understood: its change is read-only. It must never
//! be read as something else or as nothing.

use serde::Serialize;

use super::{Operation, State};
use crate::{
    ids::{ChangeId, PersonId},
    stored_document::read_whole,
    time::Timestamp,
};

/// The version of the documents that are written now. A member that is added to a kind of operation increases it.
pub const ITEM_VERSION: i64 = 1;

/// One item as it is stored. Nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// The place of the item in its change, from 0.
    pub number: i64,
    pub version: i64,
    pub document: String,
}

impl StoredItem {
    /// Returns the items of operations, in their order.
    pub fn of_all(operations: &[Operation]) -> Vec<Self> {
        (0..)
            .zip(operations)
            .map(|(number, operation)| Self {
                number,
                version: ITEM_VERSION,
                document: text(operation),
            })
            .collect()
    }

    /// Returns the operation if all of the document is understood.
    pub fn read(&self) -> Option<Operation> {
        if !(1..=ITEM_VERSION).contains(&self.version) {
            return None;
        }
        read_whole(&self.document)
    }
}

fn text(operation: &impl Serialize) -> String {
    serde_json::to_string(operation).expect("operations are made of strings and numbers")
}

/// Returns the operations of stored items if all of them are understood.
pub fn read_all(items: &[StoredItem]) -> Option<Vec<Operation>> {
    items.iter().map(StoredItem::read).collect()
}

/// Why a change is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadableCause {
    /// The ledger proves its items, so a newer version wrote them.
    NewerVersion,
    /// The ledger does not prove its items, so nobody knows who wrote them.
    Altered,
}

/// A change with at least one item that is not understood. It can be shown and withdrawn, and nothing else: neither
/// whether it gives access nor what it does is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableChange {
    pub id: ChangeId,
    pub requester: PersonId,
    pub submitted: Timestamp,
    pub decide_by: Timestamp,
    pub state: State,
    /// The requester's reason, as entered.
    pub justification: String,
    pub ticket: Option<String>,
    pub items: Vec<StoredItem>,
}

impl UnreadableChange {
    /// Returns all items in their order, each if it is understood.
    pub fn each(&self) -> Vec<Option<Operation>> {
        self.items.iter().map(StoredItem::read).collect()
    }

    /// Returns the items that are understood, with their place. Other changes are evaluated as if these were carried out.
    pub fn understood(&self) -> impl Iterator<Item = (usize, Operation)> + '_ {
        let read = self.each().into_iter().enumerate();
        read.filter_map(|(number, operation)| Some((number, operation?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{GroupId, UserId};

    fn joins() -> Operation {
        Operation::AddMember {
            group: GroupId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
            user: UserId::parse("00000000-0000-4000-8000-000000000002").unwrap(),
        }
    }

    fn item(version: i64, document: &str) -> StoredItem {
        StoredItem {
            number: 0,
            version,
            document: document.to_owned(),
        }
    }

    #[test]
    fn an_item_is_read_as_it_was_written() {
        let [stored] = &StoredItem::of_all(&[joins()])[..] else {
            panic!("one item");
        };
        assert_eq!((stored.number, stored.version), (0, 1));
        assert_eq!(stored.read(), Some(joins()));
    }

    #[test]
    fn what_is_not_understood_is_not_read_as_something_else() {
        let known = text(&joins());
        let added = known.replace(r#""kind""#, r#""until":5,"kind""#);
        let unknown = known.replace("add_member", "add_nested_group");
        assert!(added != known && unknown != known);
        for unreadable in [
            item(2, &known),
            item(0, &known),
            item(1, &added),
            item(1, &unknown),
            item(1, "{"),
            item(1, "null"),
        ] {
            assert_eq!(unreadable.read(), None, "{unreadable:?}");
        }
        assert_eq!(read_all(&[item(1, &known), item(1, &added)]), None);
    }
}
