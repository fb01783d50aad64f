//! Rows that earlier versions stored are read by this one, and nothing in them is lost.
//!
//! The fixtures are what each version wrote, from runs of its simulation. They are never edited.

use domain::{
    engine::{
        ChangePhase, ChangeRow, DomainEvent, Effect, Event, Generation, Item, ItemResult, ItemRow,
        Pacing, ProgressRow, Rows, SagaStop, State, StepPhase, StepRow, SubjectContent, Write,
    },
    ids::{ChangeId, OperationId, PersonId, UserId},
    permission_set::ContentHash,
    subject::{PlannedStep, SagaPlan, Step, SubjectKey, content_hash},
    time::{Duration, Timestamp},
};
use serde_json::Value;

/// Written by the version before sagas and start times existed.
const BEFORE_SAGAS: &str = include_str!("fixtures/engine_rows_before_sagas.json");

/// Returns whether everything in the first value is in the second one.
fn contains(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old
            .iter()
            .all(|(name, value)| new.get(name).is_some_and(|known| contains(value, known))),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| contains(old, new))
        }
        (old, new) => old == new,
    }
}

#[test]
fn every_row_of_an_earlier_version_is_read_and_written_again_with_all_that_it_held() {
    let stored: Value = serde_json::from_str(BEFORE_SAGAS).unwrap();
    let rows: Rows = serde_json::from_str(BEFORE_SAGAS).unwrap();
    let again = serde_json::to_value(&rows).unwrap();
    for kind in ["keys", "windows", "operations", "changes"] {
        let stored = stored[kind].as_array().unwrap();
        assert!(stored.len() > 5, "{kind}");
        for (row, again) in stored.iter().zip(again[kind].as_array().unwrap()) {
            assert!(contains(row, again), "{kind}: {row} became {again}");
        }
    }
}

#[test]
fn the_fixture_holds_every_phase_and_every_result_that_version_knew() {
    let rows: Rows = serde_json::from_str(BEFORE_SAGAS).unwrap();
    for phase in [
        ChangePhase::Queued,
        ChangePhase::Applying,
        ChangePhase::Over,
    ] {
        assert!(
            rows.changes.iter().any(|row| row.phase == phase),
            "{phase:?}"
        );
    }
    let results: Vec<&ItemResult> = rows
        .changes
        .iter()
        .flat_map(|row| &row.items)
        .filter_map(|item| item.result.as_ref())
        .collect();
    assert!(
        results
            .iter()
            .any(|r| matches!(r, ItemResult::Granted { .. }))
    );
    assert!(
        results
            .iter()
            .any(|r| matches!(r, ItemResult::Removed { .. }))
    );
    assert!(
        results
            .iter()
            .any(|r| matches!(r, ItemResult::Failed { .. }))
    );
}

#[test]
fn a_change_that_an_earlier_version_queued_asks_for_its_verdict_at_once() {
    let rows: Rows = serde_json::from_str(BEFORE_SAGAS).unwrap();
    let all = rows.changes.into_iter();
    let changes: Vec<_> = all.filter(|row| row.phase == ChangePhase::Queued).collect();
    let queued: Vec<_> = changes.iter().map(|row| row.change.clone()).collect();
    assert!(!queued.is_empty());
    let rows = Rows {
        changes,
        ..Rows::default()
    };
    let now = Timestamp(0);
    let mut state = State::restore(rows, Generation(1), Pacing::default(), now);
    let mut ids = || OperationId::parse("00000000-0000-4000-8000-000000000001").unwrap();
    let effects = format!("{:?}", state.step(Event::Tick, now, &mut ids));
    for change in queued {
        assert!(effects.contains(&change.to_string()), "{effects}");
    }
}

fn person() -> PersonId {
    PersonId::parse("00000003-0000-4000-8000-000000000001").expect("a UUID")
}

fn linked() -> UserId {
    UserId::parse("00000000-0000-4000-8000-000000000001").expect("a UUID")
}

fn before() -> ContentHash {
    content_hash(&None::<UserId>)
}

fn after() -> ContentHash {
    content_hash(&Some(linked()))
}

/// A change with one saga under way, whose row somebody edited.
fn edited(steps: Vec<StepRow>) -> Rows {
    let change = ChangeId::parse("00000009-0000-4000-8000-000000000001").expect("a UUID");
    let plan = SagaPlan {
        key: SubjectKey::IdentityLink { person: person() },
        seen: before().into(),
        steps: vec![PlannedStep {
            step: Step::Link {
                person: person(),
                user: Some(linked()),
            },
            leaves: after().into(),
        }],
    };
    Rows {
        changes: vec![ChangeRow {
            change: change.clone(),
            items: vec![ItemRow {
                item: Item::Saga { plan: plan.into() },
                result: None,
            }],
            phase: ChangePhase::Applying,
            not_before: None,
            started: Some(Timestamp(0)),
        }],
        progress: vec![ProgressRow {
            steps,
            ..ProgressRow::new(change.clone(), 0)
        }],
        altered: [(change, 0)].into(),
        ..Rows::default()
    }
}

/// Restores the engine from rows, and answers each read of the subject with the next of these contents.
fn read_as(rows: Rows, contents: &[ContentHash]) -> Vec<Effect> {
    let mut now = Timestamp(60_000);
    let mut state = State::restore(rows, Generation(2), Pacing::default(), now);
    let mut ids = || OperationId::parse("00000000-0000-4000-8000-000000000001").expect("a UUID");
    let mut effects = state.step(Event::Tick, now, &mut ids);
    for content in contents {
        let Some(Effect::ReadSubject(read)) = effects.pop() else {
            panic!("no read");
        };
        let read = Event::SubjectRead {
            change: read.change,
            index: read.index,
            content: SubjectContent::Is(content.clone()),
            as_of: now,
        };
        effects = state.step(read, now, &mut ids);
        if effects.is_empty() {
            now = now + Duration::hours(1);
            effects = state.step(Event::Tick, now, &mut ids);
        }
    }
    effects
}

fn stopped(effects: &[Effect]) -> (SagaStop, usize) {
    let [Effect::Commit(commit)] = effects else {
        panic!("{effects:?}");
    };
    let failed = |event: &DomainEvent| matches!(event, DomainEvent::Failed { reason, .. } if reason.contains("ledger"));
    assert!(commit.events.iter().any(failed), "{commit:?}");
    let result = commit.writes.iter().find_map(|write| match write {
        Write::Change(row) => row.items[0].result.clone(),
        _ => None,
    });
    match result {
        Some(ItemResult::Stopped { stop, done, .. }) => (stop, done),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_saga_whose_row_was_edited_writes_nothing_and_says_so() {
    let effects = read_as(edited(Vec::new()), &[before()]);
    assert_eq!(stopped(&effects), (SagaStop::Altered, 0));
}

#[test]
fn a_step_that_was_sent_before_the_row_was_edited_is_told_if_a_read_shows_it() {
    let sent = StepRow {
        phase: StepPhase::Intended,
        attempt: 1,
        intended_at: Some(Timestamp(59_000)),
        ended_at: None,
        error: None,
    };
    let effects = read_as(edited(vec![sent.clone()]), &[after()]);
    assert_eq!(stopped(&effects), (SagaStop::Altered, 1));
    // It may still take effect, so it is read again before the saga stops.
    let effects = read_as(edited(vec![sent]), &[before(), before()]);
    assert_eq!(stopped(&effects), (SagaStop::Altered, 0));
}
