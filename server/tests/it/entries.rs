//! The entries on a page of the ledger's list, without the rows that stand for several.

use app::backend::{EntryLine, EntryPage, EntryRow};

pub fn entries(page: EntryPage) -> Vec<EntryRow> {
    let lines = page.list.rows.into_iter();
    lines.filter_map(EntryLine::entry).collect()
}
