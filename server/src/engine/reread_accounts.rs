//! Reads from AWS how the accounts of an approved change are classified now: state, tags, OUs and delegations.
//!
//! An account that was retagged or moved since the last crawl would otherwise be evaluated as what it was. Never takes a
//! failed read for an answer: the change waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    classification::classify,
    crawl::SingleRead,
    ids::{AccountId, OuId},
    org::{Account, OrganizationalUnit},
    time::Timestamp,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::reread::{RereadError, crawled_since};
use crate::{
    aws::error::{CallError, ErrorClass},
    service::{
        app_state::AppState,
        publication::PATIENCE,
        single_reads::{self, IN_FLIGHT},
    },
};

/// Reads accounts into the read model. If AWS denies the calls, a crawl must have read everything since the approval.
pub(super) async fn reread(
    app_state: &Arc<AppState>,
    accounts: &BTreeSet<AccountId>,
    approved: Timestamp,
) -> Result<(), RereadError> {
    if accounts.is_empty() {
        return Ok(());
    }
    // The time of the first request: a response proves nothing about later changes.
    let as_of = app_state.clock.now();
    let reads = match read(app_state, accounts).await {
        Err(error) if error.class == ErrorClass::AccessDenied => {
            return crawled_since(app_state, approved).await;
        }
        reads => reads?,
    };
    let mut receipt = None;
    for read in reads {
        receipt = Some(single_reads::take(app_state, &read, as_of).await?);
    }
    if let Some(receipt) = receipt {
        receipt.shown(PATIENCE).await?;
    }
    Ok(())
}

async fn read(
    app_state: &AppState,
    accounts: &BTreeSet<AccountId>,
) -> Result<Vec<SingleRead>, CallError> {
    let aws = &app_state.aws;
    let mut special = app_state.read_model().special.clone();
    for id in aws.delegated_administrators().await? {
        special.delegated_administrators.entry(id).or_default();
    }
    let ids: Vec<AccountId> = accounts.iter().cloned().collect();
    let accounts: Vec<Option<Account>> = stream::iter(ids)
        .map(|id| one(app_state, id))
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    let accounts: Vec<Account> = accounts.into_iter().flatten().collect();
    let ids: BTreeSet<OuId> = accounts.iter().flat_map(|one| one.ous.clone()).collect();
    let names = aws.unit_names(&ids).await?;
    let context = app_state.classification(&special);
    let reads = accounts.into_iter().map(|account| {
        let units = units(&account, &names);
        let class = classify(&account, &units, context, None);
        SingleRead::Account {
            account: Box::new(account),
            class,
            units: units.into_values().collect(),
        }
    });
    Ok(reads.collect())
}

/// Reads one account. None if neither AWS nor the last crawl knows it in the organization: policies treat such an account
/// as the strictest one. One that left since the last crawl is an error, so that the change waits for the next crawl.
async fn one(app_state: &AppState, id: AccountId) -> Result<Option<Account>, CallError> {
    let found = app_state.aws.account(&id).await?;
    let known = app_state.read_model().snapshot.account(&id).is_some();
    if found.is_none() && known {
        return Err(CallError {
            class: ErrorClass::NotFound,
            code: "AccountNotFoundException".into(),
            message: format!("account {id} left the organization after the last crawl"),
            reason: None,
            request_id: None,
        });
    }
    Ok(found)
}

/// Returns the OUs on the path of an account, without the root, which has no name of its own.
fn units(account: &Account, names: &BTreeMap<OuId, String>) -> BTreeMap<OuId, OrganizationalUnit> {
    let units = account.ous.iter().enumerate().filter_map(|(at, id)| {
        let unit = OrganizationalUnit {
            id: id.clone(),
            name: names.get(id)?.clone(),
            parent: at.checked_sub(1).map(|above| account.ous[above].clone()),
        };
        Some((id.clone(), unit))
    });
    units.collect()
}
