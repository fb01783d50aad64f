//! Everything the sandbox holds, behind one lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::org::pool::Pool;

/// The world as the services share it.
pub type SharedWorld = Arc<Mutex<World>>;

/// All state of the local AWS and the local Cognito.
pub struct World {
    pub clock: Clock,
    pub pool: Pool,
    pub(crate) pool_changed: bool,
}

impl World {
    /// Says that `pool` was changed directly, so that it reaches the state file.
    pub fn note_pool_change(&mut self) {
        self.pool_changed = true;
    }
}

/// Locks the world. A panic in one request does not take the others down: every handler
/// checks before it changes, so that a poisoned lock still guards a whole state.
pub fn lock(world: &SharedWorld) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
