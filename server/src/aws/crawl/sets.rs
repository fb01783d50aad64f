//! Reads permission sets with their content, the accounts they are provisioned to, and their assignments.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    crawl::PairListing,
    ids::{AccountId, Pair, PermissionSetArn},
    permission_set::{Content, PermissionSet, analysis::Analysis},
    snapshot::{Gap, Provisioned, Unread},
    time::Timestamp,
};
use futures::{StreamExt as _, stream};

use super::{Aws, CrawlProgress, IN_FLIGHT, Index, Visited, note, pages};
use crate::{
    aws::{Instance, error::ErrorClass},
    clock::Clock,
};

#[derive(Default)]
pub(super) struct PermissionSetRead {
    pub names: Option<BTreeSet<PermissionSetArn>>,
    pub sets: Vec<PermissionSet>,
    pub sets_as_of: BTreeMap<PermissionSetArn, Timestamp>,
    pub index: Index,
    pub pairs: Vec<PairListing>,
    /// The pairs that AWS lists but does not find.
    pub not_found: Vec<Pair>,
    pub unread: Vec<Unread>,
    pub formula: u64,
}

/// The calls for one permission set: description, AWS managed, customer managed, inline, boundary.
const CALLS_PER_SET: u64 = 5;

pub(super) async fn read_sets(
    aws: &Aws,
    instance: &Instance,
    clock: &Clock,
    analyse: &(dyn Fn(&Content) -> Analysis + Sync),
    progress: &Arc<CrawlProgress>,
) -> PermissionSetRead {
    let mut out = PermissionSetRead::default();
    let Some(names) = note(
        &mut out.unread,
        Gap::Sets,
        aws.permission_sets(instance).await,
    ) else {
        return out;
    };
    out.formula += pages(names.len(), 100);
    let mut wanted: Vec<(Pair, Provisioned)> = Vec::new();
    let mut reads = stream::iter(names.iter().cloned())
        .map(|arn| {
            let (aws, instance, clock) = (aws.clone(), instance.clone(), clock.clone());
            async move {
                let as_of = clock.now();
                let content = aws.set_content(&instance, &arn).await;
                let everywhere = aws.accounts_with(&instance, &arn, None).await;
                let outdated = aws.outdated_accounts(&instance, &arn).await;
                (arn, as_of, content, everywhere, outdated)
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut met = Visited::none();
    while let Some((arn, as_of, content, everywhere, outdated)) = reads.next().await {
        if let Some((name, description, content)) =
            note(&mut out.unread, Gap::ContentOf(arn.clone()), content)
        {
            out.formula += CALLS_PER_SET;
            let (hash, analysis) = (content.hash(), analyse(&content));
            out.sets_as_of.insert(arn.clone(), as_of);
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
            Gap::OutdatedAccountsOf(arn.clone()),
            outdated,
        );
        let Some(everywhere) = note(&mut out.unread, Gap::AccountsOf(arn.clone()), everywhere)
        else {
            continue;
        };
        out.formula += pages(everywhere.len(), 100)
            + outdated.as_ref().map_or(0, |found| pages(found.len(), 100));
        progress.known(everywhere.len());
        let everywhere: BTreeSet<AccountId> =
            everywhere.into_iter().map(|id| met.same(id)).collect();
        for account in &everywhere {
            // If the list could not be read, every account may be outdated.
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
    progress: &Arc<CrawlProgress>,
    out: &mut PermissionSetRead,
) {
    let mut reads = stream::iter(wanted)
        .map(|(pair, provisioned)| {
            let (aws, instance, clock) = (aws.clone(), instance.clone(), clock.clone());
            async move {
                // The time of the first request: a listing proves nothing about later changes.
                let as_of = clock.now();
                let answer = aws.assignments(&instance, &pair).await;
                (pair, provisioned, answer, as_of)
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut met = Visited::none();
    while let Some((pair, provisioned, answer, as_of)) = reads.next().await {
        progress.read();
        if matches!(&answer, Err(error) if error.class == ErrorClass::NotFound) {
            out.not_found.push(pair);
            continue;
        }
        if let Some(principals) = note(&mut out.unread, Gap::AssignmentsOf(pair.clone()), answer) {
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
