//! Assuming another role by `sts:AssumeRole`.
//!
//! What a role allows is defined elsewhere, often in another account, and is not read. So assuming any role counts as
//! escalation, and assuming named roles as unknown; neither counts as harmless.

use crate::permission_set::analysis::{
    Finding, Risk,
    effective_permissions::Meaning,
    policy::{Resources, Statement},
    watch::finding,
};

const ASSUME_ROLE: &str = "sts:AssumeRole";

pub(super) fn find(meaning: &Meaning, findings: &mut Vec<Finding>) {
    for source in &meaning.sources {
        let (mut open, mut named) = (None, None);
        for statement in source
            .allows()
            .filter(|statement| meaning.gives(statement, ASSUME_ROLE))
        {
            let first = if statement.resources.are_exact() {
                &mut named
            } else {
                &mut open
            };
            first.get_or_insert(statement);
        }
        let mut tell = |risk, statement: Option<&Statement>, reason: &str| {
            if let Some(statement) = statement {
                findings.push(finding(
                    risk,
                    reason,
                    &source.name,
                    statement,
                    &[ASSUME_ROLE],
                ));
            }
        };
        tell(
            Risk::Escalation,
            open,
            "Can assume every role that trusts it, in this account and in others",
        );
        if let Some(statement) = named {
            let reason = format!(
                "Can assume {}, whose permissions are not read",
                roles(&statement.resources)
            );
            tell(Risk::Unknown, Some(statement), &reason);
        }
    }
}

/// Formats the roles: the first by its ARN, the others as a number.
fn roles(resources: &Resources) -> String {
    let Resources::Named(names) = resources else {
        return "other roles".into();
    };
    let first: String = names
        .first()
        .map_or_else(String::new, |name| name.chars().take(120).collect());
    match names.len() {
        0 | 1 => format!("the role {first}"),
        more => format!("the role {first} and {} more", more - 1),
    }
}
