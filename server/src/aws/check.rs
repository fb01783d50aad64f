//! Tries each read that a crawl needs once, so that `check-config` can say which right is missing. Never a source of data.

use domain::{
    ids::{AccountId, GroupId, Pair, PermissionSetArn},
    snapshot::Gap,
};

use super::{
    Aws, Instance,
    error::{CallError, ErrorClass},
    explain::AwsService,
    paging::first_page,
    rights,
};

/// A read that AWS denies or does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub what: Gap,
    pub error: CallError,
}

impl Unreadable {
    /// Explains the failure and what to do.
    pub fn explain(&self, aws: &Aws) -> String {
        let needed = rights::needed(&self.what, &self.error.why());
        aws.explain(service(&self.what), &self.error, &needed)
    }
}

fn service(gap: &Gap) -> AwsService {
    let action = rights::actions(gap).first().copied().unwrap_or_default();
    match action.split(':').next() {
        Some("organizations") => AwsService::Organizations,
        Some("identitystore") => AwsService::IdentityStore,
        _ => AwsService::IdentityCenter,
    }
}

/// The user of the pool whose absence proves that reads of users are permitted.
const NOBODY: &str = "leastwise-check-config";

impl Aws {
    /// Returns whether the user pool requires a second factor of everybody, after each read that sign-ins need was tried
    /// once; otherwise why not, and what to do.
    pub async fn check_pool(&self, pool: &str) -> Result<bool, String> {
        let region = &self.region;
        let failed = |error: CallError, right: &str| {
            let needed = format!("Allow {right} on the user pool {pool}.");
            if error.class == ErrorClass::NotFound || error.code == "ResourceNotFoundException" {
                return format!(
                    "the user pool {pool} does not exist in Region {region}, or belongs to another account ({}). Correct \
                     LEASTWISE_COGNITO_POOL or LEASTWISE_AWS_REGION, or use credentials of its account. {needed}",
                    error.code
                );
            }
            let why = self.explain(AwsService::UserPools, &error, &needed);
            format!("the user pool {pool} in Region {region} cannot be read. {why}")
        };
        let demands = self.pool_demands_mfa(pool).await;
        let demands = demands.map_err(|error| failed(error, "cognito-idp:GetUserPoolMfaConfig"))?;
        match self.pool_user(pool, NOBODY).await {
            Err(error) if error.class != ErrorClass::NotFound => Err(failed(
                error,
                "cognito-idp:AdminGetUser and cognito-idp:AdminListGroupsForUser",
            )),
            Ok(_) | Err(_) => Ok(demands),
        }
    }

    /// Returns what AWS denies or does not answer.
    pub async fn unreadable(&self, instance: &Instance) -> Vec<Unreadable> {
        let mut unread = Vec::new();
        self.check_organization(&mut unread).await;
        self.check_directory(instance, &mut unread).await;
        self.check_sets(instance, &mut unread).await;
        unread
    }

    async fn check_organization(&self, unread: &mut Vec<Unreadable>) {
        let (budget, client) = (&self.budgets.organizations, &self.organizations);
        note(unread, Gap::Organization, self.management_account().await);
        let admins = first_page(budget, || {
            let list = client.list_delegated_administrators();
            list.max_results(1).send()
        });
        let admins = note(unread, Gap::DelegatedAdministrators, admins.await);
        let admin = admins
            .as_ref()
            .and_then(|page| page.delegated_administrators().first()?.id());
        if let Some(admin) = admin.and_then(|id| AccountId::parse(id).ok()) {
            let services = first_page(budget, || {
                let list = client.list_delegated_services_for_account();
                list.account_id(admin.as_str()).max_results(1).send()
            });
            note(unread, Gap::ServicesOf(admin.clone()), services.await);
        }
        let roots = first_page(budget, || client.list_roots().max_results(1).send());
        let roots = note(unread, Gap::Units, roots.await);
        let root = roots.as_ref().and_then(|page| page.roots().first()?.id());
        if let Some(root) = root {
            let units = first_page(budget, || {
                let list = client.list_organizational_units_for_parent();
                list.parent_id(root).max_results(1).send()
            });
            note(unread, Gap::Units, units.await);
        }
        let accounts = first_page(budget, || client.list_accounts().max_results(1).send());
        let accounts = note(unread, Gap::Accounts, accounts.await);
        let first = accounts.as_ref().and_then(|page| page.accounts().first());
        let Some(account) = first.and_then(|one| AccountId::parse(one.id()?).ok()) else {
            return;
        };
        let tags = first_page(budget, || {
            let list = client.list_tags_for_resource();
            list.resource_id(account.as_str()).send()
        });
        note(unread, Gap::TagsOf(account.clone()), tags.await);
    }

    async fn check_directory(&self, instance: &Instance, unread: &mut Vec<Unreadable>) {
        let (budget, client) = (&self.budgets.directory, &self.directory);
        let store = instance.identity_store.as_str();
        let users = first_page(budget, || {
            client
                .list_users()
                .identity_store_id(store)
                .max_results(1)
                .send()
        });
        note(unread, Gap::Users, users.await);
        let groups = first_page(budget, || {
            client
                .list_groups()
                .identity_store_id(store)
                .max_results(1)
                .send()
        });
        let groups = note(unread, Gap::Groups, groups.await);
        let first = groups.as_ref().and_then(|page| page.groups().first());
        let Some(group) = first.and_then(|one| GroupId::parse(one.group_id()).ok()) else {
            return;
        };
        let members = first_page(budget, || {
            let list = client.list_group_memberships().identity_store_id(store);
            list.group_id(group.as_str()).max_results(1).send()
        });
        note(unread, Gap::MembersOf(group.clone()), members.await);
    }

    async fn check_sets(&self, instance: &Instance, unread: &mut Vec<Unreadable>) {
        let (budget, client) = (&self.budgets.sso, &self.sso);
        let sets = first_page(budget, || {
            let list = client.list_permission_sets();
            list.instance_arn(instance.arn.as_str())
                .max_results(1)
                .send()
        });
        let sets = note(unread, Gap::Sets, sets.await);
        let first = sets
            .as_ref()
            .and_then(|page| page.permission_sets().first());
        let Some(set) = first.and_then(|arn| PermissionSetArn::parse(arn).ok()) else {
            return;
        };
        let content = self.set_content(instance, &set).await;
        note(unread, Gap::ContentOf(set.clone()), content);
        let accounts = self.accounts_with(instance, &set, None).await;
        let accounts = note(unread, Gap::AccountsOf(set.clone()), accounts);
        if let Some(account) = accounts.into_iter().flatten().next() {
            let pair = Pair { account, set };
            let assignments = self.assignments(instance, &pair).await;
            note(unread, Gap::AssignmentsOf(pair), assignments);
        }
    }
}

/// Returns the response, or notes why there is none.
fn note<T>(unread: &mut Vec<Unreadable>, what: Gap, answer: Result<T, CallError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            unread.push(Unreadable { what, error });
            None
        }
    }
}
