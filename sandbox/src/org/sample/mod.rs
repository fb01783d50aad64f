//! Harbourline Payments: a small payments company with common access problems.
//!
//! Written by hand so that a newcomer finds people and reasons, not `user-17`. Each problem is marked with `Problem:`
//! where it is defined.

mod accounts;
mod assignments;
mod people;
mod permission_sets;
mod sign_in;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Builder;

use super::{InstanceStatus, Organisation};

/// Monday 2 March 2026, noon UTC: when most of the company's records were created.
const FOUNDED_MS: i64 = 1_772_452_800_000;

pub(super) const INSTANCE_ARN: &str = "arn:aws:sso:::instance/ssoins-6804a1f0c27d93be";
pub(super) const REGION: &str = "eu-west-1";

pub(super) fn organisation() -> Organisation {
    let (users, groups, memberships) = people::directory();
    Organisation {
        organization_id: "o-h4rb0url1n".into(),
        root_id: accounts::ROOT.into(),
        management_account: accounts::id("harbourline-management"),
        delegated_admin_account: accounts::id("identity"),
        delegated_services: accounts::delegated_services(),
        instance_arn: INSTANCE_ARN.into(),
        instance_status: InstanceStatus::Active,
        account_instances: Vec::new(),
        identity_store_id: "d-93677e50ab".into(),
        region: REGION.into(),
        created_ms: FOUNDED_MS,
        ragged_pages: true,
        units: accounts::units(),
        accounts: accounts::all(),
        users,
        groups,
        memberships,
        permission_sets: permission_sets::all(),
        assignments: assignments::all(),
        provisioned_roles: assignments::outdated_roles(),
        events: Vec::new(),
        pool: sign_in::pool(),
    }
}

/// Returns the same company with a federated pool: its people sign in through the identity provider that provisions the
/// directory, and no external id of the directory is a subject of the pool.
pub(super) fn federated() -> Organisation {
    let mut company = organisation();
    let pool_issuer = sign_in::issuer();
    for user in &mut company.users {
        user.external_ids.retain(|ext| *ext.issuer != *pool_issuer);
    }
    company.pool =
        sign_in::federated_pool("Okta", people::OKTA, |name| uuid_for("okta-user", name));
    company
}

/// Gives the first users of another directory the names and external ids of the people of [`pool_linked_to`].
pub(super) fn settle(users: &mut [super::User]) {
    sign_in::settle(users);
}

/// Returns a pool for an organisation without one: the people of the sample, linked to the given users.
pub(super) fn pool_linked_to(user_ids: &[Arc<str>]) -> super::pool::Pool {
    sign_in::pool_linked_to(user_ids)
}

/// Returns a UUID that depends only on its arguments.
fn uuid_for(kind: &str, name: &str) -> Arc<str> {
    let digest = Sha256::digest(format!("harbourline/{kind}/{name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::organisation;
    use crate::org::PrincipalType;

    #[test]
    fn the_company_has_the_size_that_was_asked_for() {
        let sample = organisation();
        assert_eq!(sample.permission_sets.len(), 12);
        assert_eq!(sample.groups.len(), 15);
        assert!(
            (38..=44).contains(&sample.users.len()),
            "{}",
            sample.users.len()
        );
        assert!(sample.accounts.len() > 20, "accounts must take two pages");
    }

    #[test]
    fn nobody_of_the_federated_pool_is_in_the_directory_by_subject() {
        let company = super::federated();
        let subs: HashSet<_> = company
            .pool
            .users
            .iter()
            .map(|user| user.sub.as_str())
            .collect();
        let external: Vec<_> = company
            .users
            .iter()
            .flat_map(|user| &user.external_ids)
            .collect();
        assert!(!external.iter().any(|ext| subs.contains(&*ext.id)));
        let known = |user: &&crate::org::pool::PoolUser| {
            let id = user.username.strip_prefix("Okta_");
            external.iter().any(|ext| Some(&*ext.id) == id)
        };
        // One is not in the directory.
        assert_eq!(
            company.pool.users.iter().filter(known).count(),
            company.pool.users.len() - 1
        );
    }

    #[test]
    fn everybody_but_the_head_has_a_manager_who_exists() {
        let sample = organisation();
        let ids: HashSet<_> = sample.users.iter().map(|user| &user.id).collect();
        let without = sample
            .users
            .iter()
            .filter(|user| user.manager.as_ref().is_none_or(|id| !ids.contains(id)))
            .count();
        assert_eq!(without, 1);
    }

    #[test]
    fn the_sins_are_there() {
        let sample = organisation();
        let name = |id: &str| {
            let account = sample.accounts.iter().find(|account| *account.id == *id);
            account.map_or("", |account| &account.name)
        };
        let set = |arn: &str| {
            let set = sample.permission_sets.iter().find(|set| *set.arn == *arn);
            set.expect("assignments name sets that exist")
        };
        let on = |account: &str, set_name: &str| {
            sample
                .assignments
                .iter()
                .filter(|held| {
                    name(&held.account) == account && set(&held.permission_set).name == set_name
                })
                .count()
        };
        assert!(
            on("cards-prod", "AdministratorAccess") > 0,
            "standing administrators"
        );
        assert!(
            on("cards-dev", "PowerUser") > 0 && on("cards-prod", "PowerUser") > 0,
            "shared set"
        );
        let users: HashSet<_> = sample.users.iter().map(|user| &user.id).collect();
        let (known, orphans): (Vec<_>, Vec<_>) = sample
            .assignments
            .iter()
            .filter(|held| held.principal_type == PrincipalType::User)
            .partition(|held| users.contains(&held.principal_id));
        assert!(!known.is_empty(), "a user assigned directly");
        assert_eq!(orphans.len(), 1, "an orphan");
        let leavers: BTreeSet<_> = sample
            .users
            .iter()
            .filter(|user| !user.enabled)
            .map(|user| &user.id)
            .collect();
        assert!(
            sample
                .memberships
                .iter()
                .any(|held| leavers.contains(&held.user)),
            "a leaver still in a group"
        );
        let filled: HashSet<_> = sample.memberships.iter().map(|held| &held.group).collect();
        let empty = sample
            .groups
            .iter()
            .filter(|group| !filled.contains(&group.id));
        assert_eq!(empty.count(), 1, "one empty group");
        let inline: Vec<&str> = sample
            .permission_sets
            .iter()
            .filter_map(|set| set.inline_policy.as_deref())
            .collect();
        for policy in &inline {
            serde_json::from_str::<serde_json::Value>(policy).expect("inline policies are JSON");
        }
        assert!(
            inline
                .iter()
                .any(|policy| policy.contains("\"Action\":\"*\""))
        );
        assert!(inline.iter().any(|policy| policy.contains("NotAction")));
        assert!(
            sample
                .permission_sets
                .iter()
                .any(|set| !set.customer_policies.is_empty())
        );
        assert!(
            !sample.provisioned_roles.is_empty(),
            "an edited, unprovisioned set"
        );
    }

    #[test]
    fn enough_people_with_a_second_factor_can_approve() {
        use crate::org::pool::Mfa;
        let pool = organisation().pool;
        let approvers: Vec<_> = pool
            .users
            .iter()
            .filter(|user| {
                user.groups
                    .iter()
                    .any(|group| group == "leastwise-approvers")
            })
            .collect();
        assert!(
            approvers
                .iter()
                .filter(|user| user.mfa != Mfa::None)
                .count()
                >= 2
        );
        assert!(approvers.iter().any(|user| user.mfa == Mfa::None));
        assert!(
            pool.users
                .iter()
                .any(|user| user.identity_store_user_id.is_none())
        );
        for user in &pool.users {
            assert_eq!(
                user.mfa == Mfa::Totp,
                user.totp_secret.is_some(),
                "{}",
                user.email
            );
        }
    }
}
