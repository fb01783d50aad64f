//! What cannot be read or understood.
//!
//! The guardrails treat it as the worst, so each finding says what exactly is in the way and where.
//! Never drops a doubt because another finding is bad enough already.

use crate::permission_set::{
    Content,
    analysis::{Finding, ManagedPolicies, PolicyRef, Risk, meaning::Meaning, watch::finding},
};

/// AWS's own administrators, known by name where their text is missing (other partitions have other ARNs).
const ADMINISTRATORS: &[&str] = &["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"];

/// References whose text is not at hand.
pub(in super::super) fn find_references(
    content: &Content,
    catalogue: &dyn ManagedPolicies,
    findings: &mut Vec<Finding>,
) {
    for policy in &content.customer {
        let name = format!("{}{}", policy.path, policy.name);
        let reason = "Refers to a customer-managed policy, whose text lives in each account and is not read here";
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
                "Refers to a managed policy that has the name of one of AWS's administrators";
            findings.push(about(Risk::Administrator, reason, name));
        }
    }
}

/// Doubts within the policies, and statements that reach services nobody has named.
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
        // `*` is no riddle: it is an administrator.
        let open = source
            .allows()
            .find(|statement| statement.actions.are_open_ended() && !statement.actions.are_all());
        if let Some(statement) = open {
            let reason =
                "Reaches into services that it does not name, and into those that AWS adds later";
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
