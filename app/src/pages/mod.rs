//! The pages, one file per URL. A page loads its view from a port and renders it; it never computes access.

pub mod account;
pub mod accounts;
pub mod change;
pub mod changes;
pub mod classify;
pub mod entry;
pub mod error;
mod exposure;
mod filters;
mod finding_stats;
pub mod group;
pub mod groups;
pub mod home;
pub mod identities;
pub mod inbox;
pub mod ledger;
pub mod new_change;
pub mod operations;
pub mod people;
pub mod permission_set;
pub mod permission_sets;
pub mod person;
pub mod report;
mod unreadable_change;

use domain::authorize::Action;
use leptos::prelude::*;

use crate::{
    backend::ListQuery,
    components::{PagePosition, SearchBox},
    lists::{DrawContext, Selecting},
    routes::Visit,
};

/// Rows per page in the table of a single object.
const PART: usize = 200;

/// Whether the viewer may propose changes, so that a page offers their forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proposing {
    Offered,
    NotAllowed,
}

impl Proposing {
    fn of(visit: &Visit) -> Self {
        match visit.backend.may(Action::Propose) {
            Ok(()) => Self::Offered,
            Err(_) => Self::NotAllowed,
        }
    }
}

/// Returns what drawing the rows of a list takes.
fn draw_context(visit: &Visit) -> DrawContext {
    DrawContext {
        now: visit.backend.now(),
        selecting: match Proposing::of(visit) {
            Proposing::Offered => Selecting::Offered,
            Proposing::NotAllowed => Selecting::NotAllowed,
        },
        console: visit.backend.aws_console(),
        sought: Vec::new(),
        order: None,
    }
}

/// A page of rows, cut from a view that contains all of them.
struct Part<T> {
    rows: Vec<T>,
    place: PagePosition,
}

impl<T> Part<T> {
    /// Keeps the rows whose text contains every word of the search, and returns the requested page of them.
    fn of(mut rows: Vec<T>, query: &ListQuery, text: impl Fn(&T) -> String) -> Self {
        let words = query.words.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        if !words.is_empty() {
            rows.retain(|row| {
                let text = text(row).to_lowercase();
                words.iter().all(|word| text.contains(word))
            });
        }
        let total = rows.len();
        let number = query.page.clamp(1, total.div_ceil(PART).max(1));
        let rows: Vec<T> = rows
            .drain(((number - 1) * PART).min(total)..(number * PART).min(total))
            .collect();
        let place = PagePosition::of(number, PART, rows.len(), total);
        Self { rows, place }
    }
}

/// Renders the search box of a table of a single object.
fn search_box(base: &str, query: &ListQuery, label: &'static str) -> AnyView {
    let (action, value) = (base.to_owned(), query.words.clone());
    view! { <form method="get" action=action role="search"><SearchBox label value /></form> }
        .into_any()
}

/// Returns the query of a list from the URL parameters `q`, `only` and `page`. Invalid values are ignored.
pub fn list_query(visit: &Visit) -> ListQuery {
    ListQuery {
        words: visit.query("q").trim().chars().take(200).collect(),
        only: Some(visit.query("only").to_owned()).filter(|only| !only.is_empty()),
        page: visit
            .query("page")
            .parse()
            .ok()
            .filter(|page| *page > 0)
            .unwrap_or(1),
    }
}
