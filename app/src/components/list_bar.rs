//! The bar above a list: a search box in a GET form and filters as links, so that every view has a URL.

use leptos::prelude::*;

use super::{Count, Glyph, Icon, Pagination};
use crate::backend::{ListQuery, Page, escape};

/// A filter of a list.
#[derive(Debug, Clone)]
pub struct Chip {
    /// The value of `only`; empty for everything.
    pub only: String,
    pub label: String,
    /// The number of matches, if it is to be shown.
    pub count: Option<usize>,
}

impl Chip {
    /// Creates a filter without a count.
    pub fn new(only: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            only: only.into(),
            label: label.into(),
            count: None,
        }
    }
    /// Adds the number of matches.
    #[must_use]
    pub fn counting(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }
}

/// Returns the URL of a list for a search, filter and page.
pub fn list_href(path: &str, words: &str, only: Option<&str>, page: usize) -> String {
    let mut query = url_query(&[("q", words), ("only", only.unwrap_or_default())]);
    if page > 1 {
        query.push(format!("page={page}"));
    }
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

fn url_query(fields: &[(&str, &str)]) -> Vec<String> {
    fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect()
}

/// The search box and the filters.
#[component]
pub fn ListBar(
    /// The path of the list.
    path: &'static str,
    query: ListQuery,
    /// The filters; the first is the unfiltered list.
    #[prop(optional)]
    chips: Vec<Chip>,
    /// The label of the search box, such as "Search people".
    label: &'static str,
) -> impl IntoView {
    let links = self::chips(path, &query, chips);
    let only = query
        .only
        .clone()
        .map(|only| view! { <input type="hidden" name="only" value=only /> });
    view! {
        <div data-list-bar>
            <form method="get" action=path role="search"><SearchBox label value=query.words />{only}</form>
            {links}
        </div>
    }
    .into_any()
}

/// Renders the filters as links and marks the current one.
pub fn chips(path: &str, query: &ListQuery, chips: Vec<Chip>) -> AnyView {
    let current = query.only.clone().unwrap_or_default();
    let links = chips
        .into_iter()
        .map(|chip| {
            let here = (chip.only == current).then_some("true");
            let href = list_href(path, &query.words, Some(&chip.only), 1);
            let count = chip
                .count
                .and_then(|count| u32::try_from(count).ok())
                .map(|value| view! { <Count value /> });
            view! { <li><a href=href aria-current=here>{chip.label} {count}</a></li> }
        })
        .collect_view();
    view! { <ul data-chips aria-label="Filter the list">{links}</ul> }.into_any()
}

/// A search box. The server searches.
#[component]
pub fn SearchBox(
    /// The accessible name and placeholder.
    label: &'static str,
    #[prop(into)] value: String,
) -> impl IntoView {
    view! {
        <span data-search>
            <input type="search" name="q" value=value placeholder=label aria-label=label autocomplete="off" />
            <button type="submit" data-kind="quiet"><Icon glyph=Glyph::Search label="Search" /></button>
        </span>
    }
    .into_any()
}

/// Renders the position in a list and links to the previous and next page. `noun` is the plural noun; `href` returns
/// the URL of a page.
pub fn pages(place: PagePosition, noun: &'static str, href: impl Fn(usize) -> String) -> AnyView {
    let PagePosition {
        number,
        pages,
        size,
        shown,
        total,
    } = place;
    let before = number.saturating_sub(1) * size;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    view! {
        <Pagination
            first=count(if shown == 0 { 0 } else { before + 1 })
            last=count(before + shown)
            total=count(total)
            noun=if total == 1 { one(noun) } else { noun }
            previous=(number > 1).then(|| href(number - 1))
            next=(number < pages).then(|| href(number + 1))
        />
    }
    .into_any()
}

/// Returns the singular of a plural noun used by lists.
fn one(noun: &'static str) -> &'static str {
    match noun {
        "people" => "person",
        "entries" => "entry",
        "identities" => "identity",
        many => many.strip_suffix('s').unwrap_or(many),
    }
}

/// The position of a page in its list.
#[derive(Debug, Clone, Copy)]
pub struct PagePosition {
    /// The page number, from 1.
    pub number: usize,
    /// The number of pages.
    pub pages: usize,
    /// Rows per page.
    pub size: usize,
    /// Rows on this page.
    pub shown: usize,
    /// Rows in the whole list.
    pub total: usize,
}

impl PagePosition {
    /// Creates a position from the page number, rows per page, rows shown and total rows.
    pub fn of(number: usize, size: usize, shown: usize, total: usize) -> Self {
        let pages = total.div_ceil(size.max(1)).max(1);
        Self {
            // Matches the rows: a page number beyond the last page shows the last page.
            number: number.clamp(1, pages),
            pages,
            size,
            shown,
            total,
        }
    }
}

impl<T> From<&Page<T>> for PagePosition {
    fn from(page: &Page<T>) -> Self {
        Self {
            number: page.number,
            pages: page.pages(),
            size: page.size,
            shown: page.rows.len(),
            total: page.total,
        }
    }
}
