//! A data table with a caption, column heads that may be sort links, and an explicit `<tbody>` (one inserted by the
//! browser would shift every node hydrated after it). It never sorts or filters rows itself.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// The sort direction of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorted {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// The head of a column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    label: String,
    numeric: bool,
    hidden_label: bool,
    wide_only: bool,
    note: Option<&'static str>,
    rule: Option<&'static str>,
    sort_href: Option<String>,
    sorted: Option<Sorted>,
}

impl Column {
    /// Creates a text column.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }
    /// Aligns right with tabular figures. Its cells need `data-numeric`.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }
    /// Hides the label visually, for a column of buttons.
    #[must_use]
    pub fn unlabelled(mut self) -> Self {
        self.hidden_label = true;
        self
    }
    /// Hides the column on narrow screens. Its cells need `data-wide`.
    #[must_use]
    pub fn wide_only(mut self) -> Self {
        self.wide_only = true;
        self
    }
    /// Says below the label what is counted, or where.
    #[must_use]
    pub fn note(mut self, note: Option<&'static str>) -> Self {
        self.note = note;
        self
    }
    /// Says by which rule the values are, as the title.
    #[must_use]
    pub fn rule(mut self, rule: Option<&'static str>) -> Self {
        self.rule = rule;
        self
    }
    /// Makes the head a link to the list sorted by this column.
    #[must_use]
    pub fn sortable(mut self, href: impl Into<String>, sorted: Option<Sorted>) -> Self {
        self.sort_href = Some(href.into());
        self.sorted = sorted;
        self
    }
}

/// How a table is drawn on a narrow screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Narrow {
    /// As a table that scrolls sideways.
    #[default]
    Scrolls,
    /// Each row as a card. Its cells need `data-label`, because the column heads are not visible.
    Cards,
}

/// The table. `children` are the rows.
#[component]
pub fn Table(
    /// The caption for screen readers, also the name of the scroll region.
    #[prop(into)]
    caption: String,
    columns: Vec<Column>,
    /// The id by which `islands/filter.rs` finds the rows.
    #[prop(optional, into)]
    id: Option<String>,
    #[prop(optional)] narrow: Narrow,
    /// `<tr>` elements whose first cell is `<th scope="row">`.
    children: Children,
) -> impl IntoView {
    let name = caption.clone();
    view! {
        <div data-table data-cards=(narrow == Narrow::Cards).then_some("") role="region" aria-label=name tabindex="0">
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
            None => view! { <span data-head>{column.label}</span> }.into_any(),
        }
    };
    view! {
        <th
            scope="col"
            aria-sort=aria
            data-numeric=column.numeric.then_some("")
            data-wide=column.wide_only.then_some("")
            title=column.rule
        >
            {label}
            {column.note.map(|note| view! { " " <span data-unit>{note}</span> })}
        </th>
    }
    .into_any()
}
