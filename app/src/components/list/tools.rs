//! What changes how a list is shown, and what it can be downloaded as: columns, order, density, CSV and JSON.

use leptos::prelude::*;

use super::search::hidden;
use crate::{
    components::{Glyph, Icon},
    lists::{Column, Direction, List, ListChoice, ListPlace, Shown, Sort},
    shell::{APPEARANCE_ACTION, Appearance, Density},
};

/// Renders the menus of a list.
pub(super) fn tools<F, R>(
    list: &'static List<F, R>,
    place: &ListPlace,
    choice: &ListChoice,
) -> AnyView {
    let file = |ending: &'static str, label: &'static str| {
        let href = choice.file_href(&place.files, ending);
        view! { <li><a href=href><Icon glyph=Glyph::Download /> <span>{label}</span></a></li> }
    };
    view! {
        <div data-tools>
            <details name="list-menu" data-popup="end">
                <summary data-kind="quiet"><Icon glyph=Glyph::Columns /> <span>"View"</span></summary>
                <div>
                    {orders(list, place, choice)}
                    {columns(list, place, choice)}
                    {density(place, choice)}
                </div>
            </details>
            <details name="list-menu" data-popup="end">
                <summary data-kind="quiet"><Icon glyph=Glyph::Download /> <span>"Export"</span></summary>
                <div>
                    <p data-hint>{hint(choice)}</p>
                    <ul>
                        {file("csv", "CSV, for spreadsheets")}
                        {file("json", "JSON, for programs")}
                    </ul>
                </div>
            </details>
        </div>
    }
    .into_any()
}

fn hint(choice: &ListChoice) -> &'static str {
    if choice.is_filtered() {
        "All rows that match, with every column"
    } else {
        "All rows, with every column"
    }
}

/// Renders the orders as links: on a narrow screen there are no column heads.
fn orders<F, R>(list: &'static List<F, R>, place: &ListPlace, choice: &ListChoice) -> AnyView {
    let current = list.order_of(choice);
    let item = |sort: Option<Sort>, label: &'static str, is_current: bool| {
        let href = choice.sorted(sort).href(&place.page);
        let arrow = current
            .filter(|_| is_current)
            .map(|sort| match sort.direction {
                Direction::Ascending => view! { <Icon glyph=Glyph::ArrowUp /> },
                Direction::Descending => view! { <Icon glyph=Glyph::ArrowDown /> },
            });
        view! {
            <li>
                <a href=href aria-current=is_current.then_some("true")>
                    <span data-tick>{is_current.then(|| view! { <Icon glyph=Glyph::Check /> })}</span>
                    <span>{label}</span>
                    {arrow}
                </a>
            </li>
        }
    };
    let natural = list
        .default
        .is_none()
        .then(|| item(None, list.order, choice.sort.is_none()));
    let sortable = list.columns.iter().filter(|column| column.is_sortable());
    let by_column = sortable
        .map(|column| {
            let is_current = current.is_some_and(|sort| sort.column == column.key);
            item(Some(next(column, current)), column.label, is_current)
        })
        .collect_view();
    view! { <h3>"Order"</h3> <ul>{natural} {by_column}</ul> }.into_any()
}

/// Returns the order that the head of a column leads to.
pub(super) fn next<F, R>(column: &Column<F, R>, current: Option<Sort>) -> Sort {
    let direction = match current {
        Some(sort) if sort.column == column.key => sort.direction.reversed(),
        _ => column.first,
    };
    Sort {
        column: column.key,
        direction,
    }
}

fn columns<F, R>(list: &'static List<F, R>, place: &ListPlace, choice: &ListChoice) -> AnyView {
    let page = place.page.clone();
    let shown: Vec<&str> = list.shown(choice).map(|column| column.key).collect();
    let offered = list
        .columns
        .iter()
        .filter(|column| column.cell.is_some())
        .filter(|column| matches!(column.shown, Shown::ByDefault | Shown::OnRequest));
    let boxes = offered
        .map(|column| {
            let checked = shown.contains(&column.key);
            view! {
                <li>
                    <label data-option>
                        <input type="checkbox" name="column" value=column.key checked=checked />
                        <span>{column.label} {column.note.map(|note| format!(" {note}"))}</span>
                    </label>
                </li>
            }
        })
        .collect_view();
    let reset = (!choice.columns.is_empty()).then(|| {
        let all = ListChoice {
            columns: Vec::new(),
            ..choice.clone()
        };
        view! { <a href=all.href(&place.page) data-kind="quiet">"Default"</a> }
    });
    view! {
        <h3>"Columns"</h3>
        <form method="get" action=page>
            {hidden(choice, &["column"])}
            <ul>{boxes}</ul>
            <p><button type="submit" data-kind="secondary">"Show these"</button> {reset}</p>
        </form>
    }
    .into_any()
}

fn density(place: &ListPlace, choice: &ListChoice) -> AnyView {
    let now = use_context::<Appearance>().unwrap_or_default().density;
    let button = |density: Density, label: &'static str| {
        let pressed = if density == now { "true" } else { "false" };
        view! { <button type="submit" name="density" value=density.name() aria-pressed=pressed>{label}</button> }
    };
    view! {
        <h3>"Density"</h3>
        <form method="post" action=APPEARANCE_ACTION data-segments>
            <input type="hidden" name="back" value=choice.href(&place.page) />
            {button(Density::Comfortable, "Comfortable")}
            {button(Density::Compact, "Compact")}
        </form>
    }
    .into_any()
}
