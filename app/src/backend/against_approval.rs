//! What speaks against the approval of an undecided change, and who may decline it all the same.

use super::{ChangeView, DecisionObstacle};

/// Why an undecided change cannot be approved now, in one sentence, or why what is shown of it may not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgainstApproval {
    /// It lasts, so that only another request helps.
    Lasting(String),
    /// It may pass.
    Passing(String),
    /// Other policies are in force than those that it was evaluated by. A decision evaluates it again.
    EarlierPolicies,
}

impl ChangeView {
    /// Whether the viewer may decline the change. Whoever may approve it may decline it.
    pub fn may_decline(&self) -> bool {
        matches!(
            self.decide,
            Ok(()) | Err(DecisionObstacle::MayDeclineOnly(_))
        )
    }
}
