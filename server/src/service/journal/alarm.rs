//! The entries of alarms about removals. They are appended together with what raises them, so that no removal that raises
//! an alarm exists without one.

use domain::{
    change::Change,
    engine::{AccessResource, WindowRow},
    ledger::{EventKind, Outcome},
    time::Timestamp,
    verdict::Hit,
};

use super::{EntryActor, EntryBuilder, Journal};

impl Journal {
    /// Policies on removals match a change. `people` is the number of people who lose access by it; the entry also has the
    /// number together with the requester's earlier removals, if these decided.
    pub fn change_alarm(
        &self,
        who: &EntryActor,
        change: &Change,
        hits: &[&Hit],
        people: usize,
        at: Timestamp,
    ) -> EntryBuilder {
        let rules: Vec<&str> = hits.iter().map(|hit| hit.rule.as_str()).collect();
        let reasons: Vec<&str> = hits.iter().map(|hit| hit.reason.as_str()).collect();
        let together = hits.iter().filter_map(|hit| hit.people_together).max();
        let entry = self
            .entry(EventKind::ChangeAlarm, Outcome::Pending, who)
            .change(&change.id)
            .target_id("change", change.id.as_str())
            .at(at)
            .reason(&reasons.join(" "))
            .fact("rules", rules)
            .fact("people", people);
        match together {
            Some(together) => entry.fact("people_together", together),
            None => entry,
        }
    }

    /// Temporary access to oversight reached its end, and a read shows it removed.
    pub fn grant_alarm(&self, window: &WindowRow, at: Timestamp) -> EntryBuilder {
        let (key, granted): (&AccessResource, _) = (&window.key, &window.window);
        self.entry(
            EventKind::GrantAlarm,
            Outcome::Success,
            &EntryActor::leastwise(),
        )
        .change(&granted.change)
        .key(key)
        .at(at)
        .fact("grant", granted.grant.as_str())
    }
}
