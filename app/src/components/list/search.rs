//! The search box of a list: a GET form that sends the filters along.

use leptos::prelude::*;

use super::RESULTS;
use crate::{
    components::{Glyph, Icon},
    islands::live_search::LiveSearch,
    lists::{List, ListChoice, ListPlace},
};

/// Renders the search box.
pub(super) fn form<F, R>(list: &List<F, R>, place: &ListPlace, choice: &ListChoice) -> AnyView {
    let label = format!("Search {}", list.nouns.1);
    let (value, path) = (choice.words.clone(), place.page.clone());
    view! {
        <form method="get" action=path role="search" data-list-search>
            {hidden(choice, &["q", "page", "before", "after"])}
            <Icon glyph=Glyph::Search />
            <LiveSearch name="q".to_owned() value label results=RESULTS.to_owned() />
        </form>
    }
    .into_any()
}

/// Renders the parts of a choice that a form sends along, without those of some names.
pub(super) fn hidden(choice: &ListChoice, except: &[&str]) -> AnyView {
    let fields = choice.fields(except).into_iter();
    fields
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view()
        .into_any()
}
