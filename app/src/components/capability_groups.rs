//! What a permission set allows, one group for each capability, the most dangerous first, with the statements and actions
//! that give it. Shows what the analysis found and decides nothing.

use domain::permission_set::analysis::{
    Analysis, Capability, Finding, capability::Severity, labels::grouped,
};
use leptos::prelude::*;

use super::{BadgeWeight, CapabilityBadge};

/// The capabilities of a permission set with their findings. The most dangerous one is unfolded, unless it is harmless.
#[component]
pub fn CapabilityGroups(analysis: Analysis) -> impl IntoView {
    let worst = analysis.extents.keys().next().copied();
    let groups = analysis
        .extents
        .keys()
        .map(|capability| {
            let unfolded = Some(*capability) == worst && capability.severity() < Severity::Low;
            let fold = if unfolded { Fold::Open } else { Fold::Closed };
            group(&analysis, *capability, fold)
        })
        .collect_view();
    view! { <ul data-groups>{groups}</ul> }.into_any()
}

/// Whether a group shows its findings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    Open,
    Closed,
}

fn group(analysis: &Analysis, capability: Capability, fold: Fold) -> AnyView {
    let extent = analysis
        .extents
        .get(&capability)
        .and_then(|extent| extent.words());
    let lines = analysis
        .findings
        .iter()
        .filter(|finding| finding.capability == capability)
        .map(line)
        .collect_view();
    let label = analysis.label(capability);
    view! {
        <li>
            <details open={fold == Fold::Open}>
                <summary>
                    <CapabilityBadge capability label weight=BadgeWeight::Pill />
                    <span data-explanation>{capability.explanation()}</span>
                    <span data-extent>{extent}</span>
                </summary>
                <ul data-lines>{lines}</ul>
            </details>
        </li>
    }
    .into_any()
}

fn line(finding: &Finding) -> AnyView {
    let statement = finding
        .statement
        .map(|at| format!(", statement {}", at + 1));
    view! {
        <li data-finding>
            <p>{finding.reason.clone()}</p>
            <div>
                <span class="text-muted">{finding.policy.short_name()} {statement}</span>
                {actions(finding)}
            </div>
        </li>
    }
    .into_any()
}

/// Renders the first action and a fold with the others. Actions that the analysis does not list are counted.
fn actions(finding: &Finding) -> AnyView {
    let count = finding.count();
    let mut actions = finding.actions.iter().cloned();
    let Some(first) = actions.next() else {
        return ().into_any();
    };
    if count == 1 {
        return view! { <code>{first}</code> }.into_any();
    }
    let rest = actions
        .map(|action| view! { <li><code>{action}</code></li> })
        .collect_view();
    view! {
        <details data-fold>
            <summary><code>{first}</code> <span class="text-muted">{format!("and {} more", grouped(count - 1))}</span></summary>
            <ul data-plain>{rest} {unnamed(finding.more)}</ul>
        </details>
    }
    .into_any()
}

/// Renders how many actions a list of actions does not name.
fn unnamed(more: usize) -> Option<AnyView> {
    (more > 0).then(|| {
        view! { <li class="text-muted">{format!("and {} more", grouped(more))}</li> }.into_any()
    })
}
