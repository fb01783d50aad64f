//! What happened to a change, from the ledger: the page and the record cannot disagree.

use app::backend::TimelineRow;
use domain::time::Timestamp;
use serde_json::Value;

use crate::store::{change::Stored, ledger::Listed};

/// Oldest first.
pub(super) fn rows(entries: &[Listed], stored: &Stored) -> Vec<TimelineRow> {
    entries
        .iter()
        .filter_map(|entry| row(entry, stored))
        .collect()
}

/// One entry. One that cannot be read is left out here; the ledger's own page and its verifier show it.
fn row(entry: &Listed, stored: &Stored) -> Option<TimelineRow> {
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
        what: words(
            &kind,
            leaf.pointer("/data/present").and_then(Value::as_bool),
        ),
        who: if human {
            let name = entry.actor_name.clone();
            Some(name.unwrap_or_else(|| "somebody (name erased)".into()))
        } else {
            is_our_doing(&kind).then(|| "Leastwise".to_owned())
        },
        aws_request_id: text("/aws_request_id"),
        note,
    })
}

/// Whether Leastwise did it. What AWS did, what was only seen, and what somebody did past Leastwise is
/// written down by it, and not its doing.
fn is_our_doing(kind: &str) -> bool {
    matches!(
        kind,
        "change.started" | "change.sent_back" | "change.verified" | "operation.intended"
    )
}

fn words(kind: &str, present: Option<bool>) -> String {
    match kind {
        "change.submitted" => "Asked for",
        "change.refused" => "Asked for, and refused by the rules",
        "change.approved" => "Approved",
        "change.declined" => "Declined",
        "change.withdrawn" => "Taken back",
        "change.expired" => "Expired: its time was over",
        "change.started" => "Started",
        "change.sent_back" => "Sent back: its effect is not what was approved",
        "change.verified" => "Carried out and read back from AWS",
        "change.failed" => "Not carried out as a whole",
        "operation.intended" => "About to be sent to AWS",
        "operation.accepted" => "Accepted by AWS",
        "operation.failed" => "An operation did not work",
        "operation.verified" if present == Some(false) => "Seen gone in AWS",
        "operation.verified" => "Seen in AWS",
        "grant.started" => "Window began",
        "grant.ended" => "Access seen gone in AWS",
        "grant.overdue" => "Access should be gone and is not",
        "grant.reappeared" => "Access that had gone is there again",
        "grant.missing" => "Access is gone without our doing",
        // A type that this version does not know is shown by its own word.
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
        assert!(is_our_doing("change.started"));
    }
}
