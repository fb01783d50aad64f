//! The history of a change, from the ledger, so that the page and the record cannot disagree.

use app::backend::{CommentAuthor, CommentText, CommentView, RecordedFactor, TimelineRow};
use domain::{
    change::CommentKind,
    ids::{AccountId, PersonId},
    ledger::{ActorKind, Agency, EventKind, Hash},
    snapshot::Snapshot,
    time::Timestamp,
};
use serde_json::Value;

use crate::{
    service::{
        ledger::authenticity,
        names::{self, RecordedName},
    },
    store::{change::StoredChange, ledger::ListedEntry},
};

/// Returns the rows, oldest first. Without the change, they quote nobody.
pub(super) fn rows(
    entries: &[ListedEntry],
    stored: Option<&StoredChange>,
    snapshot: &Snapshot,
) -> Vec<TimelineRow> {
    entries
        .iter()
        .filter_map(|entry| row(entry, stored, snapshot))
        .collect()
}

/// Returns the row of an entry. An unreadable entry is left out here; the page of the ledger and the verifier show it.
fn row(
    entry: &ListedEntry,
    stored: Option<&StoredChange>,
    snapshot: &Snapshot,
) -> Option<TimelineRow> {
    let leaf: Value = serde_json::from_str(&entry.leaf).ok()?;
    let text = |pointer: &str| {
        leaf.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let word = text("/type")?;
    let kind = EventKind::from_word(&word);
    let at = text("/occurred_at").and_then(|at| Timestamp::parse_rfc3339(&at))?;
    let note = match kind {
        Some(EventKind::ChangeSubmitted | EventKind::ChangeRefused) => {
            stored.map(|stored| stored.change.proposal.justification.clone())
        }
        Some(EventKind::ChangeApproved | EventKind::ChangeDeclined) => {
            let person = text("/actor/person_id");
            let mut given = stored.iter().flat_map(|stored| &stored.change.approvals);
            given
                .find(|approval| {
                    approval.at == at && person.as_deref() == Some(approval.approver.as_str())
                })
                .map(|approval| approval.reason.clone())
        }
        Some(EventKind::ChangeFailed) => stored.and_then(|stored| stored.result.clone()),
        Some(EventKind::ChangeCommented | EventKind::ChangeAsked) => {
            Some(comment_text(entry, &leaf).words().to_owned())
        }
        _ => text("/reason"),
    };
    let several = stored.is_some_and(|stored| stored.change.proposal.operations.len() > 1);
    let about = text("/target/account_id")
        .filter(|_| several && text("/target/type") != Some("change".into()));
    let about = about.and_then(|id| AccountId::parse(&id).ok());
    let present = leaf.pointer("/data/present").and_then(Value::as_bool);
    Some(TimelineRow {
        seq: entry.seq,
        authenticity: authenticity(entry),
        at,
        kind,
        person: actor_id(&leaf),
        factor: factor(&leaf),
        what: what(kind, &word, present),
        account: about.map(|id| names::account(snapshot, &id).name),
        who: actor(entry, &leaf, kind, snapshot),
        aws_request_id: text("/aws_request_id"),
        note,
    })
}

/// Returns the name of who did it; none if nobody in Leastwise did.
fn actor(
    entry: &ListedEntry,
    leaf: &Value,
    kind: Option<EventKind>,
    snapshot: &Snapshot,
) -> Option<String> {
    if leaf.pointer("/actor/kind").and_then(Value::as_str) != Some("human") {
        return kind
            .filter(|kind| is_our_doing(*kind))
            .map(|_| "Leastwise".to_owned());
    }
    let private = leaf.pointer("/private").and_then(Value::as_object);
    let private = private.into_iter().flat_map(|all| all.keys());
    let recorded = RecordedName::of(ActorKind::Human, private);
    let person = actor_id(leaf);
    let name = entry.actor_name.as_ref();
    let name = name.map(|name| names::recorded_actor(snapshot, person.as_ref(), name, recorded));
    Some(name.unwrap_or_else(|| "Unknown person (name erased)".into()))
}

/// Returns the second factor that the entry records, with the newest sign-in by which it was proven.
fn factor(leaf: &Value) -> RecordedFactor {
    let Some(mfa) = leaf.pointer("/actor/mfa").filter(|mfa| mfa.is_object()) else {
        // A session keeps the result, and not always the evidence.
        let proven = leaf.pointer("/data/second_factor_proven");
        return match proven.and_then(Value::as_bool) {
            Some(true) => RecordedFactor::Proven(None),
            _ => RecordedFactor::NotRecorded,
        };
    };
    let at = |name: &str| mfa.get(name)?.as_str().and_then(Timestamp::parse_rfc3339);
    RecordedFactor::Proven(at("step_up_at").max(at("auth_time")))
}

fn actor_id(leaf: &Value) -> Option<PersonId> {
    let id = leaf.pointer("/actor/person_id").and_then(Value::as_str)?;
    PersonId::parse(id).ok()
}

/// Returns the comments on a change, oldest first.
pub(super) fn comments(
    entries: &[ListedEntry],
    requester: &PersonId,
    snapshot: &Snapshot,
) -> Vec<CommentView> {
    entries
        .iter()
        .filter_map(|entry| comment(entry, requester, snapshot))
        .collect()
}

fn comment(entry: &ListedEntry, requester: &PersonId, snapshot: &Snapshot) -> Option<CommentView> {
    let leaf: Value = serde_json::from_str(&entry.leaf).ok()?;
    let text = |pointer: &str| leaf.pointer(pointer).and_then(Value::as_str);
    let event = EventKind::from_word(text("/type")?)?;
    let kind = match event {
        EventKind::ChangeCommented => CommentKind::Comment,
        EventKind::ChangeAsked => CommentKind::Question,
        _ => return None,
    };
    Some(CommentView {
        seq: entry.seq,
        authenticity: authenticity(entry),
        kind,
        at: text("/occurred_at").and_then(Timestamp::parse_rfc3339)?,
        who: actor(entry, &leaf, Some(event), snapshot)?,
        author: if actor_id(&leaf).as_ref() == Some(requester) {
            CommentAuthor::Requester
        } else {
            CommentAuthor::Other
        },
        text: comment_text(entry, &leaf),
    })
}

/// Returns the text of a comment, if it is the one that the entry records.
fn comment_text(entry: &ListedEntry, leaf: &Value) -> CommentText {
    let Some(stored) = &entry.comment else {
        return CommentText::Erased;
    };
    let recorded = leaf.pointer("/private/comment/h").and_then(Value::as_str);
    let recorded = recorded.and_then(|hash| Hash::parse_hex(hash.as_bytes()));
    if recorded == Some(stored.hash()) {
        CommentText::Text(stored.value.clone())
    } else {
        CommentText::Altered
    }
}

/// Whether the row names Leastwise as the actor. Responses of AWS, observations and changes made outside Leastwise are
/// recorded by Leastwise, but are not its actions. The labels of other steps need no actor.
fn is_our_doing(kind: EventKind) -> bool {
    kind.meaning().agency == Agency::Leastwise
}

/// Describes an event. A type that this version does not know is shown as it is stored.
fn what(kind: Option<EventKind>, word: &str, present: Option<bool>) -> String {
    match kind {
        Some(EventKind::OperationVerified) if present == Some(false) => "Removal verified in AWS",
        Some(kind) => kind.meaning().title,
        None => word,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_did_past_leastwise_is_not_called_its_doing() {
        for kind in [
            EventKind::GrantMissing,
            EventKind::GrantReappeared,
            EventKind::OperationAccepted,
            EventKind::ChangeExpired,
        ] {
            assert!(!is_our_doing(kind), "{kind:?}");
        }
        assert!(is_our_doing(EventKind::ChangeVerified));
        assert!(is_our_doing(EventKind::ChangeStarted));
    }
}
