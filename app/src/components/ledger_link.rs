//! Links from the page of something to the entries of the ledger about it, for users who may read them.

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::lists::{ListChoice, entries::LEDGER};

/// Whether pages link to the ledger. `NotAllowed` is provided for users who may not read it, so that no link leads to an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LedgerLinks {
    #[default]
    NotAllowed,
    Linked,
}

/// Renders the link to the entries with a value of a filter; none for users who may not read them.
pub fn ledger_link(filter: &'static str, value: &str, words: &'static str) -> Option<AnyView> {
    if use_context::<LedgerLinks>().unwrap_or_default() == LedgerLinks::NotAllowed {
        return None;
    }
    let href = ListChoice::only(filter, value).href(LEDGER);
    Some(
        view! { <p data-ledger-link><a href=href><Icon glyph=Glyph::Ledger /> {words}</a></p> }
            .into_any(),
    )
}

/// Renders the number of an entry, as a link for users who may read it.
pub fn entry_link(seq: u64) -> AnyView {
    let words = format!("entry {seq}");
    match use_context::<LedgerLinks>().unwrap_or_default() {
        LedgerLinks::Linked => {
            view! { <a data-entry href=format!("{LEDGER}/{seq}")>{words}</a> }.into_any()
        }
        LedgerLinks::NotAllowed => view! { <span data-entry>{words}</span> }.into_any(),
    }
}
