//! Reads accounts with state, units and tags, and the units with their names.

use std::collections::BTreeMap;

use domain::{
    crawl::Organization,
    ids::{AccountId, OuId},
    org::{Account, AccountState, OrganizationalUnit, SpecialAccounts},
    snapshot::{Gap, Unread},
};
use futures::{StreamExt as _, stream};

use super::{Aws, IN_FLIGHT, delegation::delegated, note, pages};
use crate::aws::{error::CallError, paging::all_pages, read::malformed};

/// The result of reading the organization.
#[derive(Default)]
pub struct OrganizationRead {
    /// None if it was not completely read.
    pub whole: Option<Organization>,
    /// The management account and the delegated administrators, as far as they could be read.
    pub special: SpecialAccounts,
    pub unread: Vec<Unread>,
    pub formula: u64,
}

/// The number of calls without pages: management account, roots.
const SINGLE_CALLS: u64 = 2;

/// Reads the organization, as far as it can be read.
pub async fn read_organization(aws: &Aws) -> OrganizationRead {
    let mut out = OrganizationRead {
        formula: SINGLE_CALLS,
        ..OrganizationRead::default()
    };
    let management = aws.management_account().await;
    out.special.management = note(&mut out.unread, Gap::Organization, management);
    let delegated = delegated(aws, &mut out.unread, &mut out.formula).await;
    out.special.delegated_administrators = delegated.unwrap_or_default();
    let units = note(
        &mut out.unread,
        Gap::Units,
        units(aws, &mut out.formula).await,
    );
    let accounts = note(
        &mut out.unread,
        Gap::Accounts,
        accounts(aws, &mut out.formula).await,
    );
    let Some(mut accounts) = accounts else {
        return out;
    };
    let tags = tags(aws, &accounts).await;
    out.formula += u64::try_from(accounts.len()).unwrap_or(0);
    for (account, answer) in accounts.iter_mut().zip(tags) {
        match note(&mut out.unread, Gap::TagsOf(account.id.clone()), answer) {
            Some(tags) => account.tags = tags,
            // Without tags the account would appear unclassified: keep the previous list of accounts.
            None => return out,
        }
    }
    out.whole = units.map(|units| Organization { accounts, units });
    out
}

async fn units(aws: &Aws, formula: &mut u64) -> Result<Vec<OrganizationalUnit>, CallError> {
    let budget = &aws.budgets.organizations;
    let mut units = Vec::new();
    let mut open: Vec<OuId> = Vec::new();
    let send = |token| {
        let list = aws.organizations.list_roots().max_results(20);
        list.set_next_token(token).send()
    };
    all_pages(budget, send, |page| {
        for root in page.roots() {
            let id = ou(root.id())?;
            units.push(OrganizationalUnit {
                id: id.clone(),
                name: root.name().unwrap_or("Root").into(),
                parent: None,
            });
            open.push(id);
        }
        Ok(())
    })
    .await?;
    while let Some(parent) = open.pop() {
        let mut children = 0;
        let send = |token| {
            aws.organizations
                .list_organizational_units_for_parent()
                .parent_id(parent.as_str())
                .max_results(20)
                .set_next_token(token)
                .send()
        };
        all_pages(budget, send, |page| {
            for unit in page.organizational_units() {
                let id = ou(unit.id())?;
                children += 1;
                open.push(id.clone());
                units.push(OrganizationalUnit {
                    id,
                    name: unit.name().unwrap_or_default().into(),
                    parent: Some(parent.clone()),
                });
            }
            Ok(())
        })
        .await?;
        *formula += pages(children, 20);
    }
    Ok(units)
}

async fn accounts(aws: &Aws, formula: &mut u64) -> Result<Vec<Account>, CallError> {
    let mut accounts = Vec::new();
    let send = |token| {
        let list = aws.organizations.list_accounts().max_results(20);
        list.set_next_token(token).send()
    };
    all_pages(&aws.budgets.organizations, send, |page| {
        for account in page.accounts() {
            accounts.push(from_wire(account)?);
        }
        Ok(())
    })
    .await?;
    *formula += pages(accounts.len(), 20);
    Ok(accounts)
}

pub(in crate::aws) fn from_wire(
    account: &aws_sdk_organizations::types::Account,
) -> Result<Account, CallError> {
    let id = AccountId::parse(account.id().unwrap_or_default())
        .map_err(|error| malformed(&error.to_string()))?;
    // `o-…/r-…/ou-…/<account>/`: the units of the account are the parts between the organization and the account.
    let path = account
        .paths()
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    let ous = path
        .split('/')
        .filter_map(|part| OuId::parse(part).ok())
        .collect();
    let state = match account
        .state()
        .map(aws_sdk_organizations::types::AccountState::as_str)
    {
        Some("ACTIVE") => AccountState::Active,
        Some("PENDING_ACTIVATION") => AccountState::PendingActivation,
        Some("PENDING_CLOSURE") => AccountState::PendingClosure,
        Some("CLOSED") => AccountState::Closed,
        // An unknown state is treated as not in use, the safe reading.
        _ => AccountState::Suspended,
    };
    Ok(Account {
        id,
        name: account.name().unwrap_or_default().into(),
        email: account.email().unwrap_or_default().into(),
        state,
        ous,
        tags: BTreeMap::new(),
    })
}

async fn tags(aws: &Aws, accounts: &[Account]) -> Vec<Result<BTreeMap<String, String>, CallError>> {
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
    stream::iter(ids)
        .map(|id| {
            let aws = aws.clone();
            async move { tags_of(&aws, &id).await }
        })
        .buffered(IN_FLIGHT)
        .collect()
        .await
}

pub(in crate::aws) async fn tags_of(
    aws: &Aws,
    account: &AccountId,
) -> Result<BTreeMap<String, String>, CallError> {
    let mut tags = BTreeMap::new();
    let send = |token| {
        aws.organizations
            .list_tags_for_resource()
            .resource_id(account.as_str())
            .set_next_token(token)
            .send()
    };
    all_pages(&aws.budgets.organizations, send, |page| {
        let read = page.tags().iter();
        tags.extend(read.map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        Ok(())
    })
    .await?;
    Ok(tags)
}

fn ou(id: Option<&str>) -> Result<OuId, CallError> {
    OuId::parse(id.unwrap_or_default()).map_err(|error| malformed(&error.to_string()))
}
