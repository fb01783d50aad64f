//! What a permission set allows, one group for each capability, the most dangerous first, with the statements and actions
//! that give it. Shows what the analysis found and decides nothing.

use domain::permission_set::analysis::{
    Analysis, Capability, Finding,
    capability::Severity,
    labels::{counted, grouped},
};
use leptos::prelude::*;

use super::{BadgeWeight, CapabilityBadge, PolicyAnchors, finding_id};

/// The capabilities of a permission set with their findings. The most dangerous one is unfolded, unless it is harmless. On the page
/// of the set the heading names an administrator, and a capability that is alone: only the findings follow.
#[component]
pub fn CapabilityGroups(
    analysis: Analysis,
    /// The policies that the page shows: each finding links to its statement.
    #[prop(optional)]
    anchors: Option<PolicyAnchors>,
) -> impl IntoView {
    let all: Vec<Capability> = analysis.extents.keys().copied().collect();
    let worst = all.first().copied();
    let anchors = anchors.as_ref();
    let draw = |capability: &Capability| {
        let unfolded = Some(*capability) == worst && capability.severity() < Severity::Low;
        let fold = if unfolded { Fold::Open } else { Fold::Closed };
        group(&analysis, *capability, fold, anchors)
    };
    // An administrator can do everything else as well, which says nothing new.
    let shown = match worst {
        Some(Capability::Administrator) => 1,
        _ => all.len(),
    };
    let (first, rest) = all.split_at(shown);
    let first = if let ([named], Some(_)) = (first, anchors) {
        view! { <ul data-lines>{findings(&analysis, *named, anchors)}</ul> }.into_any()
    } else {
        let groups = first.iter().map(draw).collect_view();
        view! { <ul data-groups>{groups}</ul> }.into_any()
    };
    let rest = (!rest.is_empty()).then(|| {
        let title = format!("and with it {} more capabilities", rest.len());
        let groups = rest.iter().map(draw).collect_view();
        view! {
            <details data-rest>
                <summary>{title}</summary>
                <ul data-groups>{groups}</ul>
            </details>
        }
    });
    view! { {first} {rest} }.into_any()
}

/// How a policy writes every action of every service.
const EVERY_ACTION: &str = "*";

/// Whether a statement allows every action of every service, so that nothing can add to it.
pub fn allows_everything(analysis: &Analysis) -> bool {
    analysis.findings.iter().any(is_everything)
}

fn is_everything(finding: &Finding) -> bool {
    let first = finding.actions.first();
    finding.capability == Capability::Administrator
        && first.is_some_and(|action| action == EVERY_ACTION)
}

/// Whether a group shows its findings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    Open,
    Closed,
}

fn group(
    analysis: &Analysis,
    capability: Capability,
    fold: Fold,
    anchors: Option<&PolicyAnchors>,
) -> AnyView {
    let extent = analysis
        .extents
        .get(&capability)
        .and_then(|extent| extent.words());
    let of_it = analysis.findings.iter();
    let of_it = of_it.filter(|finding| finding.capability == capability);
    let statements = of_it.filter(|finding| finding.statement.is_some()).count();
    let statements = (statements > 0).then(|| counted(statements, "statement"));
    let extent: Vec<String> = extent.into_iter().chain(statements).collect();
    let lines = findings(analysis, capability, anchors);
    view! {
        <li>
            <details open={fold == Fold::Open}>
                <summary>
                    <CapabilityBadge capability weight=BadgeWeight::Pill />
                    <span data-explanation>{analysis.explanation(capability)}</span>
                    <span data-extent>{extent.join(" · ")}</span>
                </summary>
                <ul data-lines>{lines}</ul>
            </details>
        </li>
    }
    .into_any()
}

/// Renders what gives a capability.
fn findings(
    analysis: &Analysis,
    capability: Capability,
    anchors: Option<&PolicyAnchors>,
) -> AnyView {
    let all = analysis.findings.iter().enumerate();
    let of_it = all.filter(|(_, finding)| finding.capability == capability);
    of_it
        .map(|(place, finding)| line(place, finding, anchors))
        .collect_view()
        .into_any()
}

/// Names what a finding is about: a statement, or a policy.
pub fn finding_source(finding: &Finding) -> String {
    let policy = finding.policy.short_name();
    match finding.statement {
        Some(at) => format!("Statement {} of {policy}", at + 1),
        None => policy,
    }
}

fn line(place: usize, finding: &Finding, anchors: Option<&PolicyAnchors>) -> AnyView {
    let source = finding_source(finding);
    let source = match anchors.and_then(|anchors| anchors.of_finding(finding)) {
        Some(id) => view! { <a href=format!("#{id}")>{source}</a> }.into_any(),
        None => view! { <span class="text-muted">{source}</span> }.into_any(),
    };
    // Only a page with policies shows one analysis; elsewhere an id would occur twice.
    let id = anchors.map(|_| finding_id(place));
    // The heading of the page of a set says what such a statement allows.
    if anchors.is_some() && is_everything(finding) {
        return view! { <li data-finding id=id><p>"Allowed by " {source}</p></li> }.into_any();
    }
    view! {
        <li data-finding id=id>
            <p>{finding.reason.clone()}</p>
            <div>
                {source}
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
    if first == EVERY_ACTION {
        return view! { <span>"every action (" <code>{first}</code> ")"</span> }.into_any();
    }
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
