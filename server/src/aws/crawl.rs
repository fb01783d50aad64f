//! A full read of AWS: the organization, the directory, and Identity Center by permission set.
//!
//! Reading by permission set works for a delegated administrator and is the only order that finds orphans (reference: N
//! sets + N pairs calls). The three services are read concurrently, each under its own bucket. A failed read is
//! recorded as a gap and does not stop the others.

mod delegation;
mod directory;
pub(in crate::aws) mod organization;
mod sets;

pub(crate) use directory::users;

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

pub use organization::{OrganizationRead, read_organization};

use super::{Aws, Instance, error::CallError};
use crate::clock::Clock;

/// Concurrent calls per service. Enough to keep the rate when a response takes most of a second, and below the quota,
/// so delayed calls that arrive together are not a burst.
const IN_FLIGHT: usize = 16;

/// The result of a crawl, without data about single accounts.
#[derive(Debug, Default)]
pub struct Crawled {
    pub crawl: Crawl,
    /// The management account and delegated administrators, as far as they could be read.
    pub special: SpecialAccounts,
    pub cost: Cost,
}

/// The number of calls a crawl made, and the number that the page-exact formula predicts.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Cost {
    /// The calls made, by service.
    pub calls: Calls,
    /// The calls predicted by the formula, by service.
    pub formula: Calls,
    /// The number of throttles.
    pub throttled: u64,
}

/// A number of calls, by service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Calls {
    /// sso-admin.
    pub sso: u64,
    pub identitystore: u64,
    pub organizations: u64,
}

/// Returns the number of pages of a list of `rows` rows. An empty list has one page.
fn pages(rows: usize, size: usize) -> u64 {
    u64::try_from(rows.div_ceil(size).max(1)).unwrap_or(u64::MAX)
}

/// The progress of a crawl, for progress bars.
#[derive(Debug, Default)]
pub struct CrawlProgress {
    /// The number of pairs read.
    pub pairs: AtomicU64,
    /// The number of pairs listed so far.
    pub pairs_known: AtomicU64,
}

/// Reads everything.
pub async fn crawl(
    aws: &Aws,
    instance: &Instance,
    clock: &Clock,
    analyse: &(dyn Fn(&Content) -> Analysis + Sync),
    progress: &Arc<CrawlProgress>,
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
            not_found: sets.not_found,
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

/// Returns the value, or records the gap and returns `None`.
fn note<T>(unread: &mut Vec<Unread>, what: Gap, answer: Result<T, CallError>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!(?what, code = error.code, "could not be read");
            unread.push(Unread {
                what,
                why: error.why(),
            });
            None
        }
    }
}

impl CrawlProgress {
    fn known(&self, pairs: usize) {
        self.pairs_known
            .fetch_add(u64::try_from(pairs).unwrap_or(0), Ordering::Relaxed);
    }

    fn read(&self) {
        self.pairs.fetch_add(1, Ordering::Relaxed);
    }
}

type Index = BTreeMap<domain::ids::PermissionSetArn, BTreeSet<domain::ids::AccountId>>;

/// Interns ids, so that repeated ids share one allocation.
struct Visited<T>(HashSet<T>);

impl<T: Clone + Eq + Hash> Visited<T> {
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
