//! The history of a change, from the ledger, so that the page and the record cannot disagree.

use app::backend::TimelineRow;
use domain::{ids::PersonId, policies::REMOVAL_POLICY_ERROR, snapshot::Snapshot, time::Timestamp};
use serde_json::Value;

use crate::{
    service::{
        journal::SELF_REPORTED_NAME,
        names::{self, RecordedName},
    },
    store::{change::StoredChange, ledger::ListedEntry},
};

/// Returns the rows, oldest first.
pub(super) fn rows(
    entries: &[ListedEntry],
    stored: &StoredChange,
    snapshot: &Snapshot,
) -> Vec<TimelineRow> {
    entries
        .iter()
        .filter_map(|entry| row(entry, stored, snapshot))
        .collect()
}

/// Returns the row of an entry. An unreadable entry is left out here; the page of the ledger and the verifier show it.
fn row(entry: &ListedEntry, stored: &StoredChange, snapshot: &Snapshot) -> Option<TimelineRow> {
    let leaf: Value = serde_json::from_str(&entry.leaf).ok()?;
    let text = |pointer: &str| {
        leaf.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let kind = text("/type")?;
    let at = text("/occurred_at").and_then(|at| Timestamp::parse_rfc3339(&at))?;
    let human = text("/actor/kind").as_deref() == Some("human");
    let note = match kind.as_str() {
        "change.submitted" | "change.refused" => Some(stored.change.proposal.justification.clone()),
        "change.approved" | "change.declined" => {
            let person = text("/actor/person_id");
            let mut given = stored.change.approvals.iter();
            given
                .find(|approval| {
                    approval.at == at && person.as_deref() == Some(approval.approver.as_str())
                })
                .map(|approval| approval.reason.clone())
        }
        "change.failed" => stored.result.clone(),
        _ => text("/reason"),
    };
    Some(TimelineRow {
        seq: entry.seq,
        at,
        what: if kind == "change.alarm" && is_policy_error(&leaf) {
            "Alarm: a policy on removals could not be evaluated".to_owned()
        } else {
            let present = leaf.pointer("/data/present").and_then(Value::as_bool);
            words(&kind, present)
        },
        who: if human {
            let checked = leaf
                .pointer("/private")
                .and_then(|all| all.get(SELF_REPORTED_NAME));
            let recorded = checked.map_or(RecordedName::SelfReported, |_| RecordedName::Checked);
            let person = text("/actor/person_id").and_then(|id| PersonId::parse(&id).ok());
            let name = entry.actor_name.as_ref();
            let name =
                name.map(|name| names::recorded_actor(snapshot, person.as_ref(), name, recorded));
            Some(name.unwrap_or_else(|| "Unknown person (name erased)".into()))
        } else {
            is_our_doing(&kind).then(|| "Leastwise".to_owned())
        },
        aws_request_id: text("/aws_request_id"),
        note,
    })
}

/// Whether an alarm was raised only because a policy on removals could not be evaluated.
fn is_policy_error(leaf: &Value) -> bool {
    let rules = leaf.pointer("/data/rules").and_then(Value::as_array);
    rules.is_some_and(|rules| rules.iter().all(|rule| rule == REMOVAL_POLICY_ERROR))
}

/// Whether the row names Leastwise as the actor. Responses of AWS, observations and changes made outside Leastwise are
/// recorded by Leastwise, but are not its actions. The labels of other steps need no actor.
fn is_our_doing(kind: &str) -> bool {
    matches!(kind, "change.sent_back" | "change.verified")
}

fn words(kind: &str, present: Option<bool>) -> String {
    match kind {
        "change.submitted" => "Requested",
        "change.refused" => "Requested, and blocked by policy",
        "change.approved" => "Approved",
        "change.declined" => "Declined",
        "change.withdrawn" => "Withdrawn",
        "change.expired" => "Expired",
        "change.started" => "Change started",
        "change.sent_back" => "Sent back: its effect differs from what was approved",
        "change.narrowed" => "Starts with less than what was approved",
        "change.alarm" => "Alarm: it removes oversight access, or the access of many people",
        "change.verified" => "Carried out and verified in AWS",
        "change.failed" => "Not carried out completely",
        "operation.intended" => "Request to AWS prepared",
        "operation.accepted" => "Accepted by AWS",
        "operation.failed" => "An operation failed",
        "operation.verified" if present == Some(false) => "Removal verified in AWS",
        "operation.verified" => "Verified in AWS",
        "grant.started" => "Access recorded",
        "grant.ended" => "Access verified as removed from AWS",
        "grant.overdue" => "Access is overdue for removal",
        "grant.reappeared" => "Removed access exists again",
        "grant.missing" => "Access was removed outside Leastwise",
        "grant.alarm" => "Alarm: temporary oversight access has ended",
        // Show an event type that this version does not know as it is stored.
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_did_past_leastwise_is_not_called_its_doing() {
        for kind in [
            "grant.missing",
            "grant.reappeared",
            "operation.accepted",
            "change.expired",
        ] {
            assert!(!is_our_doing(kind), "{kind}");
        }
        assert!(is_our_doing("change.verified"));
    }
}
