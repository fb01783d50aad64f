//! Passing any role to a service.
//!
//! `iam:PassRole` of a named role runs code with a role that cannot be read. Without a restriction on the role it gives
//! the permissions of every role that a service may take, which includes administrators.

use crate::permission_set::analysis::{
    Capability, Finding,
    action_set::ActionSet,
    allowed::{Allowed, Permissions},
    policy::Resources,
};

pub(super) const PASS_ROLE: &str = "iam:PassRole";

pub(super) fn find(permissions: &Permissions, findings: &mut Vec<Finding>) {
    let catalogue = permissions.catalogue;
    let Some(pass_role) = catalogue.number(PASS_ROLE) else {
        return;
    };
    if !permissions.total.contains(pass_role) {
        return;
    }
    let mut takers = catalogue
        .with_capability(Capability::RunsCode)
        .map(|set| set.and(&permissions.total))
        .unwrap_or_default();
    takers.remove(pass_role);
    let mut last = None;
    for allowed in &permissions.statements {
        if !allowed.actions.contains(pass_role)
            || !reaches_any_role(allowed)
            || last == Some(allowed.policy)
        {
            continue;
        }
        last = Some(allowed.policy);
        let mut only = ActionSet::default();
        only.insert(pass_role);
        let reason = if takers.is_empty() {
            "Can pass any role to a service"
        } else {
            "Can pass any role to a service that then works on its behalf"
        };
        let mut finding = Finding::of(catalogue, Capability::GrantsRights, reason, allowed, &only);
        finding.actions.extend(
            takers
                .iter()
                .take(9)
                .map(|action| catalogue.name(action).to_owned()),
        );
        finding.more = takers.len().saturating_sub(9);
        findings.push(finding);
    }
}

/// The letters before a wildcard that restrict a role name: patterns of fewer letters are so few that a policy can list them
/// all, and thereby every role.
const RESTRICTING: usize = 3;

/// Whether the role name is not restricted: `*`, `arn:aws:iam::1:*`, `role/*` and `role/a*`, but not `role/batch-*`.
fn reaches_any_role(allowed: &Allowed) -> bool {
    match &allowed.statement.resources {
        Resources::AllBut(_) => true,
        Resources::Named(globs) => globs
            .iter()
            .filter(|glob| glob.may_be_of(Some("iam")))
            .any(|glob| glob.is_open_after(":role/", RESTRICTING)),
    }
}
