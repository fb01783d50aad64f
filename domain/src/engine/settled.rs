//! Records results once a read shows that a resource is in the wanted state.

use std::collections::BTreeSet;

use super::{
    effect::DomainEvent,
    resource::AccessResource,
    rows::{Cause, Delivery, FollowUpReads, ItemResult, RetryState},
    state::{State, StepOutput},
};
use crate::{ids::Principal, time::Timestamp};

impl State {
    /// Marks every window that waited for the access as delivered.
    pub(super) fn deliver(
        &mut self,
        key: &AccessResource,
        as_of: Timestamp,
        how: Cause,
        others: Option<&BTreeSet<Principal>>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        let mut delivered = Vec::new();
        for row in &mut track.windows {
            if row.window.valid(now) && row.delivery.is_none() {
                row.delivery = Some(Delivery { at: as_of, how });
                out.windows.insert(row.window.grant.clone(), row.clone());
                delivered.push(row.window.clone());
            }
        }
        track.row.managed_since.get_or_insert(now);
        track.row.tries = RetryState::default();
        // A delete of ours with unknown outcome may still take effect, so read again later.
        track.row.watch = track
            .row
            .doubt
            .filter(|until| now < *until)
            .map(|_| FollowUpReads {
                from: as_of,
                done: 0,
            });
        out.keys.insert(key.clone());
        out.touched.insert(key.clone());
        for window in delivered {
            let result = ItemResult::Granted {
                verified_at: as_of,
                how,
                others: others.cloned().unwrap_or_default(),
            };
            self.resolve_grant(&window, result, out);
        }
    }

    /// Marks the access as removed.
    pub(super) fn removed(
        &mut self,
        key: &AccessResource,
        as_of: Timestamp,
        how: Cause,
        others: Option<&BTreeSet<Principal>>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        let due = track.row.closing.map_or(as_of, |closing| closing.since);
        let last_use = as_of + track.row.session;
        track.row.closing = None;
        track.row.removed_at = Some(as_of);
        track.row.watch = Some(FollowUpReads {
            from: as_of,
            done: 0,
        });
        track.row.tries = RetryState::default();
        for mut row in std::mem::take(&mut track.windows) {
            row.over = Some(now);
            out.windows.insert(row.window.grant.clone(), row);
        }
        out.keys.insert(key.clone());
        out.touched.insert(key.clone());
        out.events.push(DomainEvent::Removed {
            key: key.clone(),
            due,
            verified_at: as_of,
            last_use,
            how,
        });
        let result = ItemResult::Removed {
            verified_at: as_of,
            last_use,
            how,
            others: others.cloned().unwrap_or_default(),
        };
        self.resolve_removals(key, &result, out);
    }
}
