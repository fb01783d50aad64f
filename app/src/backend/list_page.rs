//! A page of a list, and the files of lists.

use async_trait::async_trait;

use super::{Download, PortResult};
use crate::lists::{ListChoice, OptionCounts};

/// A page of the rows that are chosen of a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListPage<R> {
    pub rows: Vec<R>,
    /// The number of the page, from 1.
    pub number: usize,
    /// The number of rows that the filters keep.
    pub total: usize,
    /// The number of rows of the whole list.
    pub known: usize,
    /// The number of rows per page.
    pub size: usize,
    /// How many rows each value of the filters has.
    pub counts: OptionCounts,
    /// The values that the data offers for filters without fixed ones, and those that are chosen.
    pub offered: Vec<OfferedValue>,
    /// Where the page is, if pages are counted by sequence numbers.
    pub sequence: Option<SequencePlace>,
}

/// Where a page is in a list whose pages are counted by sequence numbers. Such a list is never read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SequencePlace {
    pub extent: Extent,
    /// The number of rows that match before the first one of the page, if all are counted.
    pub position: Option<usize>,
    /// The number of rows that match on the page.
    pub shown: usize,
    /// The number after which the newer rows begin; none if there are none.
    pub newer: Option<u64>,
    /// The number before which the older rows begin; none if there are none.
    pub older: Option<u64>,
}

/// How much the number of rows that match says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    All,
    /// There may be more: only some rows were looked at.
    AtLeast,
}

/// A value of a filter whose values come from the data.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OfferedValue {
    /// The key of the filter.
    pub filter: &'static str,
    pub value: String,
    pub label: String,
}

impl<R> ListPage<R> {
    /// Returns the number of pages; at least one.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(self.size.max(1)).max(1)
    }
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// RFC 4180, with cells escaped against formula injection.
    Csv,
    /// One JSON object.
    Json,
}

impl FileFormat {
    /// Returns the ending of a file name, and the media type.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv => ("csv", "text/csv; charset=utf-8"),
            Self::Json => ("json", "application/json"),
        }
    }
}

/// A list whose rows can be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListName {
    Accounts,
    People,
    Groups,
    PermissionSets,
    Changes,
    Identities,
}

/// Writes lists to files.
#[async_trait]
pub trait ListFilesPort {
    /// Returns all rows that are chosen of a list, in the order of the page.
    async fn list_file(
        &self,
        list: ListName,
        choice: &ListChoice,
        format: FileFormat,
    ) -> PortResult<Download>;
}
