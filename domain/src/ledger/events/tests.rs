//! The table of event kinds.

use std::collections::BTreeSet;

use super::*;
use crate::{
    ledger::{Actor, ActorKind, Entry, EntryTarget, Outcome},
    time::Timestamp,
};

/// The event types in existing ledgers. Never change or remove one.
const WRITTEN: [&str; 73] = [
    "change.submitted",
    "change.refused",
    "change.approved",
    "change.declined",
    "change.withdrawn",
    "change.expired",
    "change.started",
    "change.sent_back",
    "change.narrowed",
    "change.alarm",
    "change.verified",
    "change.failed",
    "change.commented",
    "change.asked",
    "operation.intended",
    "operation.accepted",
    "operation.failed",
    "operation.verified",
    "step.done",
    "step.failed",
    "grant.started",
    "grant.stopped",
    "grant.closed",
    "grant.revoked",
    "grant.ended",
    "grant.overdue",
    "grant.reappeared",
    "grant.missing",
    "grant.alarm",
    "session.started",
    "session.ended",
    "session.refused",
    "subject.claimed",
    "subject.linked",
    "subject.assigned",
    "subject.not_linked",
    "subject.unclear",
    "role.granted",
    "role.ended",
    "identity.linked",
    "identity.user_seen",
    "identity.suspended",
    "identity.confirmed",
    "identity.link_agreed",
    "identity.joined",
    "identity.link_ended",
    "identity.claim_refused",
    "identity.refusal_withdrawn",
    "identity.alarm_raised",
    "identity.alarm_included",
    "identity.alarm_ended",
    "rules.activated",
    "classification.mapped",
    "classification.recorded",
    "account.declared",
    "account.declaration_ended",
    "sync.completed",
    "job.requested",
    "job.retried",
    "job.dismissed",
    "job.cancelled",
    "outside.seen",
    "report.downloaded",
    "ledger.viewed",
    "ledger.downloaded",
    "ledger.exported",
    "ledger.adopted",
    "ledger.set_aside",
    "ledger.restore_accepted",
    "rows.differ",
    "log.started",
    "log.stopped",
    "access.denied",
];

#[test]
fn every_type_is_the_word_that_existing_ledgers_hold() {
    let words: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(words, WRITTEN);
}

#[test]
fn every_type_is_a_valid_word_and_stands_in_the_table_once() {
    let words: BTreeSet<_> = EventKind::ALL
        .iter()
        .map(|kind| kind.entry_type())
        .collect();
    assert_eq!(words.len(), EventKind::ALL.len());
    for kind in EventKind::ALL {
        assert_eq!(EventKind::of(&kind.entry_type()), Some(*kind));
    }
}

#[test]
fn every_sentence_can_be_filled_in_and_ends_without_a_point() {
    for kind in EventKind::ALL {
        let sentence = kind.meaning().sentence;
        assert!(parts(sentence).is_some(), "{kind:?}");
        assert!(!sentence.ends_with('.'), "{kind:?}");
        assert!(!kind.meaning().title.is_empty(), "{kind:?}");
    }
}

#[test]
fn what_a_person_does_names_the_person() {
    for kind in EventKind::ALL {
        let meaning = kind.meaning();
        if meaning.agency == Agency::Person {
            assert!(meaning.sentence.contains("{actor}"), "{kind:?}");
        }
    }
}

#[test]
fn what_leastwise_started_prepared_or_carried_out_is_an_act_of_leastwise() {
    for kind in [
        EventKind::ChangeStarted,
        EventKind::ChangeVerified,
        EventKind::ChangeFailed,
        EventKind::OperationIntended,
    ] {
        assert_eq!(kind.meaning().agency, Agency::Leastwise, "{kind:?}");
    }
    for kind in [
        EventKind::ChangeSentBack,
        EventKind::RoleGranted,
        EventKind::RoleEnded,
    ] {
        assert_eq!(kind.meaning().agency, Agency::Observation, "{kind:?}");
    }
}

#[test]
fn only_access_that_a_read_no_longer_shows_is_exported_as_revoked() {
    let revokes = |kind: &EventKind| {
        let entry = Entry {
            target: Some(EntryTarget::new("assignment")),
            ..Entry::new(
                kind.entry_type(),
                Timestamp(0),
                Outcome::Success,
                Actor::new(ActorKind::System),
            )
        };
        kind.meaning().ocsf.of(&entry) == OcsfActivity::new(3005, 2)
    };
    let grants = EventKind::ALL
        .iter()
        .filter(|kind| kind.as_str().starts_with("grant."));
    let revoking: Vec<_> = grants.filter(|kind| revokes(kind)).collect();
    assert_eq!(revoking, [&EventKind::GrantEnded, &EventKind::GrantMissing]);
}
