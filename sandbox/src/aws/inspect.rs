//! The endpoints under `/_sandbox`, with which tests inject faults and read state. AWS has no counterpart.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{FaultPlan, Faults};
use super::sso_admin::operation::settle;
use crate::world::{SharedWorld, lock};

/// Replaces the fault rules and seeds their random number generator.
pub(crate) async fn set_faults(
    State(world): State<SharedWorld>,
    Json(plan): Json<FaultPlan>,
) -> Json<Value> {
    let rules = plan.rules.len();
    lock(&world).faults = Faults::new(plan);
    Json(json!({ "rules": rules }))
}

/// Returns the active fault rules with their remaining counts.
pub(crate) async fn faults(State(world): State<SharedWorld>) -> Json<Value> {
    Json(json!({ "rules": lock(&world).faults.rules() }))
}

/// Returns the persisted state as of now.
pub(crate) async fn state(State(world): State<SharedWorld>) -> Json<Value> {
    let saved = {
        let mut world = lock(&world);
        let now = world.clock.now_ms();
        settle(&mut world, now);
        world.saved()
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
    State(world): State<SharedWorld>,
    Query(Since { since }): Query<Since>,
) -> Json<Value> {
    Json(lock(&world).calls.json(since))
}
