//! What cannot be read or understood.
//!
//! Policies treat it like the worst capability, so each finding states the exact problem and its position. A problem is
//! reported even if another finding is as severe.

use crate::permission_set::{
    Content,
    analysis::{
        Capability, Catalogue, Finding, PolicyRef,
        allowed::{Allowed, Permissions},
        policy::Resources,
    },
};

/// AWS's administrator policies, recognized by name where their text is missing (ARNs differ in other partitions).
const ADMINISTRATORS: &[&str] = &["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"];

/// Adds findings about references whose text is not available.
pub(in super::super) fn find_references(
    content: &Content,
    catalogue: &dyn Catalogue,
    findings: &mut Vec<Finding>,
) {
    for policy in &content.customer {
        let name = format!("{}{}", policy.path, policy.name);
        let reason =
            "Refers to a customer managed policy, whose text is in each account and is not read";
        findings.push(Finding::about(
            Capability::Unknown,
            reason,
            PolicyRef::Customer(name),
        ));
    }
    for arn in content
        .managed
        .iter()
        .filter(|arn| catalogue.document(arn).is_none())
    {
        let name = PolicyRef::Managed(arn.clone());
        let reason = "Refers to a managed policy that is not among the AWS managed policies shipped with Leastwise";
        findings.push(Finding::about(Capability::Unknown, reason, name.clone()));
        if ADMINISTRATORS
            .iter()
            .any(|known| arn.rsplit('/').next() == Some(known))
        {
            let reason =
                "Refers to a managed policy that has the name of an AWS administrator policy";
            findings.push(Finding::about(Capability::Administrator, reason, name));
        }
    }
}

/// Adds findings about problems in the policies, services that the catalogue does not have, and statements that cover
/// services that are not named.
pub(super) fn find_in_policies(permissions: &Permissions, findings: &mut Vec<Finding>) {
    for source in permissions.sources {
        for problem in &source.policy.problems {
            let reason = format!("The policy cannot be fully understood: {}", problem.what);
            findings.push(Finding {
                statement: problem.statement,
                ..Finding::about(Capability::Unknown, &reason, source.name.clone())
            });
        }
    }
    let administrator = findings
        .iter()
        .any(|finding| finding.capability == Capability::Administrator);
    let (mut named, mut open) = (None, None);
    for allowed in &permissions.statements {
        if named != Some(allowed.policy) && !allowed.unknown.is_empty() && !permissions.closed {
            named = Some(allowed.policy);
            let actions: Vec<String> = allowed.unknown.iter().take(10).cloned().collect();
            findings.push(Finding {
                statement: Some(allowed.statement.index),
                more: allowed.unknown.len() - actions.len(),
                actions,
                ..Finding::about(
                    Capability::Unknown,
                    "Allows actions of a service that the catalogue of actions does not have",
                    allowed.policy.clone(),
                )
            });
        }
        let told = administrator && allowed.statement.actions.are_all();
        if open != Some(allowed.policy) && !permissions.closed && !told && is_open_ended(allowed) {
            open = Some(allowed.policy);
            findings.push(Finding {
                statement: Some(allowed.statement.index),
                ..Finding::about(
                    Capability::Unknown,
                    "Covers services that it does not name, including those that AWS adds later",
                    allowed.policy.clone(),
                )
            });
        }
    }
}

/// Whether a statement covers services that are not in the catalogue.
fn is_open_ended(allowed: &Allowed) -> bool {
    let statement = allowed.statement;
    statement.actions.are_open_ended()
        && match &statement.resources {
            Resources::AllBut(_) => true,
            // An ARN of a named service belongs to no other one.
            Resources::Named(globs) => globs.iter().any(|glob| !glob.names_a_service()),
        }
}
