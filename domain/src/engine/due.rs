//! Transitions caused by time alone: access windows that end, and alarms for overdue removals.

use super::{
    effect::DomainEvent,
    pacing::alarm_after,
    resource::AccessResource,
    resource_state::DesiredAction,
    rows::{ItemResult, PendingRemoval, RetryState, WindowRow},
    state::{State, StepOutput},
};
use crate::time::Timestamp;

impl State {
    /// Processes the access windows that have ended, and updates the removal state of the resource.
    pub(super) fn boundaries(
        &mut self,
        key: &AccessResource,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        let mut late = Vec::new();
        for row in &track.windows {
            let stopped = row.window.stops().is_some_and(|stop| stop <= now);
            if stopped && row.delivery.is_none() && row.window.ended.is_none() {
                late.push(row.window.clone());
            }
        }
        let want = track.want(now);
        if want == DesiredAction::Remove && track.row.closing.is_none() {
            track.row.closing = Some(PendingRemoval {
                since: track.lapsed(now),
                alarms: 0,
            });
            track.row.tries = RetryState::default();
            track.next_read = None;
            track.unreadable = 0;
            out.keys.insert(key.clone());
        }
        if matches!(want, DesiredAction::Deliver | DesiredAction::Keep)
            && (track.row.closing.is_some() || track.row.removed_at.is_some())
        {
            track.row.closing = None;
            track.row.removed_at = None;
            track.row.tries = RetryState::default();
            out.keys.insert(key.clone());
        }
        if want != DesiredAction::Remove {
            // Either another reason covers the resource, or nothing that Leastwise manages is left of it.
            let stopped = |w: &mut WindowRow| w.window.stops().is_some_and(|stop| stop <= now);
            for mut row in track.windows.extract_if(.., stopped) {
                row.over = Some(now);
                out.windows.insert(row.window.grant.clone(), row);
            }
        }
        for window in late {
            let reason = "The requested access ended before it could be granted.".to_owned();
            self.resolve_grant(&window, ItemResult::Failed { at: now, reason }, out);
        }
    }

    pub(super) fn alarm(&mut self, key: &AccessResource, now: Timestamp, out: &mut StepOutput) {
        let track = self.track(key);
        let Some(closing) = &mut track.row.closing else {
            return;
        };
        let mut alarm = closing.alarms;
        while closing.since + alarm_after(alarm + 1) <= now {
            alarm += 1;
        }
        if alarm == closing.alarms {
            return;
        }
        closing.alarms = alarm;
        out.events.push(DomainEvent::Overdue {
            key: key.clone(),
            due: closing.since,
            alarm,
            tries: track.row.tries.count,
            last_error: track.row.tries.last_error.clone(),
        });
        out.keys.insert(key.clone());
    }
}
