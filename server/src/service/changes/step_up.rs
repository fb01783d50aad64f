//! Whether the viewer's sign-in is recent enough to decide a change.
//!
//! `domain::second_factor` decides; this module supplies what it needs. Writes nothing.

use app::backend::StepUpView;
use domain::second_factor::{Sensitivity, StepUp, StepUpReason, sensitivity};

use crate::{service::Service, store::change::StoredChange};

impl Service {
    /// Checks the viewer's sign-in against what the change concerns.
    pub(super) fn step_up(&self, stored: &StoredChange) -> StepUp {
        let read_model = self.app_state.read_model();
        let operations = &stored.change.proposal.operations;
        let what = if stored.change.verdict.needs_step_up() {
            Sensitivity::ProductionPci
        } else {
            sensitivity(&read_model.snapshot, operations, &stored.effect)
        };
        let limit = self.app_state.settings.step_up.of(what);
        self.caller.step_up(limit, self.app_state.clock.now())
    }

    /// Describes what the viewer has to do before they decide; `None` if nothing.
    pub(super) fn step_up_view(&self, stored: &StoredChange) -> Option<StepUpView> {
        match (self.step_up(stored), self.caller.authenticated_at()) {
            (StepUp::Proven, _) => None,
            (StepUp::Needed(StepUpReason::TooOld(limit)), Some(at)) => Some(StepUpView::TooOld {
                limit,
                signed_in: at,
            }),
            (StepUp::Needed(_), _) => Some(StepUpView::NoFactor),
        }
    }
}
