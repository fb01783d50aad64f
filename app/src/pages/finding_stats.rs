//! The key figures of what policies find in assignments, alike on the home page and on the pages of an account and of a person.
//! Never counts anything.

use domain::{snapshot::Figure, verdict::Tally};
use leptos::prelude::*;

use super::exposure::{bad, wanting};
use crate::components::{Glyph, Stat};

/// Returns the unit of a number of assignments: all of which it is a part.
pub(super) fn of_assignments(all: Figure) -> String {
    match all {
        Figure::Known(1) => "of 1 assignment".to_owned(),
        Figure::Known(all) => format!("of {all} assignments"),
        Figure::NotKnown => "assignments, not all of them read".to_owned(),
    }
}

/// How many assignments violate policies, and how many only lack an approval, each with the list of them.
#[component]
pub(super) fn FindingStats(
    /// The number of all assignments.
    all: Figure,
    against: Figure,
    against_href: String,
    unapproved: Figure,
    unapproved_href: String,
    /// How many of them are in production PCI, on a page whose assignments are in accounts of every kind.
    #[prop(optional)]
    guarded: Option<Figure<Tally>>,
) -> impl IntoView {
    let detail = |count: Figure, of: fn(Tally) -> usize| {
        match (guarded.and_then(Figure::known).map(of), all) {
            (None, _) => of_assignments(all),
            (Some(some), Figure::NotKnown) => {
                format!("{}, {some} in production PCI", of_assignments(all))
            }
            // Where the assignments are counted once on the page, what matters is how many of these are in production PCI.
            (Some(some), Figure::Known(_)) => match (count, some) {
                (Figure::Known(0), _) => "assignments".to_owned(),
                (Figure::Known(1), 0) => "assignment, not in production PCI".to_owned(),
                (Figure::Known(1), _) => "assignment, in production PCI".to_owned(),
                (_, 0) => "assignments, none in production PCI".to_owned(),
                (_, some) => format!("assignments, {some} in production PCI"),
            },
        }
    };
    let (of_against, of_unapproved) = (
        detail(against, |tally| tally.against),
        detail(unapproved, |tally| tally.unapproved),
    );
    view! {
        <Stat label="Policy violations" value=against.to_string() href=against_href detail=of_against status=bad(against) />
        <Stat label="Only approval missing" value=unapproved.to_string() href=unapproved_href detail=of_unapproved status=wanting(unapproved) glyph=Glyph::Approval />
    }
    .into_any()
}
