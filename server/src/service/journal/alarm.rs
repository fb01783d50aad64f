//! The entry of an alarm about a change. It is appended together with the request, so that no removal that raises an
//! alarm exists without one.

use domain::{
    change::Change,
    ledger::{EventKind, Outcome},
};

use super::{EntryActor, EntryBuilder, Journal};

impl Journal {
    /// A change was requested that removes oversight access, or the access of many people.
    pub fn change_alarm(&self, who: &EntryActor, change: &Change, people: usize) -> EntryBuilder {
        let rules: Vec<&str> = change
            .verdict
            .hits
            .iter()
            .map(|hit| hit.rule.as_str())
            .collect();
        self.entry(EventKind::ChangeAlarm, Outcome::Pending, who)
            .change(&change.id)
            .target_id("change", change.id.as_str())
            .at(change.submitted)
            .fact("rules", rules)
            .fact("people", people)
    }
}
