//! The lists. Each is declared once, in one table: the columns with what they show, how they sort and what a file contains
//! of them, and the filters. The URL is parsed, rows are sorted and filtered, the page is drawn and the files are written
//! by this declaration, so that a new column or filter is one entry in one file.
//!
//! A list has two kinds of rows. *Facts* are what every row is sorted and filtered by; there may be 50,000, so they hold
//! numbers and shared texts. A *row* is what a page or a file shows; it is made for those only.

mod cells;
mod choice;
mod column;
mod filter;
mod paging;
mod search_words;
mod select;

pub mod access;
pub mod accounts;
pub mod changes;
pub mod entries;
pub mod groups;
pub mod identities;
pub mod people;
pub mod permission_sets;

pub use cells::*;
pub use choice::{Chosen, Direction, Dropped, LIST_FIELDS, ListChoice, Sort};
pub use column::{
    Cell, Column, DrawContext, FileColumn, Narrow, Numeric, Selecting, Shown, SortKey, Sorting,
};
pub use filter::{Bound, Filter, FilterKind, FilterOption, Managed, Prominence};
pub use paging::{Paging, Start};
pub use search_words::SearchWords;
pub use select::{OptionCounts, Selected};

use crate::backend::{Denied, FieldError, PortResult};

/// A list, as it is declared.
pub struct List<F: 'static, R: 'static> {
    /// Where its page is. The files are beside it, with the endings `.csv` and `.json`.
    pub path: &'static str,
    /// The noun for one row, and for several.
    pub nouns: (&'static str, &'static str),
    /// The order of rows that are not sorted by a column, as a heading.
    pub order: &'static str,
    /// The column and direction that this order is, if it is one.
    pub default: Option<Sort>,
    pub columns: &'static [Column<F, R>],
    pub filters: &'static [Filter<F>],
    /// The text that words are searched in, in lower case.
    pub text: fn(&F) -> &str,
    pub paging: Paging,
}

/// Where a list is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPlace {
    /// The path of its page.
    pub page: String,
    /// The path of its files, without their endings.
    pub files: String,
}

impl ListPlace {
    /// Returns the place of a list that has a page of its own.
    pub fn of<F, R>(list: &List<F, R>) -> Self {
        Self {
            page: list.path.to_owned(),
            files: list.path.to_owned(),
        }
    }
}

impl<F, R> List<F, R> {
    /// Returns the noun for a number of rows.
    pub fn noun(&self, count: usize) -> &'static str {
        if count == 1 {
            self.nouns.0
        } else {
            self.nouns.1
        }
    }

    /// Returns the columns that a choice shows, in their declared order.
    pub fn shown(&self, choice: &ListChoice) -> impl Iterator<Item = &'static Column<F, R>> {
        let chosen = choice.columns.clone();
        self.columns.iter().filter(move |column| {
            column.cell.is_some()
                && match column.shown {
                    Shown::Always | Shown::BesideName => true,
                    Shown::ByDefault if chosen.is_empty() => true,
                    Shown::OnRequest if chosen.is_empty() => false,
                    Shown::ByDefault | Shown::OnRequest => chosen.contains(&column.key),
                }
        })
    }

    /// Returns the columns of files.
    pub fn in_files(&self) -> impl Iterator<Item = FileColumn<R>> {
        self.columns
            .iter()
            .filter_map(|column| Some((column.key, column.value?)))
    }

    /// Returns the order in which a choice shows the rows.
    pub fn order_of(&self, choice: &ListChoice) -> Option<Sort> {
        choice.sort.or(self.default)
    }

    /// Returns the choice of a file, which has no place for a notice: a file of more rows than its link says must not be
    /// mistaken for the smaller one.
    pub fn choice_of_file(&self, url: &str) -> PortResult<ListChoice> {
        let (choice, dropped) = ListChoice::parse(self, url);
        if dropped.is_empty() {
            return Ok(choice);
        }
        let unknown = |dropped: Dropped| FieldError {
            field: dropped.field(),
            message: dropped.to_string(),
        };
        Err(Denied::Invalid(dropped.into_iter().map(unknown).collect()))
    }
}
