//! The endpoints under `/_sandbox`, with which tests inject faults and read state. AWS has no counterpart.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{FaultPlan, Faults};
use super::sso_admin::operation::settle;
use crate::state::{SharedState, lock};

/// Replaces the fault rules and seeds their random number generator.
pub(crate) async fn set_faults(
    State(sandbox): State<SharedState>,
    Json(plan): Json<FaultPlan>,
) -> Json<Value> {
    let rules = plan.rules.len();
    lock(&sandbox).faults = Faults::new(plan);
    Json(json!({ "rules": rules }))
}

/// Returns the active fault rules with their remaining counts.
pub(crate) async fn faults(State(sandbox): State<SharedState>) -> Json<Value> {
    Json(json!({ "rules": lock(&sandbox).faults.rules() }))
}

/// Returns the persisted state as of now.
pub(crate) async fn state(State(sandbox): State<SharedState>) -> Json<Value> {
    let saved = {
        let mut sandbox = lock(&sandbox);
        let now = sandbox.clock.now_ms();
        settle(&mut sandbox, now);
        sandbox.saved()
    };
    Json(serde_json::to_value(saved).expect("plain data always serializes"))
}

#[derive(Deserialize)]
pub(crate) struct Since {
    #[serde(default)]
    since: u64,
}

/// Returns the calls after number `since`, in order.
pub(crate) async fn calls(
    State(sandbox): State<SharedState>,
    Query(Since { since }): Query<Since>,
) -> Json<Value> {
    Json(lock(&sandbox).calls.json(since))
}
