//! Badges for the capabilities of a permission set. The capabilities come from the analysis in the domain.

use domain::permission_set::analysis::{Capability, capability::Severity};
use leptos::prelude::*;

use super::{Status, StatusBadge};

/// Returns the badge status of a capability, by its severity.
pub fn capability_status(capability: Capability) -> Status {
    match capability.severity() {
        Severity::Critical if capability == Capability::Unknown => Status::Drift,
        Severity::Critical | Severity::High => Status::Danger,
        Severity::Medium => Status::Pending,
        Severity::Low => Status::Info,
        Severity::Info => Status::Off,
    }
}

/// A list of capability badges, worst first. `Administrator` implies the other capabilities except `Unknown`, so they are omitted.
#[component]
pub fn CapabilityList(capabilities: Vec<Capability>) -> impl IntoView {
    let administrator = capabilities.contains(&Capability::Administrator);
    let marks = capabilities
        .into_iter()
        .filter(|capability| !administrator || matches!(capability, Capability::Administrator | Capability::Unknown))
        .map(|capability| {
            view! {
                <span title=capability.explanation()>
                    <StatusBadge status=capability_status(capability) label=capability.label() />
                </span>
            }
        })
        .collect_view();
    view! { <span data-capabilities>{marks}</span> }.into_any()
}
