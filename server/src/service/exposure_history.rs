//! The number of people who could reach the accounts that count as production PCI today, on the days before: computed when
//! somebody looks, and kept until a crawl, the day or the classification makes it another one.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use app::backend::HistoryPoint;
use domain::{
    exposure_history::{CompleteRead, Observations, people_at},
    ids::{AccountId, GroupId, Principal, UserId},
    snapshot::{Figure, Knowledge},
    time::{Date, Duration, Timestamp},
};

use super::{Service, app_state::ReadModel};
use crate::store::{StoreConnection, StoreError, observed};

/// How many days are shown, today included.
pub const DAYS: i64 = 90;

/// What a history rests on, besides the spans that a crawl writes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Basis {
    today: Option<Date>,
    complete_at: Option<Timestamp>,
    accounts: BTreeSet<AccountId>,
}

/// The last history.
#[derive(Debug, Default)]
pub struct ExposureHistory(Mutex<Option<(Basis, Arc<[HistoryPoint]>)>>);

impl ExposureHistory {
    fn of(&self, basis: &Basis) -> Option<Arc<[HistoryPoint]>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, points) = held.as_ref()?;
        (known == basis).then(|| Arc::clone(points))
    }

    fn keep(&self, basis: Basis, points: &Arc<[HistoryPoint]>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((basis, Arc::clone(points)));
    }
}

impl Service {
    /// Returns a point for each of the last days, the oldest first. The last one is the number of now.
    pub(super) async fn exposure_history(
        &self,
        conn: &mut StoreConnection,
    ) -> Result<Vec<HistoryPoint>, StoreError> {
        let now = self.app_state.clock.now();
        let read_model = &self.read_model;
        let basis = Basis {
            today: Date::of(now),
            complete_at: read_model.snapshot.parts().coverage.complete_at,
            accounts: read_model.pci_findings.keys().cloned().collect(),
        };
        let known = self.app_state.exposure_history.of(&basis);
        let points = if let Some(points) = known {
            points
        } else {
            let points: Arc<[HistoryPoint]> =
                days(read_model, conn, now, &basis.accounts).await?.into();
            self.app_state.exposure_history.keep(basis, &points);
            points
        };
        let mut points = points.to_vec();
        if let Some(today) = points.last_mut() {
            let known = read_model.snapshot.never_read().production_pci();
            today.people = known.figure(read_model.exposure.people.len());
        }
        Ok(points)
    }
}

async fn days(
    read_model: &ReadModel,
    conn: &mut StoreConnection,
    now: Timestamp,
    accounts: &BTreeSet<AccountId>,
) -> Result<Vec<HistoryPoint>, StoreError> {
    let dates = (0..DAYS).rev().map(|back| now - Duration::days(back));
    let mut points: Vec<HistoryPoint> = dates
        .filter_map(Date::of)
        .map(|day| HistoryPoint {
            day,
            people: Figure::NotKnown,
        })
        .collect();
    // What was never read is not known for any day.
    if read_model.snapshot.never_read().production_pci() == Knowledge::NeverRead {
        return Ok(points);
    }
    let reads = observed::last_read_of_each_day(conn, now - Duration::days(DAYS)).await?;
    let Some(first) = reads.first() else {
        return Ok(points);
    };
    let accounts: BTreeSet<&AccountId> = accounts.iter().collect();
    let observations = observations(read_model, conn, *first, &accounts).await?;
    let people = &read_model.exposure.people;
    let counts = people_at(
        &read_model.snapshot,
        &accounts,
        |user| people.contains_key(user),
        people.len(),
        &observations,
        &reads,
    );
    for (read, count) in reads.iter().zip(counts) {
        let day = Date::of(read.ended);
        let mut of_day = points.iter_mut();
        if let Some(point) = of_day.find(|point| Some(point.day) == day) {
            point.people = count;
        }
    }
    Ok(points)
}

/// Returns what differs between the first read and now.
async fn observations(
    read_model: &ReadModel,
    conn: &mut StoreConnection,
    first: CompleteRead,
    accounts: &BTreeSet<&AccountId>,
) -> Result<Observations, StoreError> {
    let snapshot = &read_model.snapshot;
    let ended = observed::ended_since(conn, first.started).await?;
    let ended = ended
        .into_iter()
        .filter(|one| accounts.contains(&one.assignment.pair.account));
    let ended: Vec<_> = ended.map(|one| (one.assignment, one.span)).collect();
    let pairs = accounts.iter().flat_map(|id| snapshot.pairs_in(id));
    let assigned = pairs.flat_map(|(_, read)| read.principals.keys());
    let principals: BTreeSet<&Principal> = assigned
        .chain(ended.iter().map(|(assignment, _)| &assignment.principal))
        .collect();
    let groups: Vec<&GroupId> = principals
        .iter()
        .filter_map(|principal| match principal {
            Principal::Group(group) => Some(group),
            Principal::User(_) => None,
        })
        .collect();
    let memberships = observed::memberships_since(conn, &groups, first.ended).await?;
    let direct = principals.iter().filter_map(|principal| match principal {
        Principal::User(user) => Some(user),
        Principal::Group(_) => None,
    });
    let former = memberships.iter().map(|one| &one.user);
    let missing: BTreeSet<&UserId> = direct
        .chain(former)
        .filter(|user| snapshot.user(user).is_none())
        .collect();
    let missing: Vec<&UserId> = missing.into_iter().collect();
    let gone = observed::gone_users(conn, &missing).await?;
    let memberships = memberships
        .into_iter()
        .map(|one| (one.group, one.user, one.span))
        .collect();
    Ok(Observations {
        ended,
        memberships,
        gone,
    })
}
