//! What the permission sets allow that somebody gains: the three most dangerous capabilities of each in one line each, and all
//! of them with their statements behind a fold.

use domain::permission_set::analysis::{Analysis, Capability};
use leptos::prelude::*;

use super::{BadgeWeight, CapabilityBadge, CapabilityGroups, Section};
use crate::backend::GainedSet;

/// The number of capabilities that are not folded.
const LINES: usize = 3;

/// Renders what the permission sets allow that somebody gains.
pub fn gained_sets(sets: Vec<GainedSet>) -> AnyView {
    sets.into_iter().map(summary).collect_view().into_any()
}

fn summary(gained: GainedSet) -> impl IntoView {
    let GainedSet { set, analysis } = gained;
    let title = format!("What {} allows", set.name);
    let lines = analysis.extents.keys().take(LINES);
    let lines = lines
        .map(|capability| line(&analysis, *capability))
        .collect_view();
    let all = match analysis.extents.len() {
        0 => None,
        1 => Some("Show the statements".to_owned()),
        count => Some(format!(
            "Show all {count} capabilities with their statements"
        )),
    };
    let id = format!("set-{}", set.key());
    let notes = analysis.notes.clone();
    view! {
        <Section title detail=analysis.summary()>
            <ul data-set-lines>{lines}</ul>
            {all.map(|all| view! {
                <details data-rest id=id>
                    <summary>{all}</summary>
                    <CapabilityGroups analysis />
                </details>
            })}
            {policy_notes(notes)}
        </Section>
    }
}

/// Renders what in the policies has no effect, such as a misspelt action, and what was not taken into account.
pub fn policy_notes(notes: Vec<String>) -> Option<AnyView> {
    if notes.is_empty() {
        return None;
    }
    let title = match notes.len() {
        1 => "1 note on the policies".to_owned(),
        some => format!("{some} notes on the policies"),
    };
    let lines = notes
        .into_iter()
        .map(|note| view! { <li>{note}</li> })
        .collect_view();
    let notes = view! {
        <div data-note>
            <details data-fold>
                <summary>{title}</summary>
                <ul class="mt-2 pl-6">{lines}</ul>
            </details>
        </div>
    };
    Some(notes.into_any())
}

fn line(analysis: &Analysis, capability: Capability) -> impl IntoView + use<> {
    let extent = analysis.extents.get(&capability);
    let extent = extent.and_then(|extent| extent.words());
    view! {
        <li>
            <CapabilityBadge capability weight=BadgeWeight::Pill />
            <span data-explanation>{analysis.explanation(capability)}</span>
            <span data-extent>{extent}</span>
        </li>
    }
}
