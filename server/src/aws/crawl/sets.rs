//! Permission sets with their whole content, where they are, and who is assigned there.

use std::{collections::BTreeSet, sync::Arc};

use aws_sdk_ssoadmin::types::ProvisioningStatus;
use domain::{
    crawl::PairListing,
    ids::{AccountId, Pair, PermissionSetArn},
    permission_set::{Boundary, Content, CustomerPolicy, PermissionSet, analysis::Analysis},
    snapshot::{Provisioned, Unread},
};
use futures::{StreamExt as _, stream};

use super::{Aws, IN_FLIGHT, Index, Met, Progress, note, pages};
use crate::{
    aws::{
        Instance,
        call::read,
        error::{CallError, Class},
        read::malformed,
    },
    clock::Clock,
};

#[derive(Default)]
pub(super) struct Read {
    pub names: Option<BTreeSet<PermissionSetArn>>,
    pub sets: Vec<PermissionSet>,
    pub index: Index,
    pub pairs: Vec<PairListing>,
    pub unread: Vec<Unread>,
    pub formula: u64,
}

/// Describe, AWS managed, customer-managed, inline, boundary.
const CALLS_PER_SET: u64 = 5;

pub(super) async fn read_sets(
    aws: &Aws,
    instance: &Instance,
    clock: &Clock,
    analyse: &(dyn Fn(&Content) -> Analysis + Sync),
    progress: &Arc<Progress>,
) -> Read {
    let mut out = Read::default();
    let Some(names) = note(
        &mut out.unread,
        "permission sets",
        names(aws, instance).await,
    ) else {
        return out;
    };
    out.formula += pages(names.len(), 100);
    let mut wanted: Vec<(Pair, Provisioned)> = Vec::new();
    let mut reads = stream::iter(names.iter().cloned())
        .map(|arn| {
            let (aws, instance) = (aws.clone(), instance.clone());
            async move {
                let content = content(&aws, &instance, &arn).await;
                let everywhere = accounts(&aws, &instance, &arn, None).await;
                let status = ProvisioningStatus::LatestPermissionSetNotProvisioned;
                let outdated = accounts(&aws, &instance, &arn, Some(status)).await;
                (arn, content, everywhere, outdated)
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut met = Met::none();
    while let Some((arn, content, everywhere, outdated)) = reads.next().await {
        if let Some((name, description, content)) =
            note(&mut out.unread, format!("content of {arn}"), content)
        {
            out.formula += CALLS_PER_SET;
            let (hash, analysis) = (content.hash(), analyse(&content));
            out.sets.push(PermissionSet {
                arn: arn.clone(),
                name,
                description,
                content,
                hash,
                analysis,
            });
        }
        let outdated = note(
            &mut out.unread,
            format!("outdated accounts of {arn}"),
            outdated,
        );
        let Some(everywhere) = note(&mut out.unread, format!("accounts of {arn}"), everywhere)
        else {
            continue;
        };
        out.formula += pages(everywhere.len(), 100)
            + outdated.as_ref().map_or(0, |found| pages(found.len(), 100));
        progress.known(everywhere.len());
        let everywhere: BTreeSet<AccountId> =
            everywhere.into_iter().map(|id| met.same(id)).collect();
        for account in &everywhere {
            // A list that was not read proves nothing: then the account may hold something older.
            let old = outdated
                .as_ref()
                .is_none_or(|found| found.contains(account));
            let provisioned = if old {
                Provisioned::Outdated
            } else {
                Provisioned::Latest
            };
            wanted.push((
                Pair {
                    account: account.clone(),
                    set: arn.clone(),
                },
                provisioned,
            ));
        }
        out.index.insert(arn, everywhere);
    }
    drop(reads);
    out.names = Some(names);
    read_pairs(aws, instance, clock, wanted, progress, &mut out).await;
    out
}

async fn read_pairs(
    aws: &Aws,
    instance: &Instance,
    clock: &Clock,
    wanted: Vec<(Pair, Provisioned)>,
    progress: &Arc<Progress>,
    out: &mut Read,
) {
    let mut reads = stream::iter(wanted)
        .map(|(pair, provisioned)| {
            let (aws, instance, clock) = (aws.clone(), instance.clone(), clock.clone());
            async move {
                // When the first page was asked for: a list proves nothing of what came after.
                let as_of = clock.now();
                let answer = aws.assignments(&instance, &pair).await;
                (pair, provisioned, answer, as_of)
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut met = Met::none();
    while let Some((pair, provisioned, answer, as_of)) = reads.next().await {
        progress.read();
        let what = || format!("assignments of {} in {}", pair.set, pair.account);
        if let Some(principals) = note(&mut out.unread, what(), answer) {
            out.formula += pages(principals.len(), 100);
            out.pairs.push(PairListing {
                pair,
                as_of,
                principals: principals.into_iter().map(|one| met.same(one)).collect(),
                provisioned,
            });
        }
    }
}

async fn names(aws: &Aws, instance: &Instance) -> Result<BTreeSet<PermissionSetArn>, CallError> {
    let mut names = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let answer = read(&aws.budgets.sso, || {
            aws.sso
                .list_permission_sets()
                .instance_arn(instance.arn.as_str())
                .max_results(100)
                .set_next_token(token.clone())
                .send()
        })
        .await?;
        for arn in answer.permission_sets() {
            names.insert(
                PermissionSetArn::parse(arn).map_err(|error| malformed(&error.to_string()))?,
            );
        }
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(names);
        }
    }
}

async fn accounts(
    aws: &Aws,
    instance: &Instance,
    arn: &PermissionSetArn,
    status: Option<ProvisioningStatus>,
) -> Result<BTreeSet<AccountId>, CallError> {
    let mut found = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let answer = read(&aws.budgets.sso, || {
            aws.sso
                .list_accounts_for_provisioned_permission_set()
                .instance_arn(instance.arn.as_str())
                .permission_set_arn(arn.as_str())
                .set_provisioning_status(status.clone())
                .max_results(100)
                .set_next_token(token.clone())
                .send()
        })
        .await?;
        for account in answer.account_ids() {
            found.insert(AccountId::parse(account).map_err(|error| malformed(&error.to_string()))?);
        }
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Name, description, content.
async fn content(
    aws: &Aws,
    instance: &Instance,
    arn: &PermissionSetArn,
) -> Result<(String, Option<String>, Content), CallError> {
    let (i, p) = (instance.arn.as_str(), arn.as_str());
    let described = read(&aws.budgets.sso, || {
        aws.sso
            .describe_permission_set()
            .instance_arn(i)
            .permission_set_arn(p)
            .send()
    })
    .await?;
    let set = described
        .permission_set()
        .ok_or_else(|| malformed("a permission set without content"))?;
    let managed = read(&aws.budgets.sso, || {
        aws.sso
            .list_managed_policies_in_permission_set()
            .instance_arn(i)
            .permission_set_arn(p)
            .max_results(100)
            .send()
    })
    .await?;
    let customer = read(&aws.budgets.sso, || {
        aws.sso
            .list_customer_managed_policy_references_in_permission_set()
            .instance_arn(i)
            .permission_set_arn(p)
            .max_results(100)
            .send()
    })
    .await?;
    let inline = read(&aws.budgets.sso, || {
        aws.sso
            .get_inline_policy_for_permission_set()
            .instance_arn(i)
            .permission_set_arn(p)
            .send()
    })
    .await?;
    let content = Content {
        managed: managed
            .attached_managed_policies()
            .iter()
            .filter_map(|m| m.arn().map(str::to_owned))
            .collect(),
        customer: customer
            .customer_managed_policy_references()
            .iter()
            .map(reference)
            .collect(),
        inline: inline
            .inline_policy()
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        boundary: boundary(aws, i, p).await?,
        session_seconds: session_seconds(set.session_duration().unwrap_or("PT1H"))?,
    };
    Ok((
        set.name().unwrap_or_default().to_owned(),
        set.description()
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        content,
    ))
}

async fn boundary(aws: &Aws, instance: &str, set: &str) -> Result<Option<Boundary>, CallError> {
    let answer = read(&aws.budgets.sso, || {
        aws.sso
            .get_permissions_boundary_for_permission_set()
            .instance_arn(instance)
            .permission_set_arn(set)
            .send()
    })
    .await;
    match answer {
        Ok(answer) => Ok(answer.permissions_boundary().and_then(|boundary| {
            let managed = boundary
                .managed_policy_arn()
                .map(|arn| Boundary::Managed(arn.to_owned()));
            managed.or_else(|| {
                boundary
                    .customer_managed_policy_reference()
                    .map(|r| Boundary::Customer(reference(r)))
            })
        })),
        // AWS answers so when no boundary is set.
        Err(error) if error.class == Class::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn reference(
    reference: &aws_sdk_ssoadmin::types::CustomerManagedPolicyReference,
) -> CustomerPolicy {
    CustomerPolicy {
        name: reference.name().to_owned(),
        path: reference.path().unwrap_or("/").to_owned(),
    }
}

/// `PT1H`, `PT12H`, `PT90M`, `PT1H30M`: ISO 8601 in the forms that AWS takes.
fn session_seconds(text: &str) -> Result<u32, CallError> {
    let wrong = || malformed("a session duration that is not ISO 8601");
    let mut rest = text.strip_prefix("PT").ok_or_else(wrong)?;
    let mut seconds = 0;
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(at);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let unit = match tail.as_bytes()[0] {
            b'H' => 3_600,
            b'M' => 60,
            b'S' => 1,
            _ => return Err(wrong()),
        };
        seconds += number * unit;
        rest = &tail[1..];
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_durations_are_read_in_every_form_that_aws_takes() {
        assert_eq!(session_seconds("PT1H").unwrap(), 3_600);
        assert_eq!(session_seconds("PT12H").unwrap(), 43_200);
        assert_eq!(session_seconds("PT1H30M").unwrap(), 5_400);
        assert!(session_seconds("1 hour").is_err());
    }
}
