//! One full read: the organization, the directory, and Identity Center, permission set by set.
//!
//! Permission-set-first, because that order works for a delegated administrator and is the only one
//! that shows orphans (reference: N sets + N pairs calls). The three services are read at the same
//! time, each under its own bucket. What breaks is noted and left out; it never stops the rest.

mod directory;
mod organization;
mod sets;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{
    crawl::Crawl,
    org::SpecialAccounts,
    permission_set::{Content, analysis::Analysis},
    snapshot::{Gap, Unread},
};

use super::{Aws, Instance, error::CallError};
use crate::clock::Clock;

/// Calls in flight at a time, per service: enough that an answer may take most of a second at AWS's pace, and fewer
/// than the quota lets through at once, so that calls that were held up on the way and arrive together are no burst.
const IN_FLIGHT: usize = 16;

/// What a crawl brought, besides what is known of single accounts.
#[derive(Debug, Default)]
pub struct Crawled {
    /// Everything read.
    pub crawl: Crawl,
    /// Management account and delegated administrators, where they could be read.
    pub special: SpecialAccounts,
    /// What it cost.
    pub cost: Cost,
}

/// What a crawl cost, and what the page-exact formula says that it had to.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Cost {
    /// Calls made, by service.
    pub calls: Calls,
    /// Calls that the formula asks for, by service.
    pub formula: Calls,
    /// Throttles met.
    pub throttled: u64,
}

/// Calls, by service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Calls {
    /// sso-admin.
    pub sso: u64,
    /// identitystore.
    pub identitystore: u64,
    /// organizations.
    pub organizations: u64,
}

/// Pages that a list of so many rows has, when a page holds so many: an empty list is one page.
fn pages(rows: usize, size: usize) -> u64 {
    u64::try_from(rows.div_ceil(size).max(1)).unwrap_or(u64::MAX)
}

/// How far a crawl has come, for progress bars.
#[derive(Debug, Default)]
pub struct Progress {
    /// Pairs read.
    pub pairs: AtomicU64,
    /// Pairs known from the indexes so far.
    pub pairs_known: AtomicU64,
}

/// Reads everything.
pub async fn crawl(
    aws: &Aws,
    instance: &Instance,
    clock: &Clock,
    analyse: &(dyn Fn(&Content) -> Analysis + Sync),
    progress: &Arc<Progress>,
) -> Crawled {
    let before = meter(aws);
    let started = clock.now();
    let (organization, directory, sets) = tokio::join!(
        organization::read_organization(aws),
        directory::read_directory(aws, instance, clock),
        sets::read_sets(aws, instance, clock, analyse, progress),
    );
    let after = meter(aws);
    let mut unread = organization.unread;
    unread.extend(directory.unread);
    unread.extend(sets.unread);
    let formula = Calls {
        sso: sets.formula,
        identitystore: directory.formula,
        organizations: organization.formula,
    };
    Crawled {
        special: organization.special,
        cost: Cost {
            calls: Calls {
                sso: after.0 - before.0,
                identitystore: after.1 - before.1,
                organizations: after.2 - before.2,
            },
            formula,
            throttled: after.3 - before.3,
        },
        crawl: Crawl {
            started,
            ended: clock.now(),
            organization: organization.whole,
            users: directory.users,
            groups: directory.groups,
            members: directory.members,
            set_names: sets.names,
            sets: sets.sets,
            sets_as_of: sets.sets_as_of,
            index: sets.index,
            pairs: sets.pairs,
            unread,
        },
    }
}

fn meter(aws: &Aws) -> (u64, u64, u64, u64) {
    let (sso, directory, organizations) = (
        &aws.budgets.sso,
        &aws.budgets.directory,
        &aws.budgets.organizations,
    );
    let throttled = sso.throttled() + directory.throttled() + organizations.throttled();
    (
        sso.calls(),
        directory.calls(),
        organizations.calls(),
        throttled,
    )
}

/// Notes what could not be read; the answer is `None` then.
fn note<T>(unread: &mut Vec<Unread>, what: Gap, answer: Result<T, CallError>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!(?what, code = error.code, "could not be read");
            unread.push(Unread {
                what,
                why: error.code,
            });
            None
        }
    }
}

impl Progress {
    fn known(&self, pairs: usize) {
        self.pairs_known
            .fetch_add(u64::try_from(pairs).unwrap_or(0), Ordering::Relaxed);
    }

    fn read(&self) {
        self.pairs.fetch_add(1, Ordering::Relaxed);
    }
}

type Index = BTreeMap<domain::ids::PermissionSetArn, BTreeSet<domain::ids::AccountId>>;

/// Ids that were met, so that an answer that names one again holds the same and not a copy of its text.
struct Met<T>(HashSet<T>);

impl<T: Clone + Eq + Hash> Met<T> {
    fn none() -> Self {
        Self(HashSet::new())
    }

    fn same(&mut self, id: T) -> T {
        if let Some(known) = self.0.get(&id) {
            return known.clone();
        }
        self.0.insert(id.clone());
        id
    }
}
