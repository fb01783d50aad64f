//! What makes a change serious, as marks beside its title: where it gives access, and that the access does not end. The marks
//! repeat what the effect says and never decide anything.

use std::collections::BTreeSet;

use domain::{
    classification::{Environment, Pci},
    grant::Term,
};
use leptos::prelude::*;

use super::{EnvironmentBadge, PciBadge, term_words};
use crate::backend::ChangeView;

/// Renders the marks, without what the title says. Taken before the effect is taken out of the change.
pub fn risk_marks(view: &ChangeView) -> AnyView {
    let classes: BTreeSet<(Environment, Pci)> = view
        .row
        .accounts
        .iter()
        .map(|account| (account.class.environment, account.class.pci))
        .collect();
    let marks = classes.into_iter().map(|(environment, pci)| {
        view! { <EnvironmentBadge environment /> <PciBadge pci /> }
    });
    let marks = marks.collect_view();
    let mut gained = view.preview.gained.iter();
    let stands = gained.any(|row| row.term == Some(Term::Standing));
    let title = view.row.title.to_string();
    let stands = stands && !title.contains(&term_words(Term::Standing));
    let stands = stands.then(|| view! { <span data-standing-mark>"Standing"</span> });
    view! { <p data-risks>{marks} {stands}</p> }.into_any()
}
