//! The changes that raised an alarm, for the home page: folded, so that a flood of them hides nothing.
//!
//! One row stands for the changes of one requester with the same aim that have come equally far. A removal that waits is
//! never behind removals that lead to nothing.

use std::collections::BTreeMap;

use app::backend::{ALARM_BY, AlarmPhase, AlarmRow, Alarms, PortResult};
use domain::{
    change::{Aim, State},
    ids::{ChangeId, PersonId},
    time::Duration,
};

use super::{list, person_names::PersonNames};
use crate::{
    service::{Service, broken},
    store::{
        StoreError,
        change::{self, AlarmCount, ChangeSummary, ListedChange},
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

impl Service {
    /// Returns the alarms of the last days, as far as the viewer may see the changes.
    pub(in crate::service) async fn recent_alarms(&self) -> PortResult<Alarms> {
        let own = self.whose(list::OwnerFilter::All)?;
        self.alarms_of(own).await.map_err(broken)
    }

    /// Returns the alarms about changes of one requester, or of everybody.
    async fn alarms_of(&self, own: Option<PersonId>) -> Result<Alarms, StoreError> {
        let mut conn = self.connection().await?;
        let counts = change::alarm_counts(&mut conn, own.as_ref(), self.now - SHOWN).await?;
        let mut folds = folded(counts);
        let rest = folds.split_off(folds.len().min(ROWS));
        let newest = folds.iter().map(|fold| fold.newest.newest.clone());
        let newest: Vec<ChangeId> = newest.collect();
        let newest = change::listed_by_id(&mut conn, &newest).await?;
        let snapshot = &self.read_model.snapshot;
        let mut people = PersonNames::new(snapshot);
        let summaries = newest.values().map(ListedChange::summary);
        let summaries: Vec<ChangeSummary<'_>> = summaries.collect();
        people.look_up_all(&mut conn, &summaries).await?;
        let mut rows = Vec::with_capacity(folds.len());
        for fold in &folds {
            let Some(stored) = newest.get(&fold.newest.newest) else {
                continue;
            };
            rows.push(AlarmRow {
                phase: fold.phase,
                aim: fold.newest.aim,
                count: fold.count,
                newest: list::row(&mut conn, snapshot, &mut people, &stored.summary()).await?,
                only: ALARM_BY.filter(&fold.newest.requester),
            });
        }
        let more = rest.iter().map(|fold| fold.count).sum();
        Ok(Alarms { rows, more })
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
