//! What is chosen of a list: search words, filters, order, columns and page. All of it is in the URL, so that a link, a
//! reload and *Back* lead to the same rows.
//!
//! What a list does not have is left out and named: without a filter of a link, everything would look like what is
//! filtered.

use std::{borrow::Cow, fmt};

use percent_encoding::percent_decode_str;

use super::{Column, List, Paging, Start};
use crate::backend::escape;

/// The names of the parts of a choice in a URL, besides those of filters.
pub const LIST_FIELDS: [&str; 4] = [WORDS, SORT, COLUMN, PAGE];

pub(crate) const WORDS: &str = "q";
pub(crate) const SORT: &str = "sort";
pub(crate) const COLUMN: &str = "column";
pub(crate) const PAGE: &str = "page";

/// The parameter with which a form returns after a sign-in. It chooses nothing.
const DRAFT: &str = "draft";
/// The maximum length of the search words.
const MOST_WORDS: usize = 200;
/// The length at which what is not known is cut off in a message.
const SHOWN: usize = 100;

/// A direction of sorting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// An order by a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Sort {
    /// The key of the column.
    pub column: &'static str,
    pub direction: Direction,
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.direction {
            Direction::Ascending => f.write_str(self.column),
            Direction::Descending => write!(f, "-{}", self.column),
        }
    }
}

/// A value of a filter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Chosen {
    /// The key of the filter.
    pub filter: &'static str,
    pub value: String,
}

/// What is chosen of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ListChoice {
    /// The search words, all of which must occur.
    pub words: String,
    /// In the declared order of the filters.
    pub filters: Vec<Chosen>,
    /// None is the order of the list.
    pub sort: Option<Sort>,
    /// The keys of the columns; none are those shown by default.
    pub columns: Vec<&'static str>,
    /// From 1; 0 is the first page, too.
    pub page: usize,
    /// Where the page begins, if pages are counted by sequence numbers.
    pub start: Option<Start>,
}

/// A part of a URL that the list does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// A filter, or a value that it does not have.
    Filter {
        name: String,
        value: String,
    },
    Sort(String),
    Column(String),
}

impl Dropped {
    /// Returns the name of the part in the URL.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Filter { .. } => "filter",
            Self::Sort(_) => SORT,
            Self::Column(_) => COLUMN,
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| text.chars().take(SHOWN).collect::<String>();
        match self {
            Self::Filter { name, value } => {
                write!(f, "Unknown filter “{}={}”", short(name), short(value))
            }
            Self::Sort(value) => write!(f, "Unknown sort order “{}”", short(value)),
            Self::Column(value) => write!(f, "Unknown column “{}”", short(value)),
        }
    }
}

impl ListChoice {
    /// Reads the choice of a URL or of a query, and what the list does not have of it.
    pub fn parse<F, R>(list: &List<F, R>, url: &str) -> (Self, Vec<Dropped>) {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let mut choice = Self::default();
        let mut dropped = Vec::new();
        let (mut chosen, mut columns) = (Vec::new(), Vec::new());
        for (name, value) in pairs(query) {
            match &*name {
                WORDS => choice.words = value.trim().chars().take(MOST_WORDS).collect(),
                PAGE => choice.page = value.parse().unwrap_or_default(),
                _ if list.paging == Paging::BySequence
                    && let Some(start) = Start::parse(&name, &value) =>
                {
                    choice.start = Some(start);
                }
                DRAFT => {}
                _ if value.is_empty() => {}
                SORT => match sort(list, &value) {
                    Some(sort) => choice.sort = Some(sort),
                    None => dropped.push(Dropped::Sort(value.into_owned())),
                },
                COLUMN => match choosable(list, &value) {
                    Some(column) => columns.push(column.key),
                    None => dropped.push(Dropped::Column(value.into_owned())),
                },
                _ => chosen.push((name, value)),
            }
        }
        let offered = list.columns.iter().map(|column| column.key);
        choice.columns = offered.filter(|key| columns.contains(key)).collect();
        for filter in list.filters {
            let of_it = chosen.iter().filter(|(name, _)| *name == filter.key);
            let known = of_it.filter(|(_, value)| filter.has(value));
            for (_, value) in known {
                choice.add(filter.key, value, filter.is_single());
            }
        }
        let is_known = |name: &str, value: &str| {
            let mut filters = list.filters.iter();
            filters.any(|filter| filter.key == name && filter.has(value))
        };
        let unknown = chosen.into_iter().filter(|(n, v)| !is_known(n, v));
        dropped.extend(unknown.map(|(name, value)| Dropped::Filter {
            name: name.into_owned(),
            value: value.into_owned(),
        }));
        (choice, dropped)
    }

    fn add(&mut self, filter: &'static str, value: &str, single: bool) {
        if single {
            self.filters.retain(|chosen| chosen.filter != filter);
        }
        if !self.holds(filter, value) {
            self.filters.push(Chosen {
                filter,
                value: value.to_owned(),
            });
        }
    }

    /// Returns the choice of one filter, for links.
    pub fn only(filter: &'static str, value: impl Into<String>) -> Self {
        Self {
            filters: vec![Chosen {
                filter,
                value: value.into(),
            }],
            ..Self::default()
        }
    }

    /// Whether rows are left out.
    pub fn is_filtered(&self) -> bool {
        !self.words.is_empty() || !self.filters.is_empty()
    }

    /// Returns the chosen values of a filter.
    pub fn values(&self, filter: &str) -> Vec<&str> {
        let of_it = self.filters.iter().filter(|chosen| chosen.filter == filter);
        of_it.map(|chosen| chosen.value.as_str()).collect()
    }

    /// Whether a value of a filter is chosen.
    pub fn holds(&self, filter: &str, value: &str) -> bool {
        self.values(filter).contains(&value)
    }

    /// Returns the first page of the choice with a value of a filter, or without it if it is chosen.
    #[must_use]
    pub fn toggled(&self, filter: &'static str, value: &str) -> Self {
        let mut other = self.at(1);
        if self.holds(filter, value) {
            other
                .filters
                .retain(|chosen| chosen.filter != filter || chosen.value != value);
        } else {
            other.add(filter, value, false);
        }
        other
    }

    /// Returns the first page of the choice without a filter.
    #[must_use]
    pub fn without(&self, filter: &str) -> Self {
        let mut other = self.at(1);
        other.filters.retain(|chosen| chosen.filter != filter);
        other
    }

    /// Returns the first page of the whole list, in the order and with the columns of this choice.
    #[must_use]
    pub fn unfiltered(&self) -> Self {
        Self {
            words: String::new(),
            filters: Vec::new(),
            ..self.at(1)
        }
    }

    /// Returns the first page of the choice in another order.
    #[must_use]
    pub fn sorted(&self, sort: Option<Sort>) -> Self {
        Self { sort, ..self.at(1) }
    }

    /// Returns another page of the choice.
    #[must_use]
    pub fn at(&self, page: usize) -> Self {
        Self {
            page,
            start: None,
            ..self.clone()
        }
    }

    /// Returns the page of the choice that begins there.
    #[must_use]
    pub fn from(&self, start: Start) -> Self {
        Self {
            start: Some(start),
            ..self.at(1)
        }
    }

    /// Returns the fields of the choice, without those of some names: a form sends them along, and they are the query.
    pub fn fields(&self, except: &[&str]) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if !self.words.is_empty() {
            fields.push((WORDS, self.words.clone()));
        }
        let filters = self.filters.iter();
        fields.extend(filters.map(|chosen| (chosen.filter, chosen.value.clone())));
        fields.extend(self.sort.map(|sort| (SORT, sort.to_string())));
        fields.extend(self.columns.iter().map(|key| (COLUMN, (*key).to_owned())));
        if self.page > 1 {
            fields.push((PAGE, self.page.to_string()));
        }
        fields.extend(self.start.map(|start| (start.field(), start.to_string())));
        fields.retain(|(name, _)| !except.contains(name));
        fields
    }

    /// Returns the URL of the choice.
    pub fn href(&self, path: &str) -> String {
        let fields = self.fields(&[]).into_iter();
        let fields: Vec<String> = fields
            .map(|(name, value)| format!("{name}={}", escape(&value)))
            .collect();
        if fields.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", fields.join("&"))
        }
    }

    /// Returns the URL of a file with the rows of the choice.
    pub fn file_href(&self, path: &str, ending: &str) -> String {
        let rows = Self {
            columns: Vec::new(),
            ..self.at(1)
        };
        rows.href(&format!("{path}.{ending}"))
    }
}

fn sort<F, R>(list: &List<F, R>, value: &str) -> Option<Sort> {
    let (key, direction) = match value.strip_prefix('-') {
        Some(key) => (key, Direction::Descending),
        None => (value, Direction::Ascending),
    };
    let column = list.columns.iter().find(|column| column.key == key)?;
    column.is_sortable().then_some(Sort {
        column: column.key,
        direction,
    })
}

fn choosable<F, R>(list: &List<F, R>, key: &str) -> Option<&'static Column<F, R>> {
    let mut columns = list.columns.iter();
    columns.find(|column| column.key == key && column.cell.is_some())
}

/// Returns the decoded fields of a query.
fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let decoded = |text: &str| -> Cow<'_, str> {
        let text = text.replace('+', " ");
        Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned())
    };
    let fields = query.split('&').filter(|field| !field.is_empty());
    fields.map(move |field| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        (decoded(name), decoded(value))
    })
}
