//! The engine's events as ledger entries, one for one, so that a commit's events and its entries agree.

use domain::{
    engine::{Cause, DomainEvent, ItemResult, StepResult},
    ids::Principal,
    ledger::{EventKind, Outcome},
};

use super::{EntryActor, EntryBuilder, Journal};

impl Journal {
    /// Returns the entry for an event of the engine, to append in the transaction of its commit.
    pub fn domain_event(&self, event: &DomainEvent) -> EntryBuilder {
        let entry = |kind, outcome| self.entry(kind, outcome, &EntryActor::leastwise());
        match event {
            DomainEvent::Applying { change, plans } => {
                let entry = entry(EventKind::ChangeStarted, Outcome::Pending).change(change);
                match plans {
                    Some(plans) => entry.fact("plans", plans.hex()),
                    None => entry,
                }
            }
            DomainEvent::Narrowed { change, effect } => {
                entry(EventKind::ChangeNarrowed, Outcome::Success)
                    .change(change)
                    .reason("it starts with less than what was approved")
                    .fact("effect", effect.0.as_str())
            }
            DomainEvent::SentBack { change } => {
                entry(EventKind::ChangeSentBack, Outcome::Pending).change(change)
            }
            DomainEvent::Verified { change } => {
                entry(EventKind::ChangeVerified, Outcome::Success).change(change)
            }
            DomainEvent::Failed { change, reason } => {
                // Messages from AWS may contain names.
                entry(EventKind::ChangeFailed, Outcome::Failure)
                    .change(change)
                    .private("reason", reason)
            }
            DomainEvent::Step {
                change,
                index,
                key,
                step,
                of,
                name,
                result,
            } => {
                let builder = self
                    .step(result)
                    .subject(key)
                    .change(change)
                    .fact("item", *index)
                    .fact("step", *step)
                    .fact("steps", *of);
                match name {
                    Some(name) => builder.fact("step_name", name.as_str()),
                    None => builder,
                }
            }
            DomainEvent::Item {
                change,
                index,
                key,
                result,
            } => {
                let builder = self.item(result).change(change).key(key);
                result_of(builder.fact("item", *index), result)
            }
            DomainEvent::Removed {
                key,
                due,
                verified_at,
                last_use,
                how,
            } => entry(EventKind::GrantEnded, Outcome::Success)
                .key(key)
                .at(*verified_at)
                .fact("due", due.rfc3339())
                .fact("sessions_may_last_until", last_use.rfc3339())
                .fact("by", by(*how)),
            DomainEvent::Overdue {
                key,
                due,
                alarm,
                tries,
                last_error,
            } => {
                let builder = entry(EventKind::GrantOverdue, Outcome::Failure)
                    .key(key)
                    .fact("due", due.rfc3339())
                    .fact("alarm", *alarm)
                    .fact("tries", *tries);
                match last_error {
                    Some(error) => builder.private("last_error", error),
                    None => builder,
                }
            }
            DomainEvent::Reappeared { key, seen_at } => {
                entry(EventKind::GrantReappeared, Outcome::Success)
                    .key(key)
                    .at(*seen_at)
            }
            DomainEvent::Missing { key, seen_at } => {
                entry(EventKind::GrantMissing, Outcome::Success)
                    .key(key)
                    .at(*seen_at)
            }
        }
    }

    /// Returns the entry of an item with this result.
    fn item(&self, result: &ItemResult) -> EntryBuilder {
        match result {
            ItemResult::Failed { .. } | ItemResult::Stopped { .. } => {
                self.system_entry(EventKind::OperationFailed, Outcome::Failure)
            }
            ItemResult::Granted { .. }
            | ItemResult::Removed { .. }
            | ItemResult::Carried { .. } => {
                self.system_entry(EventKind::OperationVerified, Outcome::Success)
            }
        }
    }

    /// Returns the entry of a step that ended.
    fn step(&self, result: &StepResult) -> EntryBuilder {
        match result {
            StepResult::Done { verified_at, how } => self
                .system_entry(EventKind::StepDone, Outcome::Success)
                .at(*verified_at)
                .fact("by", by(*how)),
            StepResult::Failed { at, reason } => self
                .system_entry(EventKind::StepFailed, Outcome::Failure)
                .at(*at)
                .private("reason", reason),
        }
    }
}

fn result_of(builder: EntryBuilder, result: &ItemResult) -> EntryBuilder {
    match result {
        ItemResult::Granted {
            verified_at,
            how,
            others,
        } => builder
            .at(*verified_at)
            .fact("present", true)
            .fact("by", by(*how))
            .fact("others", ids(others.iter())),
        ItemResult::Removed {
            verified_at,
            last_use,
            how,
            others,
        } => builder
            .at(*verified_at)
            .fact("present", false)
            .fact("sessions_may_last_until", last_use.rfc3339())
            .fact("by", by(*how))
            .fact("others", ids(others.iter())),
        ItemResult::Carried { verified_at, how } => builder.at(*verified_at).fact("by", by(*how)),
        ItemResult::Stopped { at, stop, done } => builder
            .at(*at)
            .fact("steps_done", *done)
            .private("reason", &stop.to_string()),
        ItemResult::Failed { at, reason } => builder.at(*at).private("reason", reason),
    }
}

/// The maximum number of ids in a fact, which also contains the total. A pair can have hundreds.
const LISTED: usize = 200;

fn ids<'a>(principals: impl ExactSizeIterator<Item = &'a Principal>) -> serde_json::Value {
    let all = principals.len();
    let listed: Vec<String> = principals
        .take(LISTED)
        .map(|principal| format!("{}:{}", principal.kind(), principal.id()))
        .collect();
    serde_json::json!({ "number": all, "listed": listed })
}

fn by(how: Cause) -> &'static str {
    match how {
        Cause::OurWrite => "leastwise",
        Cause::AlreadySo => "found_so",
    }
}
