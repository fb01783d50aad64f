//! The rows of a list as a table with sort links in its heads. On a narrow screen each row is a card, with the labels of
//! its cells.

use leptos::prelude::*;

use super::{RowGroups, groups::Headings, tools::next};
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
    headings: &Headings<'_, R>,
) -> AnyView {
    let without: &[&str] = match headings {
        Headings::Rows(groups) => groups.without,
        Headings::Nothing | Headings::Of(_) => &[],
    };
    let (tools, columns): (Vec<_>, Vec<_>) = list
        .shown(choice)
        .filter(|column| !without.contains(&column.key))
        .partition(|column: &&'static Column<F, R>| column.shown == Shown::BesideName);
    let heads = columns
        .iter()
        .map(|column| head(list, place, choice, column))
        .collect();
    let id = list.path.rsplit('/').next().unwrap_or_default();
    let caption = list.nouns.1;
    let lines = match headings {
        Headings::Nothing => rows
            .iter()
            .map(|row| line((&columns, &tools), row, context))
            .collect(),
        Headings::Of(heading) => headed((&columns, &tools), &rows, context, *heading),
        Headings::Rows(groups) => grouped((&columns, &tools), &rows, context, groups),
    };
    view! { <Table caption columns=heads id narrow=Narrowing::Cards>{lines}</Table> }.into_any()
}

/// Renders rows with a text above those that have it in common.
fn headed<F, R>(
    (columns, tools): (&Columns<F, R>, &Columns<F, R>),
    rows: &[R],
    context: &DrawContext,
    heading: fn(&R) -> String,
) -> Vec<AnyView> {
    let width = columns.len().to_string();
    let mut lines = Vec::new();
    let mut last = None;
    for row in rows {
        let text = heading(row);
        if last.as_ref() != Some(&text) {
            let (text, width) = (text.clone(), width.clone());
            lines.push(
                view! { <tr data-group><th scope="rowgroup" colspan=width>{text}</th></tr> }
                    .into_any(),
            );
        }
        last = Some(text);
        lines.push(line((columns, tools), row, context));
    }
    lines
}

/// Renders rows with the headings of their groups.
fn grouped<F, R>(
    (columns, tools): (&Columns<F, R>, &Columns<F, R>),
    rows: &[R],
    context: &DrawContext,
    groups: &RowGroups<R>,
) -> Vec<AnyView> {
    let mut lines = Vec::new();
    let mut last = None;
    for row in rows {
        let group = Some((groups.of)(row));
        let is_whole = (groups.is_whole)(row);
        if group != last || is_whole {
            let beside = is_whole.then(|| drawn(tools, row, context));
            let heading = cells(columns, beside.into_any(), |column| {
                let said = (groups.cell)(row, column.key);
                said.or_else(|| {
                    column
                        .cell
                        .filter(|_| is_whole)
                        .map(|cell| cell(row, context))
                })
            });
            lines.push(view! { <tr data-group>{heading}</tr> }.into_any());
        }
        last = group;
        if !is_whole {
            let member = cells(columns, drawn(tools, row, context), |column| {
                let cell = column.cell.filter(|_| !(groups.says)(row, column.key));
                cell.map(|cell| cell(row, context))
            });
            lines.push(view! { <tr data-member>{member}</tr> }.into_any());
        }
    }
    lines
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

/// Columns in the order in which they are shown.
type Columns<F, R> = [&'static Column<F, R>];

fn line<F, R>(
    (columns, tools): (&Columns<F, R>, &Columns<F, R>),
    row: &R,
    context: &DrawContext,
) -> AnyView {
    let tools = drawn(tools, row, context);
    let cells = cells(columns, tools, |column| {
        column.cell.map(|cell| cell(row, context))
    });
    view! { <tr>{cells}</tr> }.into_any()
}

/// Renders what stands beside the name of a row.
fn drawn<F, R>(tools: &Columns<F, R>, row: &R, context: &DrawContext) -> AnyView {
    let tools = tools
        .iter()
        .filter_map(|tool| Some((tool.cell?)(row, context)));
    tools.collect_view().into_any()
}

/// Renders the cells of a row. The first one names it.
fn cells<F, R>(
    columns: &Columns<F, R>,
    tools: AnyView,
    content: impl Fn(&Column<F, R>) -> Option<AnyView>,
) -> AnyView {
    let mut tools = Some(tools);
    columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let cell = content(column);
            let numeric = (column.numeric == Numeric::Number).then_some("");
            let wide = (column.narrow == Narrow::InTable).then_some("");
            if place == 0 {
                view! { <th scope="row">{cell} {tools.take()}</th> }.into_any()
            } else {
                view! { <td data-numeric=numeric data-wide=wide data-label=column.label>{cell}</td> }.into_any()
            }
        })
        .collect_view()
        .into_any()
}
