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
use crate::aws::{call::read, error::CallError, read::malformed};

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
    let management = note(&mut out.unread, Gap::Organization, management(aws).await);
    out.special.management = management.flatten();
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

async fn management(aws: &Aws) -> Result<Option<AccountId>, CallError> {
    let answer = read(&aws.budgets.organizations, || {
        aws.organizations.describe_organization().send()
    })
    .await?;
    let id = answer
        .organization()
        .and_then(|organization| organization.master_account_id());
    Ok(id.and_then(|id| AccountId::parse(id).ok()))
}

async fn units(aws: &Aws, formula: &mut u64) -> Result<Vec<OrganizationalUnit>, CallError> {
    let roots = read(&aws.budgets.organizations, || {
        aws.organizations.list_roots().max_results(20).send()
    })
    .await?;
    let mut units = Vec::new();
    let mut open: Vec<OuId> = Vec::new();
    for root in roots.roots() {
        let id = ou(root.id())?;
        units.push(OrganizationalUnit {
            id: id.clone(),
            name: root.name().unwrap_or("Root").into(),
            parent: None,
        });
        open.push(id);
    }
    while let Some(parent) = open.pop() {
        let mut token: Option<String> = None;
        let mut children = 0;
        loop {
            let answer = read(&aws.budgets.organizations, || {
                aws.organizations
                    .list_organizational_units_for_parent()
                    .parent_id(parent.as_str())
                    .max_results(20)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
            for unit in answer.organizational_units() {
                let id = ou(unit.id())?;
                children += 1;
                open.push(id.clone());
                units.push(OrganizationalUnit {
                    id,
                    name: unit.name().unwrap_or_default().into(),
                    parent: Some(parent.clone()),
                });
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        *formula += pages(children, 20);
    }
    Ok(units)
}

async fn accounts(aws: &Aws, formula: &mut u64) -> Result<Vec<Account>, CallError> {
    let mut accounts = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let answer = read(&aws.budgets.organizations, || {
            aws.organizations
                .list_accounts()
                .max_results(20)
                .set_next_token(token.clone())
                .send()
        })
        .await?;
        for account in answer.accounts() {
            accounts.push(from_wire(account)?);
        }
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            *formula += pages(accounts.len(), 20);
            return Ok(accounts);
        }
    }
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
    let mut token: Option<String> = None;
    loop {
        let answer = read(&aws.budgets.organizations, || {
            aws.organizations
                .list_tags_for_resource()
                .resource_id(account.as_str())
                .set_next_token(token.clone())
                .send()
        })
        .await?;
        tags.extend(
            answer
                .tags()
                .iter()
                .map(|tag| (tag.key().to_owned(), tag.value().to_owned())),
        );
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(tags);
        }
    }
}

fn ou(id: Option<&str>) -> Result<OuId, CallError> {
    OuId::parse(id.unwrap_or_default()).map_err(|error| malformed(&error.to_string()))
}
