//! The engine's events as ledger entries, one for one, so that a commit's events and its entries agree.

use domain::{
    engine::{How, ItemResult, Tell},
    ids::Principal,
    ledger::Outcome,
};

use super::{Draft, Journal, Kind, Who};

impl Journal {
    /// Returns the entry for an event of the engine, to append in the transaction of its commit.
    pub fn told(&self, tell: &Tell) -> Draft {
        let entry = |kind, outcome| self.entry(kind, outcome, &Who::leastwise());
        match tell {
            Tell::Applying { change } => {
                entry(Kind::ChangeStarted, Outcome::Pending).change(change)
            }
            Tell::SentBack { change } => {
                entry(Kind::ChangeSentBack, Outcome::Pending).change(change)
            }
            Tell::Verified { change } => {
                entry(Kind::ChangeVerified, Outcome::Success).change(change)
            }
            Tell::Failed { change, reason } => {
                // Messages from AWS may contain names.
                entry(Kind::ChangeFailed, Outcome::Failure)
                    .change(change)
                    .private("reason", reason)
            }
            Tell::Item {
                change,
                index,
                key,
                result,
            } => {
                let draft = match result {
                    ItemResult::Failed { .. } => entry(Kind::OperationFailed, Outcome::Failure),
                    ItemResult::Granted { .. } | ItemResult::Removed { .. } => {
                        entry(Kind::OperationVerified, Outcome::Success)
                    }
                };
                result_of(draft.change(change).key(key).fact("item", *index), result)
            }
            Tell::Removed {
                key,
                due,
                verified_at,
                last_use,
                how,
            } => entry(Kind::GrantEnded, Outcome::Success)
                .key(key)
                .at(*verified_at)
                .fact("due", due.rfc3339())
                .fact("sessions_may_last_until", last_use.rfc3339())
                .fact("by", by(*how)),
            Tell::Overdue {
                key,
                due,
                alarm,
                tries,
                last_error,
            } => {
                let draft = entry(Kind::GrantOverdue, Outcome::Failure)
                    .key(key)
                    .fact("due", due.rfc3339())
                    .fact("alarm", *alarm)
                    .fact("tries", *tries);
                match last_error {
                    Some(error) => draft.private("last_error", error),
                    None => draft,
                }
            }
            Tell::Reappeared { key, seen_at } => entry(Kind::GrantReappeared, Outcome::Success)
                .key(key)
                .at(*seen_at),
            Tell::Missing { key, seen_at } => entry(Kind::GrantMissing, Outcome::Success)
                .key(key)
                .at(*seen_at),
        }
    }
}

fn result_of(draft: Draft, result: &ItemResult) -> Draft {
    match result {
        ItemResult::Granted {
            verified_at,
            how,
            others,
        } => draft
            .at(*verified_at)
            .fact("present", true)
            .fact("by", by(*how))
            .fact("others", ids(others.iter())),
        ItemResult::Removed {
            verified_at,
            last_use,
            how,
            others,
        } => draft
            .at(*verified_at)
            .fact("present", false)
            .fact("sessions_may_last_until", last_use.rfc3339())
            .fact("by", by(*how))
            .fact("others", ids(others.iter())),
        ItemResult::Failed { at, reason } => draft.at(*at).private("reason", reason),
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

fn by(how: How) -> &'static str {
    match how {
        How::ByUs => "leastwise",
        How::FoundSo => "found_so",
    }
}
