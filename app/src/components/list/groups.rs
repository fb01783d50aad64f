//! Rows of a list in groups: one row for each, which says what the rows of the list have in common, and below it what
//! differs. Never counts or sorts rows.

use leptos::prelude::*;

/// What stands above the rows of a list.
pub(super) enum Headings<'a, R> {
    Nothing,
    /// A text above rows that have it in common, such as a day.
    Of(fn(&R) -> String),
    /// A row of its own, with cells.
    Rows(&'a RowGroups<R>),
}

/// A list as a section of the page of something else.
pub struct ListSection<R> {
    pub title: &'static str,
    /// What all rows have in common, beside the title.
    pub detail: Option<String>,
    /// The id of the heading, to which numbers lead.
    pub id: &'static str,
    /// The columns that would say the same in every row, or nothing. One that somebody chooses is shown.
    pub same: Vec<&'static str>,
    pub groups: RowGroups<R>,
}

/// Returns the cell of a group by its rows on the page, by the key of the column.
type GroupCell<R> = Box<dyn Fn(&[R], &str) -> Option<AnyView>>;

/// Returns what stands below the cells of a group, in the width of the table.
type BelowGroup<R> = Box<dyn Fn(&[R]) -> Option<AnyView>>;

/// What the rows of a list have in common. The list has the rows of one group one after the other.
pub struct RowGroups<R> {
    /// The head of the first column, which names the groups.
    pub head: &'static str,
    /// The number of groups of the whole list, with their noun.
    pub count: String,
    /// The columns that the first one makes unnecessary.
    pub without: &'static [&'static str],
    /// Names the group of a row.
    pub of: fn(&R) -> String,
    pub cell: GroupCell<R>,
    pub below: BelowGroup<R>,
}
