//! Reads which accounts administer AWS services for the organization, and which services. The delegated administrator
//! of any service can reach other accounts through it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::AccountId,
    snapshot::{Gap, Unread},
};

use super::{Aws, note, pages};
use crate::aws::{error::CallError, paging::all_pages, read::malformed};

/// The delegated administrators, each with its services.
pub(super) type Delegated = BTreeMap<AccountId, BTreeSet<String>>;

/// Reads all delegated administrators. None if the list could not be read; an account whose services could not be read
/// is in it nevertheless.
pub(super) async fn delegated(
    aws: &Aws,
    unread: &mut Vec<Unread>,
    formula: &mut u64,
) -> Option<Delegated> {
    let listed = aws.delegated_administrators().await;
    let accounts = note(unread, Gap::DelegatedAdministrators, listed)?;
    *formula += pages(accounts.len(), 20);
    let mut delegated = Delegated::new();
    for account in accounts {
        let services = services(aws, &account).await;
        let services = note(unread, Gap::ServicesOf(account.clone()), services);
        *formula += pages(services.as_ref().map_or(0, BTreeSet::len), 20);
        delegated.insert(account, services.unwrap_or_default());
    }
    Some(delegated)
}

async fn services(aws: &Aws, account: &AccountId) -> Result<BTreeSet<String>, CallError> {
    let mut services = BTreeSet::new();
    let send = |token| {
        aws.organizations
            .list_delegated_services_for_account()
            .account_id(account.as_str())
            .max_results(20)
            .set_next_token(token)
            .send()
    };
    all_pages(&aws.budgets.organizations, send, |page| {
        let found = page.delegated_services().iter();
        services.extend(found.filter_map(|one| one.service_principal().map(str::to_owned)));
        Ok(())
    })
    .await?;
    Ok(services)
}

impl Aws {
    /// Returns the delegated administrators of all services.
    pub async fn delegated_administrators(&self) -> Result<BTreeSet<AccountId>, CallError> {
        let mut found = BTreeSet::new();
        let send = |token| {
            self.organizations
                .list_delegated_administrators()
                .max_results(20)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.organizations, send, |page| {
            for admin in page.delegated_administrators() {
                let id = AccountId::parse(admin.id().unwrap_or_default());
                found.insert(id.map_err(|error| malformed(&error.to_string()))?);
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }
}
