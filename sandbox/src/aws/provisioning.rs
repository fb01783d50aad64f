//! `POST /_sandbox/users`: writes a user as an external identity provider does by SCIM, with external ids and a status.
//! The identity store API of AWS can set neither.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rand::Rng as _;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Builder;

use crate::org::{ExternalId, User};
use crate::state::{SandboxState, SharedState, lock};

/// A user to create, or the new values of an existing one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvisionedUser {
    /// The user to change; a new user gets an id of its own.
    id: Option<Arc<str>>,
    user_name: Box<str>,
    given_name: Box<str>,
    family_name: Box<str>,
    external_ids: Vec<ExternalId>,
    enabled: bool,
}

/// Creates or changes a user, and returns its id.
pub(crate) async fn provision(
    State(sandbox): State<SharedState>,
    Json(wanted): Json<ProvisionedUser>,
) -> (StatusCode, Json<Value>) {
    match written(&mut lock(&sandbox), wanted) {
        Some(id) => (StatusCode::OK, Json(json!({ "id": &*id }))),
        None => (
            StatusCode::NOT_FOUND,
            Json(json!({ "error": "no user has this id" })),
        ),
    }
}

fn written(sandbox: &mut SandboxState, wanted: ProvisionedUser) -> Option<Arc<str>> {
    let now = sandbox.clock.now_ms();
    let mut user = match &wanted.id {
        Some(id) => sandbox.directory.users.get(id)?.clone(),
        None => User {
            id: Builder::from_random_bytes(sandbox.entropy.r#gen())
                .into_uuid()
                .to_string()
                .into(),
            user_name: wanted.user_name.clone(),
            given_name: wanted.given_name.clone(),
            family_name: wanted.family_name.clone(),
            display_name: None,
            email: None,
            title: None,
            user_type: None,
            department: None,
            profile: serde_json::Map::new(),
            manager: None,
            enabled: true,
            external_ids: Vec::new(),
            created_ms: now,
            updated_ms: now,
            revision: 0,
        },
    };
    user.user_name = wanted.user_name;
    user.given_name = wanted.given_name;
    user.family_name = wanted.family_name;
    user.external_ids = wanted.external_ids;
    user.enabled = wanted.enabled;
    user.updated_ms = now;
    user.revision += 1;
    let id = user.id.clone();
    sandbox.directory.users.insert(id.clone(), user);
    sandbox.changes += 1;
    Some(id)
}
