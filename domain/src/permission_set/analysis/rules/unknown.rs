//! What cannot be read or understood.
//!
//! Policies treat it like the worst risk, so each finding states the exact problem and its position. A problem is
//! reported even if another finding is as severe.

use crate::permission_set::{
    Content,
    analysis::{
        Finding, ManagedPolicies, PolicyRef, Risk, effective_permissions::Meaning, watch::finding,
    },
};

/// AWS's administrator policies, recognized by name where their text is missing (ARNs differ in other partitions).
const ADMINISTRATORS: &[&str] = &["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"];

/// Adds findings about references whose text is not available.
pub(in super::super) fn find_references(
    content: &Content,
    catalogue: &dyn ManagedPolicies,
    findings: &mut Vec<Finding>,
) {
    for policy in &content.customer {
        let name = format!("{}{}", policy.path, policy.name);
        let reason =
            "Refers to a customer managed policy, whose text is in each account and is not read";
        findings.push(about(Risk::Unknown, reason, PolicyRef::Customer(name)));
    }
    for arn in content
        .managed
        .iter()
        .filter(|arn| catalogue.document(arn).is_none())
    {
        let name = PolicyRef::Managed(arn.clone());
        let reason = "Refers to a managed policy that is not among the AWS managed policies shipped with Leastwise";
        findings.push(about(Risk::Unknown, reason, name.clone()));
        if ADMINISTRATORS
            .iter()
            .any(|known| arn.rsplit('/').next() == Some(known))
        {
            let reason =
                "Refers to a managed policy that has the name of an AWS administrator policy";
            findings.push(about(Risk::Administrator, reason, name));
        }
    }
}

/// Adds findings about problems in the policies, and about statements that cover services that are not named.
pub(super) fn find_in_policies(meaning: &Meaning, findings: &mut Vec<Finding>) {
    for source in &meaning.sources {
        for problem in &source.policy.problems {
            let reason = format!("The policy cannot be fully understood: {}", problem.what);
            findings.push(Finding {
                statement: problem.statement,
                ..about(Risk::Unknown, &reason, source.name.clone())
            });
        }
        if meaning.is_fenced() {
            continue;
        }
        // `*` is not unknown: it is an administrator.
        let open = source
            .allows()
            .find(|statement| statement.actions.are_open_ended() && !statement.actions.are_all());
        if let Some(statement) = open {
            let reason =
                "Covers services that it does not name, including those that AWS adds later";
            findings.push(finding(Risk::Unknown, reason, &source.name, statement, &[]));
        }
    }
}

fn about(risk: Risk, reason: &str, policy: PolicyRef) -> Finding {
    Finding {
        risk,
        reason: format!("{reason}."),
        policy,
        statement: None,
        actions: Vec::new(),
        more: 0,
    }
}
