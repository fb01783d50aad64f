//! Badges for the capabilities of a permission set. The capabilities come from the analysis in the domain.

use domain::permission_set::analysis::{Capability, capability::Severity};
use leptos::prelude::*;

use super::{BadgeWeight, Glyph, Icon, Status};

/// The number of badges beside the name of a permission set.
const SHOWN: usize = 3;

/// Returns the color of a capability, by its severity.
fn status(capability: Capability) -> Status {
    match capability.severity() {
        Severity::Critical if capability == Capability::Unknown => Status::Drift,
        Severity::Critical | Severity::High => Status::Danger,
        Severity::Medium => Status::Pending,
        Severity::Low => Status::Info,
        Severity::Info => Status::Off,
    }
}

/// Returns the icon of a capability. No other meaning has it.
fn glyph(capability: Capability) -> Glyph {
    match capability {
        Capability::Administrator => Glyph::Administrator,
        Capability::GrantsRights => Glyph::Key,
        Capability::Identity => Glyph::Identity,
        Capability::LogsAndGuardrails => Glyph::Guardrails,
        Capability::Unknown => Glyph::NotKnown,
        Capability::RunsCode => Glyph::RunsCode,
        Capability::UnreviewedChange => Glyph::Unreviewed,
        Capability::Changes => Glyph::Edit,
        Capability::ReadsData => Glyph::Eye,
        Capability::ReadsConfiguration => Glyph::Configuration,
        Capability::Billing => Glyph::Cost,
        Capability::Metadata => Glyph::Tag,
    }
}

/// Returns the color of a severity.
const fn severity_status(severity: Severity) -> Status {
    match severity {
        Severity::Critical | Severity::High => Status::Danger,
        Severity::Medium => Status::Pending,
        Severity::Low => Status::Info,
        Severity::Info => Status::Off,
    }
}

/// How bad the most dangerous capability of a permission set is, as one word of one scale, by which permission sets are compared.
#[component]
pub fn SeverityBadge(severity: Severity) -> impl IntoView {
    view! {
        <span data-badge=BadgeWeight::Pill.name() data-severity data-status=severity_status(severity).token() title=SEVERITY>
            <span>{severity.label()}</span>
        </span>
    }
    .into_any()
}

/// As [`SeverityBadge`], for a list, in which most rows would have a pill.
#[component]
pub fn SeverityWord(severity: Severity) -> impl IntoView {
    view! {
        <span data-severity data-status=severity_status(severity).token() title=SEVERITY>
            {severity.label()}
        </span>
    }
    .into_any()
}

/// What the severity of a permission set is.
const SEVERITY: &str = "Severity of the most dangerous capability";

/// A capability: icon, color and label, with its explanation as a tooltip.
#[component]
pub fn CapabilityBadge(
    capability: Capability,
    #[prop(optional)] weight: BadgeWeight,
) -> impl IntoView {
    view! {
        <span data-badge=weight.name() data-status=status(capability).token() title=capability.explanation()>
            <Icon glyph=glyph(capability) />
            <span>{capability.label()}</span>
        </span>
    }
    .into_any()
}

/// The most dangerous capabilities of a permission set as badges, and the number of the others.
#[component]
pub fn CapabilityList(
    capabilities: Vec<Capability>,
    /// What a filter asks for. Those that the set has are named first, so that a row says why it is listed.
    #[prop(optional)]
    sought: Vec<Capability>,
) -> impl IntoView {
    let is_sought = |one: &Capability| sought.contains(one);
    let mut others = Capability::named(&capabilities);
    others.retain(|one| !is_sought(one));
    let mut named: Vec<Capability> = capabilities.into_iter().filter(is_sought).collect();
    let room = SHOWN.saturating_sub(named.len()).min(others.len());
    named.extend(others.drain(..room));
    let last = named.pop();
    let badges = named
        .into_iter()
        .map(|capability| view! { <CapabilityBadge capability /> })
        .collect_view();
    let more = (!others.is_empty()).then(|| {
        let labels: Vec<&str> = others.iter().map(|capability| capability.label()).collect();
        let labels = labels.join(", ");
        view! {
            <span class="text-muted" title=labels.clone()>
                <span aria-hidden="true">{format!("+{}", others.len())}</span>
                <span class="sr-only">{format!("and {labels}")}</span>
            </span>
        }
    });
    // The number stays on the line of the last badge.
    let last = last.map(|capability| {
        view! { <span class="inline-flex items-center gap-x-2"><CapabilityBadge capability /> {more}</span> }
    });
    view! { <span data-capabilities>{badges} {last}</span> }.into_any()
}
