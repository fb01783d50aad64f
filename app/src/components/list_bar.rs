//! What stands over a list: the search, and narrowings as links. A GET form, so that a filter is a URL. The
//! search narrows while typing only where the whole list is on the page.

use leptos::prelude::*;

use super::{Count, Glyph, Icon, Pagination};
use crate::backend::{ListQuery, Page, escape};
use crate::islands::filter::RowFilter;

/// One narrowing.
#[derive(Debug, Clone)]
pub struct Chip {
    /// The value of `only`; empty for everything.
    pub only: String,
    /// Its words.
    pub label: String,
    /// How many there are, where that is worth saying.
    pub count: Option<usize>,
}

impl Chip {
    /// A narrowing without a number.
    pub fn new(only: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            only: only.into(),
            label: label.into(),
            count: None,
        }
    }
    /// With how many there are.
    #[must_use]
    pub fn counting(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }
}

/// The URL of a list under another narrowing or page.
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

/// Search and narrowings.
#[component]
pub fn ListBar(
    /// The list's own path.
    path: &'static str,
    /// What was asked for.
    query: ListQuery,
    /// The narrowings; the first is everything.
    #[prop(optional)]
    chips: Vec<Chip>,
    /// "Search people": the box's name.
    label: &'static str,
    /// The table's id, if the whole list is in it.
    table: Option<&'static str>,
) -> impl IntoView {
    let links = self::chips(path, &query, chips);
    let only = query
        .only
        .clone()
        .map(|only| view! { <input type="hidden" name="only" value=only /> });
    view! {
        <div data-list-bar>
            <form method="get" action=path role="search"><SearchBox label value=query.words table />{only}</form>
            {links}
        </div>
    }
    .into_any()
}

/// Narrowings as links; the one in force is marked.
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
    view! { <ul data-chips aria-label="Narrow the list">{links}</ul> }.into_any()
}

/// A search box: narrows rows while typing where the whole list is on the page, and asks the server otherwise.
#[component]
pub fn SearchBox(
    /// Its name and placeholder.
    label: &'static str,
    /// What was asked for.
    #[prop(into)]
    value: String,
    /// The table's id, if the whole list is in it.
    table: Option<&'static str>,
) -> impl IntoView {
    match table {
        Some(table) => view! {
            <RowFilter table=table.to_owned() name="q".to_owned() value=value label=label.to_owned() />
        }
        .into_any(),
        None => view! {
            <span data-search>
                <input type="search" name="q" value=value placeholder=label aria-label=label autocomplete="off" />
                <button type="submit" data-kind="quiet"><Icon glyph=Glyph::Search label="Search" /></button>
            </span>
        }
        .into_any(),
    }
}

/// Which part of a list this is, and links to the parts around it. `noun` is the word for many;
/// `href` is the URL of another page.
pub fn pages(place: PagePlace, noun: &'static str, href: impl Fn(usize) -> String) -> AnyView {
    let PagePlace {
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

/// The word for one of the things that lists hold.
fn one(noun: &'static str) -> &'static str {
    match noun {
        "people" => "person",
        "entries" => "entry",
        many => many.strip_suffix('s').unwrap_or(many),
    }
}

/// Where a page stands in its list.
#[derive(Debug, Clone, Copy)]
pub struct PagePlace {
    /// Which page, from 1.
    pub number: usize,
    /// How many pages.
    pub pages: usize,
    /// Rows to a page.
    pub size: usize,
    /// Rows on this one.
    pub shown: usize,
    /// Rows in all.
    pub total: usize,
}

impl PagePlace {
    /// From the number of the page, rows to a page, rows shown and rows in all.
    pub fn of(number: usize, size: usize, shown: usize, total: usize) -> Self {
        let pages = total.div_ceil(size.max(1)).max(1);
        Self {
            // As the rows are: of a page beyond the last, the last are shown.
            number: number.clamp(1, pages),
            pages,
            size,
            shown,
            total,
        }
    }
}

impl<T> From<&Page<T>> for PagePlace {
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
