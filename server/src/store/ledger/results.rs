//! What became of something that was pending when it was recorded: the later entries that may tell.

use domain::{
    ids::ChangeId,
    ledger::{Entry, EventKind},
};
use sqlx::AssertSqlSafe;

use super::{
    listed::type_list,
    mac::{COLUMNS, JOINS, MacedEntry},
    number,
};
use crate::store::{Store, StoreError, places};

/// The number of entries of each kind that are looked at for the end of writes to AWS.
const OF_A_KIND: usize = 200;

/// A later entry.
#[derive(Debug, Clone)]
pub struct Later {
    pub seq: u64,
    pub entry: Entry,
}

/// Returns the entries of these kinds that are about these changes, and the next ones of `following` after a number, in
/// ascending order. What does not count is left out.
pub async fn later(
    store: &Store,
    (changes, ends): (&[ChangeId], &[EventKind]),
    (after, following): (Option<u64>, &[EventKind]),
) -> Result<Vec<Later>, StoreError> {
    let mut sources = Vec::new();
    if !changes.is_empty() {
        let kinds: Vec<&str> = ends.iter().map(|kind| kind.as_str()).collect();
        sources.push(format!(
            "select c.seq from ledger_entry c where c.change_id in ({}) and c.type in ({})",
            places(changes.len()),
            type_list(&kinds)
        ));
    }
    if after.is_some() {
        // Each kind by its index: one condition for all of them could walk through the whole ledger.
        let place = changes.len() + 1;
        sources.extend(following.iter().enumerate().map(|(at, kind)| {
            format!(
                "select seq from (select seq from ledger_entry where type = '{}' and seq > ${place} order by seq limit {OF_A_KIND}) k{at}",
                kind.as_str()
            )
        }));
    }
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select {COLUMNS} from ({}) found join ledger_entry e on e.seq = found.seq {JOINS} order by e.seq",
        sources.join(" union ")
    );
    let query = sqlx::query(AssertSqlSafe(sql));
    let query = changes.iter().fold(query, |query, change| {
        query.bind(change.as_str().to_owned())
    });
    let query = match after {
        Some(after) => query.bind(number(after)?),
        None => query,
    };
    let found = query.fetch_all(store.read()).await?;
    let later = found
        .iter()
        .map(MacedEntry::read)
        .filter(|read| store.tail().counts(read))
        .filter_map(|read| {
            Some(Later {
                seq: read.seq?,
                entry: Entry::parse(read.leaf?.as_bytes()).ok()?.1,
            })
        })
        .collect();
    Ok(later)
}
