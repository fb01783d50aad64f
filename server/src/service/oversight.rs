//! Says which oversight marks of the configuration mark no permission set. Nothing is decided by it: such a mark protects
//! nothing, and nobody else would notice.

use domain::policies::idle_oversight_marks;

use super::app_state::AppState;

/// Returns the marks that mark no permission set, as they are configured.
pub fn idle_marks(app_state: &AppState) -> Vec<String> {
    let read_model = app_state.read_model();
    let idle = idle_oversight_marks(&read_model.rules, &read_model.snapshot);
    idle.into_iter().map(ToString::to_string).collect()
}

/// Writes them to the log.
pub fn warn_of_idle_marks(app_state: &AppState) {
    for mark in idle_marks(app_state) {
        tracing::warn!(
            mark,
            "no permission set is, or has attached, this value of LEASTWISE_OVERSIGHT_SETS, so it protects nothing"
        );
    }
}
