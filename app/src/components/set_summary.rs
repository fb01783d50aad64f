//! What the permission sets allow that somebody gains: the three most dangerous capabilities of each in one line each, and all
//! of them with their statements behind a fold.

use domain::permission_set::analysis::{Analysis, Capability};
use leptos::prelude::*;

use super::{BadgeWeight, CapabilityBadge, CapabilityGroups, Glyph, Icon, Section};
use crate::backend::GainedSet;

/// The number of capabilities that are not folded.
const LINES: usize = 3;

/// Whether what a set allows is shown at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetsShown {
    Open,
    /// Behind a fold, for a change that is over.
    Folded,
}

/// Renders what the permission sets allow that somebody gains.
pub fn gained_sets(sets: Vec<GainedSet>, shown: SetsShown) -> AnyView {
    let sets = sets.into_iter().map(|gained| summary(gained, shown));
    sets.collect_view().into_any()
}

fn summary(gained: GainedSet, shown: SetsShown) -> AnyView {
    let GainedSet { set, analysis } = gained;
    let title = format!("What {} allows", set.name);
    let id = format!("set-{}", set.key());
    let in_words = analysis.summary();
    match shown {
        SetsShown::Open => {
            view! { <Section title>{capabilities(id, analysis)}</Section> }.into_any()
        }
        SetsShown::Folded => {
            let fold = format!("{id}-allows");
            let capabilities = capabilities(id, analysis);
            view! {
                <details data-fold-row id=fold>
                    <summary><b>{title}</b> <span>{in_words}</span></summary>
                    {capabilities}
                </details>
            }
            .into_any()
        }
    }
}

fn capabilities(id: String, analysis: Analysis) -> AnyView {
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
    let nothing = all
        .is_none()
        .then(|| view! { <p data-body class="text-muted">{analysis.summary()}</p> });
    let notes = folded_notes(analysis.notes.clone());
    view! {
        {nothing}
        <ul data-set-lines>{lines}</ul>
        {all.map(|all| view! {
            <details data-rest id=id>
                <summary>{all}</summary>
                <CapabilityGroups analysis />
            </details>
        })}
        {notes}
    }
    .into_any()
}

/// Renders the notes on the policies behind a fold: who decides needs them to doubt what is shown above, and rarely in full.
fn folded_notes(notes: Vec<String>) -> Option<AnyView> {
    match notes.as_slice() {
        [] => None,
        [note] => {
            let note = note.clone();
            Some(
                view! {
                    <details data-rest data-quiet>
                        <summary>"1 note on the policies"</summary>
                        <div data-note>{note}</div>
                    </details>
                }
                .into_any(),
            )
        }
        _ => policy_notes(notes),
    }
}

/// What every note about an action that does not exist has in common.
const NO_ACTION: &str = " matches no action";

/// Renders what in the policies has no effect, such as a misspelt action, and what was not taken into account. Several notes
/// are folded, because none of them changes what the set allows; where names are not known, the fold says that it may allow more.
pub fn policy_notes(notes: Vec<String>) -> Option<AnyView> {
    let unmatched = notes.iter().filter(|note| note.contains(NO_ACTION)).count();
    let summary = match (notes.len(), unmatched) {
        (0, _) => return None,
        (1, _) => None,
        (all, unmatched) if all == unmatched => Some(format!(
            "{unmatched} action names in the policies match no known action of AWS: the set may allow more than is shown"
        )),
        (all, _) => Some(format!("{all} notes on the policies")),
    };
    let doubt = (unmatched > 0).then_some("");
    let lines = notes
        .into_iter()
        .map(|note| view! { <li>{note}</li> })
        .collect_view();
    let notes = match summary {
        None => view! { <div data-note><h3>"Note on the policies"</h3><ul>{lines}</ul></div> }
            .into_any(),
        Some(summary) => view! {
            <details data-rest data-quiet data-doubt=doubt>
                <summary>{doubt.map(|_| view! { <Icon glyph=Glyph::Warning /> })} <span>{summary}</span></summary>
                <div data-note><ul>{lines}</ul></div>
            </details>
        }
        .into_any(),
    };
    Some(notes)
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
