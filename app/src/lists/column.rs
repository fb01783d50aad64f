//! A column of a list: what it shows, how it sorts, and what a file contains of it.

use std::cmp::Ordering;

use domain::{permission_set::analysis::Capability, snapshot::Figure, time::Timestamp};
use leptos::prelude::AnyView;

use super::Direction;
use crate::backend::AwsConsole;

/// A column. One without a cell is in files only; one without a value is on the page only.
pub struct Column<F: 'static, R: 'static> {
    /// Names it in URLs and files.
    pub key: &'static str,
    pub label: &'static str,
    /// What the label does not say, below it: what is counted, or where.
    pub note: Option<&'static str>,
    /// The rule that its values follow, as the title of its head.
    pub rule: Option<&'static str>,
    pub shown: Shown,
    pub narrow: Narrow,
    pub numeric: Numeric,
    pub sort: Sorting<F>,
    /// The direction that somebody expects first: the largest number, the newest, the first letter.
    pub first: Direction,
    pub cell: Option<fn(&R, &DrawContext) -> AnyView>,
    pub value: Option<fn(&R) -> Cell>,
}

/// When a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It names the row, or acts on it.
    Always,
    /// Always, in the cell of what names the row: tools that stand back until the row is pointed at.
    BesideName,
    ByDefault,
    /// Only if it is chosen.
    OnRequest,
}

/// Where a column is when the rows are cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrow {
    /// On the card.
    OnCard,
    /// Only in the table.
    InTable,
}

/// Whether a column holds numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numeric {
    Text,
    Number,
}

/// How a column sorts.
pub enum Sorting<F> {
    Not,
    /// By a key of the facts.
    By(fn(&F) -> SortKey<'_>),
    /// In the store, which knows the column by its key.
    InStore,
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey<'a> {
    Number(i64),
    /// Text in lower case.
    Text(&'a str),
    /// There is none, or it is not known: behind all others in both directions.
    Missing,
}

impl SortKey<'_> {
    /// Returns the key of a number that rests on reads of AWS.
    pub fn figure(figure: Figure) -> Self {
        match figure {
            Figure::Known(number) => Self::Number(i64::try_from(number).unwrap_or(i64::MAX)),
            Figure::NotKnown => Self::Missing,
        }
    }

    /// Returns the key of a text; an empty one counts as missing.
    pub fn text(text: &str) -> SortKey<'_> {
        if text.is_empty() {
            SortKey::Missing
        } else {
            SortKey::Text(text)
        }
    }

    /// Compares two keys in a direction.
    pub fn order(self, other: SortKey<'_>, direction: Direction) -> Ordering {
        let ascending = match (self, other) {
            (Self::Missing, SortKey::Missing) => return Ordering::Equal,
            (Self::Missing, _) => return Ordering::Greater,
            (_, SortKey::Missing) => return Ordering::Less,
            (Self::Number(one), SortKey::Number(other)) => one.cmp(&other),
            (Self::Text(one), SortKey::Text(other)) => one.cmp(other),
            // A column has keys of one kind.
            (Self::Number(_), SortKey::Text(_)) => Ordering::Less,
            (Self::Text(_), SortKey::Number(_)) => Ordering::Greater,
        };
        match direction {
            Direction::Ascending => ascending,
            Direction::Descending => ascending.reverse(),
        }
    }
}

/// A column of a file: its name, and what it contains of a row.
pub type FileColumn<R> = (&'static str, fn(&R) -> Cell);

/// What a file contains of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    Number(u64),
    Time(Timestamp),
    YesNo(bool),
    /// Words of a fixed vocabulary.
    Words(Vec<&'static str>),
    /// There is none.
    Nothing,
    /// It was not read.
    NotKnown,
}

impl Cell {
    /// Returns the cell of an optional text.
    pub fn optional(text: Option<&String>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.clone()))
    }

    /// Returns the cell of an optional time.
    pub fn time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Nothing, Self::Time)
    }

    /// Returns the text of the cell in CSV. What is not known is said, so that it is not taken for none.
    pub fn csv(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Time(at) => at.rfc3339(),
            Self::YesNo(true) => "yes".to_owned(),
            Self::YesNo(false) => "no".to_owned(),
            Self::Words(words) => words.join(" "),
            Self::Nothing => String::new(),
            Self::NotKnown => "not known".to_owned(),
        }
    }

    /// Returns the value in JSON. A figure that is not known is `null`, as everywhere.
    pub fn json(self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Time(at) => at.rfc3339().into(),
            Self::YesNo(value) => value.into(),
            Self::Words(words) => words.into(),
            Self::Nothing | Self::NotKnown => serde_json::Value::Null,
        }
    }
}

impl From<Figure> for Cell {
    fn from(figure: Figure) -> Self {
        match figure {
            Figure::Known(number) => Self::Number(u64::try_from(number).unwrap_or(u64::MAX)),
            Figure::NotKnown => Self::NotKnown,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// What drawing a row takes besides the row.
#[derive(Debug, Clone)]
pub struct DrawContext {
    /// The time of the request.
    pub now: Timestamp,
    pub selecting: Selecting,
    pub console: AwsConsole,
    /// The capabilities that the filters ask for: each row names those of several that it has, and not a single one, which every
    /// row has.
    pub sought: Vec<Capability>,
    /// The order of rows that are not sorted by a column, if the list can say it better of these rows than of any.
    pub order: Option<&'static str>,
}

/// Whether rows can be selected for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selecting {
    Offered,
    NotAllowed,
}

impl<F, R> Column<F, R> {
    /// Creates a column that is shown by default.
    pub const fn new(key: &'static str, label: &'static str) -> Self {
        Self {
            key,
            label,
            note: None,
            rule: None,
            shown: Shown::ByDefault,
            narrow: Narrow::OnCard,
            numeric: Numeric::Text,
            sort: Sorting::Not,
            first: Direction::Ascending,
            cell: None,
            value: None,
        }
    }

    /// Shows it always, because it names the row or acts on it.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.shown = Shown::Always;
        self
    }

    /// Shows it always, beside what names the row.
    #[must_use]
    pub const fn beside_name(mut self) -> Self {
        self.shown = Shown::BesideName;
        self
    }

    /// Says below the label what is counted, or where.
    #[must_use]
    pub const fn note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    /// Says in the title of the head by which rule its values are.
    #[must_use]
    pub const fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Shows it only if it is chosen.
    #[must_use]
    pub const fn on_request(mut self) -> Self {
        self.shown = Shown::OnRequest;
        self.narrow = Narrow::InTable;
        self
    }

    /// Leaves it out of cards.
    #[must_use]
    pub const fn in_table(mut self) -> Self {
        self.narrow = Narrow::InTable;
        self
    }

    /// Aligns it as numbers.
    #[must_use]
    pub const fn numeric(mut self) -> Self {
        self.numeric = Numeric::Number;
        self.first = Direction::Descending;
        self
    }

    /// Sorts the newest, or the longest, first.
    #[must_use]
    pub const fn newest_first(mut self) -> Self {
        self.first = Direction::Descending;
        self
    }

    /// Sorts by a key of the facts.
    #[must_use]
    pub const fn sorts(mut self, key: fn(&F) -> SortKey<'_>) -> Self {
        self.sort = Sorting::By(key);
        self
    }

    /// Sorts in the store.
    #[must_use]
    pub const fn sorts_in_store(mut self) -> Self {
        self.sort = Sorting::InStore;
        self
    }

    /// Shows this in the table.
    #[must_use]
    pub const fn cell(mut self, draw: fn(&R, &DrawContext) -> AnyView) -> Self {
        self.cell = Some(draw);
        self
    }

    /// Writes this to files.
    #[must_use]
    pub const fn value(mut self, value: fn(&R) -> Cell) -> Self {
        self.value = Some(value);
        self
    }

    /// Whether the list can be sorted by it.
    pub const fn is_sortable(&self) -> bool {
        !matches!(self.sort, Sorting::Not)
    }
}
