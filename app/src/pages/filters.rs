//! The filter of a list in its URL. A filter that the list does not have is named in a notice: without it, a list of
//! everything would look like the filtered one.

use leptos::prelude::*;

use super::list_query;
use crate::{
    backend::ListQuery,
    components::{Chip, Notice, Status},
    routes::Visit,
};

/// The filters of a list: values of `only` with their labels. The first one, with an empty value, is the whole list.
pub type Filters = [(&'static str, &'static str)];

/// Returns the chips of the filters.
pub fn chips_of(filters: &Filters) -> Vec<Chip> {
    let all = filters.iter();
    all.map(|(only, label)| Chip::new(*only, *label)).collect()
}

/// Whether a list has a filter.
pub fn holds(filters: &Filters, only: &str) -> bool {
    filters.iter().any(|(known, _)| *known == only)
}

/// A filter in a URL that the list does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFilter(String);

/// Returns the query of a list, without a filter that the list does not have.
pub fn known_query(
    visit: &Visit,
    known: impl Fn(&str) -> bool,
) -> (ListQuery, Option<UnknownFilter>) {
    let mut query = list_query(visit);
    let unknown = query.only.take_if(|only| !known(only));
    (query, unknown.map(UnknownFilter))
}

/// The length at which an unknown filter is cut off in the notice.
const SHOWN: usize = 100;

impl UnknownFilter {
    /// Renders the notice above the list.
    pub fn notice(self) -> AnyView {
        let Self(only) = self;
        let shown: String = only.chars().take(SHOWN).collect();
        view! {
            <Notice status=Status::Drift title=format!("Unknown filter “{shown}”: the whole list is shown")>
                "The link may be of another version of Leastwise. Use the filters of the list."
            </Notice>
        }
        .into_any()
    }
}
