//! The filters of a list as tokens. Each opens its values, which are links that add or remove one; a token that is in
//! effect shows its values and has a link that removes it.

use leptos::prelude::*;

use super::search::hidden;
use crate::{
    backend::ListPage,
    components::{Glyph, Icon},
    lists::{Filter, FilterKind, List, ListChoice, ListPlace, Prominence},
};

/// The number of values that a token shows; others are counted.
const SHOWN: usize = 2;

/// A value that can be chosen.
struct Offer {
    value: String,
    label: String,
    /// The number of rows that the list would have with it, if it was counted.
    count: Option<usize>,
}

/// Renders the tokens.
pub(super) fn pills<F, R>(
    list: &List<F, R>,
    place: &ListPlace,
    choice: &ListChoice,
    page: &ListPage<R>,
) -> AnyView {
    let numbered = || list.filters.iter().enumerate();
    let is_folded = |filter: &Filter<F>| {
        filter.prominence == Prominence::Folded && choice.values(filter.key).is_empty()
    };
    let tokens = numbered()
        .filter(|(_, filter)| !is_folded(filter))
        .map(|(at, filter)| token(&place.page, at, filter, choice, page))
        .collect_view();
    let folded: Vec<AnyView> = numbered()
        .filter(|(_, filter)| is_folded(filter))
        .map(|(at, filter)| token(&place.page, at, filter, choice, page))
        .collect();
    let folded = (!folded.is_empty()).then(|| {
        view! {
            <li data-more-filters>
                <details>
                    <summary>"More filters"</summary>
                    <ul aria-label="More filters">{folded}</ul>
                </details>
            </li>
        }
    });
    let clear = choice.is_filtered().then(|| {
        let href = choice.unfiltered().href(&place.page);
        view! { <li><a href=href data-clear>"Clear filters"</a></li> }
    });
    view! { <ul data-filters aria-label="Filters">{tokens} {folded} {clear}</ul> }.into_any()
}

fn token<F, R>(
    path: &str,
    place: usize,
    filter: &Filter<F>,
    choice: &ListChoice,
    page: &ListPage<R>,
) -> AnyView {
    let values = choice.values(filter.key);
    let offers = offers(place, filter, &values, page);
    // Without a value to choose there is no filter.
    if offers.is_empty() && values.is_empty() && !filter.is_single() {
        return ().into_any();
    }
    let chosen = chosen_words(&offers, &values);
    let is_on = !values.is_empty();
    let remove = is_on.then(|| {
        let href = choice.without(filter.key).href(path);
        let label = format!("Remove the filter {}: {chosen}", filter.label);
        view! { <a href=href data-remove aria-label=label><Icon glyph=Glyph::Cross /></a> }
    });
    let menu = match filter.kind {
        FilterKind::Day { .. } => day(path, filter, choice),
        FilterKind::Typed { hint, .. } => typed(path, filter, hint, choice, offers),
        FilterKind::Options(_) | FilterKind::Offered { .. } => {
            options(path, filter.key, choice, offers)
        }
    };
    view! {
        <li data-filter data-on=is_on.then_some("")>
            <details name="list-menu" data-popup>
                <summary>
                    {(!is_on).then(|| view! { <Icon glyph=Glyph::Plus /> })}
                    <span>{filter.label}</span>
                    {is_on.then(|| view! { <b>{chosen}</b> })}
                </summary>
                <div>{menu}</div>
            </details>
            {remove}
        </li>
    }
    .into_any()
}

fn offers<F, R>(
    place: usize,
    filter: &Filter<F>,
    values: &[&str],
    page: &ListPage<R>,
) -> Vec<Offer> {
    let mut offers: Vec<Offer> = match filter.kind {
        FilterKind::Options(options) => {
            let options = options.iter().enumerate();
            let offer = |(at, option): (usize, &crate::lists::FilterOption<F>)| Offer {
                value: option.value.to_owned(),
                label: option.label.to_owned(),
                count: page.counts.get(place, at),
            };
            options.map(offer).collect()
        }
        FilterKind::Offered { .. } | FilterKind::Typed { .. } => {
            let offered = page.offered.iter().filter(|one| one.filter == filter.key);
            let offer = |one: &crate::backend::OfferedValue| Offer {
                value: one.value.clone(),
                label: one.label.clone(),
                count: None,
            };
            offered.map(offer).collect()
        }
        FilterKind::Day { .. } => Vec::new(),
    };
    // A chosen value that the data no longer offers can still be removed.
    for value in values {
        if !offers.iter().any(|offer| offer.value == *value) {
            offers.push(Offer {
                value: (*value).to_owned(),
                label: (*value).to_owned(),
                count: None,
            });
        }
    }
    offers
}

fn chosen_words(offers: &[Offer], values: &[&str]) -> String {
    let chosen = offers
        .iter()
        .filter(|offer| values.contains(&offer.value.as_str()));
    let labels: Vec<&str> = chosen.map(|offer| offer.label.as_str()).collect();
    let shown = labels[..labels.len().min(SHOWN)].join(", ");
    match labels.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}\u{a0}+{more}"),
    }
}

fn options(path: &str, key: &'static str, choice: &ListChoice, offers: Vec<Offer>) -> AnyView {
    let item = |offer: Offer| {
        let is_chosen = choice.holds(key, &offer.value);
        let href = choice.toggled(key, &offer.value).href(path);
        let none = (offer.count == Some(0) && !is_chosen).then_some("");
        view! {
            <li>
                <a href=href aria-current=is_chosen.then_some("true") data-none=none>
                    <span data-tick>{is_chosen.then(|| view! { <Icon glyph=Glyph::Check /> })}</span>
                    <span>{offer.label}</span>
                    {offer.count.map(|count| view! { <span data-count>{count}</span> })}
                </a>
            </li>
        }
    };
    let items = offers.into_iter().map(item).collect_view();
    view! { <ul>{items}</ul> }.into_any()
}

/// Renders a field, and below it the values that the data offers.
fn typed<F>(
    path: &str,
    filter: &Filter<F>,
    hint: &'static str,
    choice: &ListChoice,
    offers: Vec<Offer>,
) -> AnyView {
    let chosen = choice.values(filter.key);
    let value = offers
        .iter()
        .find(|offer| chosen.contains(&offer.value.as_str()))
        .map(|offer| offer.label.clone());
    let offers = (!offers.is_empty()).then(|| options(path, filter.key, choice, offers));
    view! {
        <form method="get" action=path.to_owned()>
            {hidden(choice, &[filter.key, "page", "before", "after"])}
            <label>
                <span class="sr-only">{filter.label}</span>
                <input type="text" name=filter.key value=value placeholder=hint autocomplete="off" maxlength="100" required />
            </label>
            <button type="submit" data-kind="secondary">"Apply"</button>
        </form>
        {offers}
    }
    .into_any()
}

fn day<F>(path: &str, filter: &Filter<F>, choice: &ListChoice) -> AnyView {
    let value = choice
        .values(filter.key)
        .first()
        .map(|day| (*day).to_owned());
    view! {
        <form method="get" action=path.to_owned()>
            {hidden(choice, &[filter.key, "page", "before", "after"])}
            <label>
                <span class="sr-only">{filter.label}</span>
                <input type="date" name=filter.key value=value />
            </label>
            <button type="submit" data-kind="secondary">"Apply"</button>
        </form>
    }
    .into_any()
}
