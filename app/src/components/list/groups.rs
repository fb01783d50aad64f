//! Rows of a list under headings: what all rows of a group have in common is said once.

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
    /// The id of the heading, to which numbers lead.
    pub id: &'static str,
    /// What stands above the rows.
    pub lead: Option<AnyView>,
    pub groups: RowGroups<R>,
}

/// Returns the cell of a heading by a row of the group, by the key of the column.
type HeadingCell<R> = Box<dyn Fn(&R, &str) -> Option<AnyView>>;

/// Whether a heading says already what the cell of a row would say, by the key of the column.
type SaysOfRow<R> = Box<dyn Fn(&R, &str) -> bool>;

/// What the rows of a list have in common. The list has the rows of one group one after the other.
pub struct RowGroups<R> {
    /// The columns that the headings make unnecessary.
    pub without: &'static [&'static str],
    /// Names the group of a row.
    pub of: fn(&R) -> String,
    /// Whether the heading is all of the row.
    pub is_whole: fn(&R) -> bool,
    pub cell: HeadingCell<R>,
    pub says: SaysOfRow<R>,
}
