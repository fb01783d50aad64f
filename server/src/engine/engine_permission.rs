//! What the engine permits its own writes to AWS: only what this process decided, while it runs the engine, and in time.

use std::sync::Arc;

use domain::{
    engine::{Call, Generation},
    time::Timestamp,
};

use crate::{
    aws::fence::WritePermission,
    clock::Clock,
    service::{app_state::AppState, engine_lease::EngineLease},
};

/// The permission of one call.
pub(super) struct EnginePermission {
    engine_lease: Arc<EngineLease>,
    clock: Clock,
    generation: Generation,
    not_after: Timestamp,
}

impl EnginePermission {
    pub(super) fn of(app_state: &AppState, call: &Call) -> Self {
        Self {
            engine_lease: app_state.engine_lease.clone(),
            clock: app_state.clock.clone(),
            generation: call.generation,
            not_after: call.not_after,
        }
    }
}

impl WritePermission for EnginePermission {
    fn may_send(&self) -> bool {
        // A delayed write could take effect after a newer decision.
        self.clock.now() <= self.not_after && self.may_wait()
    }

    fn may_wait(&self) -> bool {
        self.engine_lease.permits(self.generation)
    }
}
