//! What on the home page needs somebody to act, and the numbers of production PCI over time and by environment.

use domain::{
    classification::Environment,
    snapshot::Figure,
    time::{Date, Timestamp},
};

use super::{AccountRef, ChangeForm, PrincipalRef, Refused, SetRef};

/// The number of people who could reach production PCI on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct HistoryPoint {
    pub day: Date,
    /// Not known if no complete read of that day says it.
    pub people: Figure,
}

/// The assignments in the accounts of one environment that do not count as production PCI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct EnvironmentShare {
    pub environment: Environment,
    pub standing: Figure,
    pub temporary: Figure,
}

/// An assignment that needs somebody to act.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AssignmentRow {
    pub account: AccountRef,
    pub set: SetRef,
    pub principal: PrincipalRef,
    /// The form that removes it.
    pub removal: ChangeForm,
    /// Why that would always be refused.
    pub refused: Option<Refused>,
}

/// A removal that is late: AWS has not confirmed that the access is gone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OverdueRow {
    /// What should be gone, as a sentence without a full stop.
    pub what: String,
    /// The page that shows it.
    pub href: String,
    pub due: Timestamp,
}

/// An account of which AWS reports a less strict classification than is on record. Whoever loosened it may want access.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LooserAccount {
    pub account: AccountRef,
    /// The last read before AWS reported something else, and the first that showed it, if that was lately.
    pub changed: Option<(Timestamp, Timestamp)>,
}

/// Standing access that somebody has to review.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReviewRow {
    pub assignment: AssignmentRow,
    pub on: Date,
}

/// What needs somebody to act. Each list has at most a few rows; the numbers count all.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Attention {
    /// The number of changes that wait for a decision.
    pub waiting: usize,
    /// The longest overdue removals.
    pub overdue: Vec<OverdueRow>,
    pub overdue_count: usize,
    /// Assignments in production PCI whose principal is deleted from the directory.
    pub orphans: Vec<AssignmentRow>,
    pub orphan_count: Figure,
    /// Standing access with a review date that has passed or is near, the first date first.
    pub reviews: Vec<ReviewRow>,
    pub review_count: usize,
    /// Accounts that wait for a confirmation of a less strict classification.
    pub looser: Vec<LooserAccount>,
    pub looser_count: Figure,
    /// Accounts whose declaration ends soon or has ended.
    pub to_confirm: usize,
}

impl Attention {
    /// Whether nobody needs to act.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
            && self.overdue_count == 0
            && matches!(self.orphan_count, Figure::Known(0))
            && self.review_count == 0
            && matches!(self.looser_count, Figure::Known(0) | Figure::NotKnown)
            && self.to_confirm == 0
    }
}
