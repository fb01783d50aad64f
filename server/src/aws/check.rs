//! Tries each read that a crawl needs once, so that `check-config` can say which right is missing. Never a source of data.

use domain::{
    ids::{AccountId, GroupId, Pair, PermissionSetArn},
    snapshot::{Gap, Unread},
};

use super::{Aws, Instance, error::CallError, paging::first_page};

impl Aws {
    /// Returns what AWS denies or does not answer.
    pub async fn unreadable(&self, instance: &Instance) -> Vec<Unread> {
        let mut unread = Vec::new();
        self.check_organization(&mut unread).await;
        self.check_directory(instance, &mut unread).await;
        self.check_sets(instance, &mut unread).await;
        unread
    }

    async fn check_organization(&self, unread: &mut Vec<Unread>) {
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

    async fn check_directory(&self, instance: &Instance, unread: &mut Vec<Unread>) {
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

    async fn check_sets(&self, instance: &Instance, unread: &mut Vec<Unread>) {
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
fn note<T>(unread: &mut Vec<Unread>, what: Gap, answer: Result<T, CallError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            unread.push(Unread {
                what,
                why: error.why(),
            });
            None
        }
    }
}
