//! Short words for people about what was found.
//!
//! Pages, verdicts and reports say the same thing by the same words. Never decides anything.

use super::{Analysis, ManagedPolicies, Risk, boundary_of};
use crate::permission_set::{Boundary, Content};

impl Risk {
    /// A few words for a badge or a column.
    pub fn label(self) -> &'static str {
        match self {
            Self::Administrator => "Near administrator",
            Self::Escalation => "Can gain more rights",
            Self::IdentityCenterTakeover => "Can hand out access",
            Self::Tampering => "Can blind logs or guardrails",
            Self::DataRead => "Reads data",
            Self::Unknown => "Not fully readable",
        }
    }

    /// One sentence on what the label means.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Administrator => {
                "Allows everything, or so nearly everything that the rest is one call away."
            }
            Self::Escalation => {
                "Its holder can give themselves or somebody else more than the set says."
            }
            Self::IdentityCenterTakeover => {
                "Its holder can decide who gets into which account of the organization."
            }
            Self::Tampering => {
                "Its holder can stop, delete or blind what records and guards an account."
            }
            Self::DataRead => {
                "Its holder can read, copy out or open up data that could be card data."
            }
            Self::Unknown => {
                "Part of it cannot be read or understood, so it is treated as the worst."
            }
        }
    }
}

impl Analysis {
    /// The label of one risk as it stands in this set: a full administrator is called that.
    pub fn label(&self, risk: Risk) -> &'static str {
        let full = |finding: &super::Finding| {
            finding.risk == risk && finding.actions.iter().any(|action| action == "*")
        };
        if risk == Risk::Administrator && self.findings.iter().any(full) {
            "Full administrator"
        } else {
            risk.label()
        }
    }

    /// What was found, in one line, the worst first. An administrator can do all the rest, which is then left out.
    pub fn summary(&self) -> String {
        let risks = self.risks();
        let administrator = risks.contains(&Risk::Administrator);
        let told = risks
            .into_iter()
            .filter(|risk| !administrator || matches!(risk, Risk::Administrator | Risk::Unknown));
        let labels: Vec<&str> = told.map(|risk| self.label(risk)).collect();
        if labels.is_empty() {
            "No finding".to_owned()
        } else {
            labels.join(" · ")
        }
    }
}

/// What a reader of the findings has to know about a set's boundary, if it took nothing away.
pub fn boundary_note(content: &Content, catalogue: &dyn ManagedPolicies) -> Option<String> {
    let boundary = content.boundary.as_ref()?;
    if boundary_of(content, catalogue).is_some() {
        return None;
    }
    let name = match boundary {
        Boundary::Managed(arn) => arn.clone(),
        Boundary::Customer(policy) => format!("{}{}", policy.path, policy.name),
    };
    Some(format!(
        "The permissions boundary {name} cannot be read here, so nothing was taken off for it."
    ))
}
