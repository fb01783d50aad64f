//! The changes on the home page: the newest of the viewer, and those that raised an alarm, folded, so that a flood of them
//! hides nothing.
//!
//! One row stands for the changes of one requester with the same aim that have come equally far. A removal that waits is
//! never behind removals that lead to nothing.

use std::collections::BTreeMap;

use app::backend::{AlarmPhase, AlarmRow, Alarms, MyRequest, PortResult, alarm_by};
use domain::{
    authorize::Action,
    change::{Aim, State},
    ids::{ChangeId, PersonId},
    time::Duration,
};

use super::{again::again, list, person_names::PersonNames};
use crate::{
    service::{Service, broken},
    store::{
        StoreError,
        change::{self, AlarmCount, ChangeSummary, Filter, Folding, ListedChange},
    },
};

/// The number of rows on the home page.
const ROWS: usize = 6;
/// How long a change with an alarm is shown on the home page.
const SHOWN: Duration = Duration::days(7);

/// The changes behind one row.
struct Fold {
    phase: AlarmPhase,
    count: usize,
    /// The state with the newest change.
    newest: AlarmCount,
}

/// What the home page shows of changes, besides those that wait for the viewer.
#[derive(Debug, Default)]
pub(in crate::service) struct HomeChanges {
    /// The newest changes of the viewer.
    pub mine: Vec<MyRequest>,
    /// The alarms of the last days, as far as the viewer may see the changes.
    pub alarms: Alarms,
}

impl Service {
    /// Returns the newest changes of the viewer, and the alarms for a viewer who may see the directory. They are read
    /// together.
    pub(in crate::service) async fn home_changes(&self, limit: usize) -> PortResult<HomeChanges> {
        let viewer = self.calling()?.person.clone();
        let counts = if self.allowed(Action::SeeDirectory).is_ok() {
            let own = self.whose()?;
            self.alarm_counts(own).await.map_err(broken)?
        } else {
            Vec::new()
        };
        let found = self.read_home_changes(viewer, counts, limit).await;
        found.map_err(broken)
    }

    /// Returns the alarms about changes of one requester, or of everybody.
    async fn alarm_counts(&self, own: Option<PersonId>) -> Result<Vec<AlarmCount>, StoreError> {
        let mut conn = self.connection().await?;
        change::alarm_counts(&mut conn, own.as_ref(), self.now - SHOWN).await
    }

    async fn read_home_changes(
        &self,
        viewer: PersonId,
        counts: Vec<AlarmCount>,
        limit: usize,
    ) -> Result<HomeChanges, StoreError> {
        let mut conn = self.connection().await?;
        let mut folds = folded(counts);
        let rest = folds.split_off(folds.len().min(ROWS));
        let newest = folds.iter().map(|fold| fold.newest.newest.clone());
        let newest: Vec<ChangeId> = newest.collect();
        let filter = Filter {
            requesters: vec![viewer],
            folding: Folding::RefusedTogether,
            ..Filter::default()
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = change::list(&mut conn, &filter, limit, 0, &newest).await?;
        let snapshot = &self.read_model.snapshot;
        let mut people = PersonNames::new(snapshot);
        let mine = found.rows.iter().map(|row| row.change.summary());
        let others = found.others.values().map(ListedChange::summary);
        let summaries: Vec<ChangeSummary<'_>> = mine.chain(others).collect();
        people.look_up_all(&mut conn, &summaries).await?;
        let mut rows = Vec::with_capacity(folds.len());
        for fold in &folds {
            let Some(stored) = found.others.get(&fold.newest.newest) else {
                continue;
            };
            rows.push(AlarmRow {
                phase: fold.phase,
                aim: fold.newest.aim,
                count: fold.count,
                newest: list::row(&mut conn, snapshot, &mut people, &stored.summary()).await?,
                each: alarm_by(&fold.newest.requester),
            });
        }
        let more = rest.iter().map(|fold| fold.count).sum();
        let mine = list::rows_of_page(&mut conn, snapshot, &mut people, &found.rows).await?;
        let mut requests = Vec::with_capacity(mine.len());
        for (row, listed) in mine.into_iter().zip(&found.rows) {
            let summary = listed.change.summary();
            let single = (listed.stands_for == 1).then_some(&summary);
            requests.push(MyRequest {
                own: single.and_then(|change| self.own_request(change)),
                lasting: single.and_then(|change| self.lasting(change)),
                again: single.and_then(|change| again(change, self.now)),
                row,
            });
        }
        Ok(HomeChanges {
            mine: requests,
            alarms: Alarms { rows, more },
        })
    }
}

/// Folds the counts by requester, aim and phase: what waits first, then what was approved, the newest first.
fn folded(counts: Vec<AlarmCount>) -> Vec<Fold> {
    let mut folds: BTreeMap<(PersonId, Aim, AlarmPhase), Fold> = BTreeMap::new();
    for count in counts {
        let phase = phase(count.state);
        let fold = folds
            .entry((count.requester.clone(), count.aim, phase))
            .or_insert_with(|| Fold {
                phase,
                count: 0,
                newest: count.clone(),
            });
        fold.count += count.count;
        if count.last > fold.newest.last {
            fold.newest = count;
        }
    }
    let mut folds: Vec<Fold> = folds.into_values().collect();
    folds.sort_by_key(|fold| (fold.phase, std::cmp::Reverse(fold.newest.last)));
    folds
}

fn phase(state: State) -> AlarmPhase {
    match state {
        State::Waiting => AlarmPhase::Waiting,
        // A change that failed may have removed a part.
        State::Approved | State::Applying | State::Verified | State::Failed => AlarmPhase::Approved,
        State::Refused | State::Declined | State::Expired | State::Withdrawn => {
            AlarmPhase::NotCarriedOut
        }
    }
}
