//! Badges for the risks of a permission set. The risks come from the analysis in the domain.

use domain::permission_set::analysis::Risk;
use leptos::prelude::*;

use super::{Status, StatusBadge};

/// Returns the badge status for a risk: danger for control of access, pending for data and logs, drift for unknown.
pub const fn risk_status(risk: Risk) -> Status {
    match risk {
        Risk::Administrator | Risk::Escalation | Risk::IdentityCenterTakeover => Status::Danger,
        Risk::Tampering | Risk::DataRead => Status::Pending,
        Risk::Unknown => Status::Drift,
    }
}

/// Returns a short label for a table cell. Whether an administrator is a full one is shown only on the page of the
/// permission set.
pub const fn risk_words(risk: Risk) -> &'static str {
    match risk {
        Risk::Administrator => "Administrator",
        Risk::Escalation => "Can gain more rights",
        Risk::IdentityCenterTakeover => "Can grant access",
        Risk::Tampering => "Can tamper with logs",
        Risk::DataRead => "Reads data",
        Risk::Unknown => "Not fully readable",
    }
}

/// A list of risk badges, worst first. `Administrator` implies the other risks except `Unknown`, so they are omitted.
#[component]
pub fn RiskList(risks: Vec<Risk>) -> impl IntoView {
    let administrator = risks.contains(&Risk::Administrator);
    let marks = risks
        .into_iter()
        .filter(|risk| !administrator || matches!(risk, Risk::Administrator | Risk::Unknown))
        .map(|risk| {
            view! {
                <span title=risk.explanation()>
                    <StatusBadge status=risk_status(risk) label=risk_words(risk) />
                </span>
            }
        })
        .collect_view();
    view! { <span data-risks>{marks}</span> }.into_any()
}
