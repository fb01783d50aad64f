//! Rows that earlier versions stored are read by this one, and nothing in them is lost.
//!
//! The fixtures are what each version wrote, from runs of its simulation. They are never edited.

use domain::{
    engine::{ChangePhase, Event, Generation, ItemResult, Pacing, Rows, State},
    ids::OperationId,
    time::Timestamp,
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
