//! The foot of a list whose pages are counted by sequence numbers: where the page is, and links to the newer and older rows.

use leptos::prelude::*;

use crate::{
    backend::{ListPage, SequencePlace},
    lists::{Direction, List, ListChoice, ListPlace, Start},
};

/// Renders the foot; none if the page is the whole list.
pub(super) fn foot<F, R>(
    list: &'static List<F, R>,
    place: &ListPlace,
    choice: &ListChoice,
    page: &ListPage<R>,
    sequence: &SequencePlace,
) -> AnyView {
    let SequencePlace {
        position,
        shown,
        newer,
        older,
        ..
    } = *sequence;
    if newer.is_none() && older.is_none() {
        return ().into_any();
    }
    let words = match position {
        Some(before) if shown > 0 => {
            let (first, end) = (before + 1, before + shown);
            format!(
                "{first} to {end} of {} {}",
                page.total,
                list.noun(page.total)
            )
        }
        _ => String::new(),
    };
    let step = |start: Option<Start>, word: &'static str| {
        start.map(|start| {
            let href = choice.from(start).href(&place.page);
            view! { <a href=href data-kind="secondary">{word}</a> }
        })
    };
    let newest = (choice.start.is_some() && newer.is_some()).then(
        || view! { <a href=choice.at(1).href(&place.page) data-kind="quiet">"First page"</a> },
    );
    let (newer, older) = (
        step(newer.map(Start::After), "Newer"),
        step(older.map(Start::Before), "Older"),
    );
    let ascending = list
        .order_of(choice)
        .is_some_and(|sort| sort.direction == Direction::Ascending);
    let steps = if ascending {
        view! { {older} {newer} }.into_any()
    } else {
        view! { {newer} {older} }.into_any()
    };
    view! {
        <nav data-pagination aria-label=format!("Pages of {}", list.nouns.1)>
            <p>{words}</p>
            <div>{newest} {steps}</div>
        </nav>
    }
    .into_any()
}
