//! The key figures of what policies find in assignments, alike on the pages of an account and of a person. Never counts
//! anything.

use domain::snapshot::Figure;
use leptos::prelude::*;

use super::exposure::{bad, wanting};
use crate::components::Stat;

/// Returns the noun for a number of assignments.
pub(super) fn assignments_noun(count: Figure) -> &'static str {
    if count == 1 {
        "assignment"
    } else {
        "assignments"
    }
}

/// How many assignments violate policies, and how many only lack an approval, each with the list of them.
#[component]
pub(super) fn FindingStats(
    against: Figure,
    against_href: String,
    unapproved: Figure,
    unapproved_href: String,
) -> impl IntoView {
    let of_against = assignments_noun(against);
    let lacking = if unapproved == 1 {
        "assignment that only lacks one"
    } else {
        "assignments that only lack one"
    };
    view! {
        <Stat label="Policy violations" value=against.to_string() href=against_href detail=of_against status=bad(against) />
        <Stat label="Only approval missing" value=unapproved.to_string() href=unapproved_href detail=lacking status=wanting(unapproved) />
    }
    .into_any()
}
