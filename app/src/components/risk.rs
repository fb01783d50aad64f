//! What a permission set could be abused for, in words. The words are the analysis'; nothing is added.

use domain::permission_set::analysis::Risk;
use leptos::prelude::*;

use super::{Status, StatusBadge};

/// The colour for a risk: what opens everything, what opens data or blinds, and what is not known.
pub const fn risk_status(risk: Risk) -> Status {
    match risk {
        Risk::Administrator | Risk::Escalation | Risk::IdentityCenterTakeover => Status::Danger,
        Risk::Tampering | Risk::DataRead => Status::Pending,
        Risk::Unknown => Status::Drift,
    }
}

/// A few words for a cell. A set alone tells whether it is full or nearly so; its own page says which.
pub const fn risk_words(risk: Risk) -> &'static str {
    match risk {
        Risk::Administrator => "Administrator",
        Risk::Escalation => "Can gain more rights",
        Risk::IdentityCenterTakeover => "Can hand out access",
        Risk::Tampering => "Can blind logs",
        Risk::DataRead => "Reads data",
        Risk::Unknown => "Not fully readable",
    }
}

/// Risks one after another, worst first; an administrator can do all the rest, which is left out.
#[component]
pub fn RiskList(
    /// Which.
    risks: Vec<Risk>,
) -> impl IntoView {
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
