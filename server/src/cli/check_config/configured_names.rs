//! Checks that what the configuration names exists: the people of roles in the user pool, and oversight permission sets.
//!
//! What could not be read is said, and never called *ok*.

use std::collections::BTreeSet;

use domain::{authorize::Role, policies::OversightMark};

use super::Results;
use crate::{
    aws::{
        Aws, Instance,
        error::{CallError, ErrorClass},
        explain::AwsService,
    },
    config::ServeArgs,
};

const ROLES: &str = "roles";
const OVERSIGHT: &str = "oversight";

/// Checks that everybody whom the configuration gives a role is in the group of the role.
pub(super) async fn roles(aws: &Aws, args: &ServeArgs, results: &mut Results) {
    let pool = &args.pool;
    let mut all_found = true;
    for (variable, role, named) in [
        (
            "LEASTWISE_ADMINISTRATORS",
            Role::Administrator,
            &args.administrators,
        ),
        ("LEASTWISE_APPROVERS", Role::Approver, &args.approvers),
        ("LEASTWISE_AUDITORS", Role::Auditor, &args.auditors),
    ] {
        if named.is_empty() {
            continue;
        }
        let group = role.group();
        let members = match aws.subjects_in_group(pool, group).await {
            Ok(members) => members,
            Err(error) => {
                all_found = false;
                if error.class == ErrorClass::NotFound {
                    let why = format!(
                        "{variable}: the user pool has no group {group}, and a role counts only with its group. Create it, \
                         and add the people"
                    );
                    results.failed(ROLES, &why);
                } else {
                    let needed = format!(
                        "Allow cognito-idp:ListUsersInGroup on the user pool {pool}: only check-config needs it."
                    );
                    let why = aws.explain(AwsService::UserPools, &error, &needed);
                    Results::not_read(ROLES, &format!("{variable}: {why}"));
                }
                continue;
            }
        };
        for subject in named.iter().filter(|subject| !members.contains(*subject)) {
            all_found = false;
            let why = format!(
                "{variable}: `{subject}` is not the subject of an enabled user in the group {group} of the user pool, so it \
                 gives nobody the role. Use the value of the attribute `sub`, and add the user to the group"
            );
            results.failed(ROLES, &why);
        }
    }
    if all_found {
        Results::ok(ROLES, "everybody who is named is in the group of the role");
    }
}

/// Checks that each oversight mark that somebody chose marks a permission set.
pub(super) async fn oversight(
    aws: &Aws,
    instance: Option<&Instance>,
    args: &ServeArgs,
    results: &mut Results,
) {
    let Ok(limits) = args.aws.removal_limits() else {
        Results::skipped(OVERSIGHT, "a value of LEASTWISE_OVERSIGHT_SETS is invalid");
        return;
    };
    if limits.chosen().is_empty() {
        Results::ok(OVERSIGHT, "the default");
        return;
    }
    let Some(instance) = instance else {
        Results::skipped(OVERSIGHT, "the Identity Center instance is not known");
        return;
    };
    let mut idle: Vec<&OversightMark> = limits.chosen().iter().collect();
    let unread = find(aws, instance, &mut idle).await;
    match unread {
        _ if idle.is_empty() => Results::ok(OVERSIGHT, "every value marks a permission set"),
        Some(error) => {
            let needed = "Allow sso:ListPermissionSets, sso:DescribePermissionSet and \
                          sso:ListManagedPoliciesInPermissionSet.";
            let why = aws.explain(AwsService::IdentityCenter, &error, needed);
            let names: Vec<String> = idle.iter().map(|mark| format!("`{mark}`")).collect();
            Results::not_read(
                OVERSIGHT,
                &format!("whether {} exist. {why}", names.join(", ")),
            );
        }
        None => {
            for mark in idle {
                let why = format!(
                    "LEASTWISE_OVERSIGHT_SETS: no permission set is `{mark}` or has it attached, so it protects nothing. The \
                     variable replaces the default: correct the value, or remove it"
                );
                results.failed(OVERSIGHT, &why);
            }
        }
    }
}

/// Removes the marks that mark a permission set. Returns the last error, if something could not be read.
async fn find(aws: &Aws, instance: &Instance, idle: &mut Vec<&OversightMark>) -> Option<CallError> {
    let sets = match aws.permission_sets(instance).await {
        Ok(sets) => sets,
        Err(error) => return Some(error),
    };
    idle.retain(|mark| !sets.iter().any(|arn| mark.is_of(arn, "", &BTreeSet::new())));
    let mut unread = None;
    for arn in &sets {
        if idle.is_empty() {
            break;
        }
        match aws.set_marks(instance, arn).await {
            Ok((name, managed)) => idle.retain(|mark| !mark.is_of(arn, &name, &managed)),
            Err(error) => unread = Some(error),
        }
    }
    unread
}
