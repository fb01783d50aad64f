//! Texts for people about the findings.
//!
//! Pages, verdicts and reports use the same texts. Decides nothing.

use super::{Analysis, ManagedPolicies, Risk, boundary_of};
use crate::permission_set::{Boundary, Content};

impl Risk {
    /// Returns a short label for a badge or a column.
    pub fn label(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::Escalation => "Can gain more rights",
            Self::IdentityCenterTakeover => "Can grant access",
            Self::Tampering => "Can tamper with logs",
            Self::DataRead => "Reads data",
            Self::Unknown => "Not fully readable",
        }
    }

    /// Returns one sentence that explains the label.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Administrator => {
                "Allows everything, or nearly everything, and its holder can gain the rest."
            }
            Self::Escalation => {
                "Its holder can give themselves or others more permissions than the set contains."
            }
            Self::IdentityCenterTakeover => {
                "Its holder can grant access to any account of the organization."
            }
            Self::Tampering => {
                "Its holder can stop, delete or tamper with the logs and security controls of an account."
            }
            Self::DataRead => "Its holder can read, export or share data that could be card data.",
            Self::Unknown => {
                "Part of it cannot be read or understood, so it is treated like the worst risk."
            }
        }
    }
}

impl Analysis {
    /// Returns the label of a risk for this set, which distinguishes a full administrator.
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

    /// Returns all findings in one line, the worst first. For an administrator the risks that it includes are left out.
    pub fn summary(&self) -> String {
        let risks = self.risks();
        let administrator = risks.contains(&Risk::Administrator);
        let shown = risks
            .into_iter()
            .filter(|risk| !administrator || matches!(risk, Risk::Administrator | Risk::Unknown));
        let labels: Vec<&str> = shown.map(|risk| self.label(risk)).collect();
        if labels.is_empty() {
            "No risks found".to_owned()
        } else {
            labels.join(" · ")
        }
    }
}

/// Returns a note about the permissions boundary if it could not be taken into account.
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
        "The permissions boundary {name} cannot be read, so it is not taken into account."
    ))
}
