//! The items of changes, the rows of the decisions on them, and what the ledger says of them with the texts that belong to its
//! entries, in one statement however many changes there are.
//!
//! Nothing in the rows counts yet: `proven` compares them with what the ledger says.

use std::collections::BTreeMap;

use domain::{
    approval::Approval,
    change::StoredItem,
    ids::ChangeId,
    ledger::{
        Hash, PrivateValue, Salt,
        projection::{ChangeRecord, RecordedText},
    },
};
use sqlx::{Row as _, any::AnyRow};

use super::{AT_ONCE, decision::approval};
use crate::store::{
    StoreConnection, StoreError, id,
    ledger::{KnownChange, KnownChanges},
    places,
};

/// The number of items of each change that a list loads. A change with more of them is listed by the first one.
const LISTED: i64 = 16;

/// Which items of a change are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemsLoaded {
    All,
    /// The first ones, for a list.
    First,
}

impl ItemsLoaded {
    /// The number that is greater than that of every item to load.
    fn below(self) -> i64 {
        match self {
            Self::All => i64::MAX,
            Self::First => LISTED,
        }
    }
}

/// The parts of one change.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The items in the order of their numbers.
    pub items: Vec<StoredItem>,
    /// The rows of the decisions on it, oldest first.
    pub approvals: Vec<Approval>,
    /// What the entries say of it.
    pub known: KnownChange,
    /// The texts of its entries that are still held.
    pub texts: Vec<PrivateValue>,
}

/// Returns the parts of each of these changes.
pub(super) async fn of_changes(
    conn: &mut StoreConnection,
    changes: &[ChangeId],
    loaded: ItemsLoaded,
) -> Result<BTreeMap<ChangeId, Parts>, StoreError> {
    let mut found: BTreeMap<ChangeId, Parts> = BTreeMap::new();
    for some in changes.chunks(AT_ONCE) {
        let known = KnownChanges::of(conn, some).await?;
        let entries = known.numbers().into_iter();
        let entries: Vec<i64> = entries.filter_map(|seq| i64::try_from(seq).ok()).collect();
        let query = sqlx::query(sqlx::AssertSqlSafe(sql(some.len(), entries.len(), loaded)));
        let query = some
            .iter()
            .fold(query, |query, change| query.bind(change.as_str()));
        let query = entries.into_iter().fold(query, sqlx::query::Query::bind);
        let mut read = ReadEntries::default();
        for row in query.fetch_all(&mut *conn).await? {
            add(&mut found, &mut read, &row)?;
        }
        for (change, known) in known.read(&read.leaves) {
            let parts = found.entry(change).or_default();
            parts.texts = read.texts_of(known.record.as_ref());
            parts.known = known;
        }
    }
    for parts in found.values_mut() {
        parts.items.sort_by_key(|item| item.number);
        let approvals = &mut parts.approvals;
        approvals.sort_by(|one, other| (one.at, &one.approver).cmp(&(other.at, &other.approver)));
    }
    Ok(found)
}

/// The entries of changes as they are stored.
#[derive(Default)]
struct ReadEntries {
    leaves: BTreeMap<u64, String>,
    texts: BTreeMap<u64, Vec<PrivateValue>>,
}

impl ReadEntries {
    /// Returns the texts that the entries of a change record and that are still held. An altered one is not among them.
    fn texts_of(&self, record: Option<&ChangeRecord>) -> Vec<PrivateValue> {
        let recorded = record.into_iter().flat_map(ChangeRecord::texts);
        let held = recorded.filter_map(|text| text.among(self.texts.get(&text.seq)?));
        held.cloned().collect()
    }
}

/// Returns the statement for so many changes, and so many entries about them.
fn sql(changes: usize, entries: usize, loaded: ItemsLoaded) -> String {
    let (of_changes, below) = (places(changes), loaded.below());
    let rows = format!(
        "select 'item' as kind, change_id, number, version, document, null as approver, null as decision, \
         null as reason, null as effect_hash, null as at, null as round from change_item \
         where change_id in ({of_changes}) and number < {below} \
         union all select 'decision', change_id, null, null, null, approver, decision, reason, effect_hash, at, round \
         from approval where change_id in ({of_changes})"
    );
    if entries == 0 {
        return rows;
    }
    let numbers = (changes + 1..=changes + entries).map(|at| format!("${at}"));
    let numbers = numbers.collect::<Vec<_>>().join(", ");
    let paths = RecordedText::PATHS
        .map(|path| format!("'{path}'"))
        .join(", ");
    format!(
        "{rows} union all select 'entry', '', seq, null, leaf, null, null, null, null, null, null \
         from ledger_entry where seq in ({numbers}) \
         union all select 'text', '', seq, null, value, path, salt, null, null, null, null \
         from ledger_private where seq in ({numbers}) and path in ({paths})"
    )
}

fn add(
    found: &mut BTreeMap<ChangeId, Parts>,
    read: &mut ReadEntries,
    row: &AnyRow,
) -> Result<(), StoreError> {
    let kind: &str = row.try_get("kind")?;
    if kind == "entry" || kind == "text" {
        // A leaf or a text that is no text is none.
        let seq = u64::try_from(row.try_get::<i64, _>("number")?);
        let (Ok(seq), Ok(document)) = (seq, row.try_get("document")) else {
            return Ok(());
        };
        if kind == "entry" {
            read.leaves.insert(seq, document);
        } else if let Some(value) = text(row, document) {
            read.texts.entry(seq).or_default().push(value);
        }
        return Ok(());
    }
    let change = id("change_item", row.try_get("change_id")?)?;
    let parts = found.entry(change).or_default();
    if kind == "item" {
        parts.items.push(StoredItem {
            number: row.try_get("number")?,
            version: row.try_get("version")?,
            document: row.try_get("document")?,
        });
    } else {
        parts.approvals.push(approval(row)?);
    }
    Ok(())
}

/// Reads a text of an entry. None if its salt cannot be read: it opens nothing.
fn text(row: &AnyRow, value: String) -> Option<PrivateValue> {
    let salt: String = row.try_get("decision").ok()?;
    Some(PrivateValue {
        path: row.try_get("approver").ok()?,
        salt: Salt(Hash::parse_hex(salt.as_bytes())?.0),
        value,
    })
}
