//! A filter of a list. Values of one filter widen each other, filters narrow each other.

use domain::{
    directory::Origin,
    time::{Date, Timestamp},
};

/// A filter.
pub struct Filter<F: 'static> {
    /// Names it in URLs.
    pub key: &'static str,
    pub label: &'static str,
    pub kind: FilterKind<F>,
    pub prominence: Prominence,
}

/// Whether a filter is offered at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prominence {
    First,
    /// Below "More filters", unless it is in effect.
    Folded,
}

/// What values a filter has.
pub enum FilterKind<F: 'static> {
    /// The same for every organization.
    Options(&'static [FilterOption<F>]),
    /// Those that the data offers, such as owners.
    Offered {
        /// Whether a value of a URL has the form of one.
        is_value: fn(&str) -> bool,
        holds: fn(&F, &str) -> bool,
    },
    /// What somebody types, such as a name; one at a time. The data may offer values beside it.
    Typed {
        /// What to type.
        hint: &'static str,
        is_value: fn(&str) -> bool,
    },
    /// A day, as `YYYY-MM-DD`.
    Day {
        bound: Bound,
        at: fn(&F) -> Option<Timestamp>,
    },
}

/// Which side of a day a filter keeps. Days are UTC, as everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// What is at the beginning of the day, or later.
    From,
    /// What is before the end of the day.
    Until,
}

/// A value of a filter.
pub struct FilterOption<F: 'static> {
    pub value: &'static str,
    pub label: &'static str,
    pub holds: fn(&F) -> bool,
}

impl<F> FilterOption<F> {
    pub const fn new(value: &'static str, label: &'static str, holds: fn(&F) -> bool) -> Self {
        Self {
            value,
            label,
            holds,
        }
    }

    /// Creates an option of a list that the store filters.
    pub const fn in_store(value: &'static str, label: &'static str) -> Self {
        Self::new(value, label, |_| true)
    }
}

/// What is managed either in Identity Center or at an identity provider.
pub trait Managed {
    fn origin(&self) -> Origin;
}

impl<F: Managed> Filter<F> {
    /// Creates the filter of where users or groups are managed.
    pub const fn source() -> Self {
        Self::options(
            "source",
            "Source",
            const {
                &[
                    FilterOption::new("identity-provider", "Identity provider", |one: &F| {
                        matches!(one.origin(), Origin::External)
                    }),
                    FilterOption::new("identity-center", "Identity Center", |one: &F| {
                        matches!(one.origin(), Origin::IdentityCenter)
                    }),
                ]
            },
        )
    }
}

impl<F> Filter<F> {
    /// Offers it below "More filters".
    #[must_use]
    pub const fn folded(mut self) -> Self {
        self.prominence = Prominence::Folded;
        self
    }

    pub const fn options(
        key: &'static str,
        label: &'static str,
        options: &'static [FilterOption<F>],
    ) -> Self {
        Self {
            key,
            label,
            kind: FilterKind::Options(options),
            prominence: Prominence::First,
        }
    }

    /// Creates a filter whose values the data offers.
    pub const fn offered(
        key: &'static str,
        label: &'static str,
        is_value: fn(&str) -> bool,
        holds: fn(&F, &str) -> bool,
    ) -> Self {
        Self {
            key,
            label,
            kind: FilterKind::Offered { is_value, holds },
            prominence: Prominence::First,
        }
    }

    /// Creates a filter, for the store, whose value somebody types.
    pub const fn typed(
        key: &'static str,
        label: &'static str,
        hint: &'static str,
        is_value: fn(&str) -> bool,
    ) -> Self {
        Self {
            key,
            label,
            kind: FilterKind::Typed { hint, is_value },
            prominence: Prominence::First,
        }
    }

    pub const fn day(
        key: &'static str,
        label: &'static str,
        bound: Bound,
        at: fn(&F) -> Option<Timestamp>,
    ) -> Self {
        Self {
            key,
            label,
            kind: FilterKind::Day { bound, at },
            prominence: Prominence::First,
        }
    }

    /// Whether the filter has this value.
    pub fn has(&self, value: &str) -> bool {
        match self.kind {
            FilterKind::Options(options) => options.iter().any(|option| option.value == value),
            FilterKind::Offered { is_value, .. } | FilterKind::Typed { is_value, .. } => {
                is_value(value)
            }
            FilterKind::Day { .. } => Date::parse(value).is_ok(),
        }
    }

    /// Whether it has one value at a time.
    pub fn is_single(&self) -> bool {
        matches!(self.kind, FilterKind::Typed { .. } | FilterKind::Day { .. })
    }

    /// Whether a row has one of these values of the filter.
    pub fn keeps(&self, facts: &F, values: &[&str]) -> bool {
        match self.kind {
            FilterKind::Options(options) => options
                .iter()
                .any(|option| values.contains(&option.value) && (option.holds)(facts)),
            FilterKind::Offered { holds, .. } => values.iter().any(|value| holds(facts, value)),
            FilterKind::Typed { .. } => true,
            FilterKind::Day { bound, at } => {
                let at = at(facts);
                values.iter().any(|value| bound.keeps(value, at))
            }
        }
    }
}

impl Bound {
    /// Whether an instant is on the kept side of a day. What is not a day keeps nothing.
    fn keeps(self, day: &str, at: Option<Timestamp>) -> bool {
        let (Some(limit), Some(at)) = (self.limit(day), at) else {
            return false;
        };
        match self {
            Self::From => at >= limit,
            Self::Until => at < limit,
        }
    }

    /// Returns the instant at which the kept side begins or ends.
    pub fn limit(self, day: &str) -> Option<Timestamp> {
        let day = Date::parse(day).ok()?;
        let first = match self {
            Self::From => day,
            Self::Until => day.tomorrow(),
        };
        Timestamp::parse_rfc3339(&format!("{first}T00:00:00Z"))
    }
}
