//! A data table: caption, column heads that may sort by link, and an explicit `<tbody>` (a browser that
//! inserts one would shift everything that hydrates after it). It never sorts or filters by itself.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// Which way a column is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorted {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// One column head.
#[derive(Debug, Clone, Default)]
pub struct Column {
    label: String,
    numeric: bool,
    hidden_label: bool,
    wide_only: bool,
    sort_href: Option<String>,
    sorted: Option<Sorted>,
}

impl Column {
    /// A column of text.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }
    /// Right-aligned, tabular figures. Give its cells `data-numeric`, too.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }
    /// For a column of buttons: the label is read but not shown.
    #[must_use]
    pub fn unlabelled(mut self) -> Self {
        self.hidden_label = true;
        self
    }
    /// Left out on a phone. Give its cells `data-wide`, too.
    #[must_use]
    pub fn wide_only(mut self) -> Self {
        self.wide_only = true;
        self
    }
    /// The head becomes a link to the same list sorted by this column.
    #[must_use]
    pub fn sortable(mut self, href: impl Into<String>, sorted: Option<Sorted>) -> Self {
        self.sort_href = Some(href.into());
        self.sorted = sorted;
        self
    }
}

/// The table. `children` are the rows.
#[component]
pub fn Table(
    /// What the table lists; read by screen readers, and the name of its scroll region.
    #[prop(into)]
    caption: String,
    /// The heads.
    columns: Vec<Column>,
    /// For `islands/filter.rs`, which finds the rows by it.
    #[prop(optional, into)]
    id: Option<String>,
    /// `<tr>` after `<tr>`; the first cell of each is `<th scope="row">`.
    children: Children,
) -> impl IntoView {
    let name = caption.clone();
    view! {
        <div data-table role="region" aria-label=name tabindex="0">
            <table id=id>
                <caption class="sr-only">{caption}</caption>
                <thead>
                    <tr>{columns.into_iter().map(head).collect_view()}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn head(column: Column) -> impl IntoView {
    let aria = column.sorted.map(|s| match s {
        Sorted::Ascending => "ascending",
        Sorted::Descending => "descending",
    });
    let arrow = column.sorted.map(|s| {
        let glyph = match s {
            Sorted::Ascending => Glyph::ArrowUp,
            Sorted::Descending => Glyph::ArrowDown,
        };
        view! { <Icon glyph /> }
    });
    let label = if column.hidden_label {
        view! { <span class="sr-only">{column.label}</span> }.into_any()
    } else {
        match column.sort_href {
            Some(href) => view! { <a href=href>{column.label} {arrow}</a> }.into_any(),
            None => view! { {column.label} }.into_any(),
        }
    };
    view! {
        <th
            scope="col"
            aria-sort=aria
            data-numeric=column.numeric.then_some("")
            data-wide=column.wide_only.then_some("")
        >
            {label}
        </th>
    }
    .into_any()
}
