//! The rows of a list as a table with sort links in its heads. On a narrow screen each row is a card, with the labels of
//! its cells.

use leptos::prelude::*;

use super::tools::next;
use crate::{
    components::{Column as Head, Narrow as Narrowing, Sorted, Table},
    lists::{Column, Direction, DrawContext, List, ListChoice, ListPlace, Narrow, Numeric, Shown},
};

/// Renders the rows.
pub(super) fn table<F, R>(
    list: &'static List<F, R>,
    place: &ListPlace,
    choice: &ListChoice,
    rows: Vec<R>,
    context: &DrawContext,
) -> AnyView {
    let (tools, columns): (Vec<_>, Vec<_>) = list
        .shown(choice)
        .partition(|column: &&'static Column<F, R>| column.shown == Shown::BesideName);
    let heads = columns
        .iter()
        .map(|column| head(list, place, choice, column))
        .collect();
    let id = list.path.rsplit('/').next().unwrap_or_default();
    let caption = list.nouns.1;
    let lines = rows
        .iter()
        .map(|row| line(&columns, &tools, row, context))
        .collect_view();
    view! { <Table caption columns=heads id narrow=Narrowing::Cards>{lines}</Table> }.into_any()
}

fn head<F, R>(
    list: &List<F, R>,
    place: &ListPlace,
    choice: &ListChoice,
    column: &Column<F, R>,
) -> Head {
    let mut head = Head::new(column.label).note(column.note).rule(column.rule);
    if column.numeric == Numeric::Number {
        head = head.numeric();
    }
    if column.narrow == Narrow::InTable {
        head = head.wide_only();
    }
    if column.is_sortable() {
        let current = list.order_of(choice);
        let sorted = current.filter(|sort| sort.column == column.key);
        let sorted = sorted.map(|sort| match sort.direction {
            Direction::Ascending => Sorted::Ascending,
            Direction::Descending => Sorted::Descending,
        });
        let href = choice.sorted(Some(next(column, current))).href(&place.page);
        return head.sortable(href, sorted);
    }
    match column.shown {
        Shown::Always => head.unlabelled(),
        Shown::BesideName | Shown::ByDefault | Shown::OnRequest => head,
    }
}

fn line<F, R>(
    columns: &[&'static Column<F, R>],
    tools: &[&'static Column<F, R>],
    row: &R,
    context: &DrawContext,
) -> AnyView {
    let cells = columns
        .iter()
        .enumerate()
        .filter_map(|(place, column)| {
            let cell = (column.cell?)(row, context);
            let numeric = (column.numeric == Numeric::Number).then_some("");
            let wide = (column.narrow == Narrow::InTable).then_some("");
            Some(if place == 0 {
                let tools = tools.iter().filter_map(|tool| Some((tool.cell?)(row, context)));
                view! { <th scope="row">{cell} {tools.collect_view()}</th> }.into_any()
            } else {
                view! { <td data-numeric=numeric data-wide=wide data-label=column.label>{cell}</td> }.into_any()
            })
        })
        .collect_view();
    view! { <tr>{cells}</tr> }.into_any()
}
