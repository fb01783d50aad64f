//! Why an approved change does not start, as its page says it.

use domain::identity::LinkDifference;

/// Somebody declined the change.
pub(super) const DECLINED: &str = "This change has already been declined.";

/// The reason why a change does not start that is not stored any more.
pub(super) const MISSING: &str = "This change no longer exists.";

/// The reason why a change that was approved too long ago does not start.
pub(super) const TOO_LATE: &str =
    "The time in which this change could start is over. Request it again.";

/// The reason why a change does not start a second time.
pub(super) const ONCE: &str =
    "According to the ledger, this change was carried out or ended before. Request it again.";

/// Why a change does not start whose requester is linked to no user.
pub(super) const REQUESTER_NOT_LINKED: &str =
    "The person who requested this change is not linked to an Identity Center user.";

/// Explains why a change does not start whose requester is no longer who they were.
pub(super) fn requester_gone(difference: &LinkDifference) -> String {
    let what = match difference {
        LinkDifference::Deleted => "was deleted",
        LinkDifference::Disabled => "is disabled",
        LinkDifference::Recreated(_) => "was deleted and created again as another user",
        LinkDifference::Reissued(_) => {
            "shares an external id or another link key with another user"
        }
        LinkDifference::LinkAltered => "differs from the one that the ledger records",
    };
    format!("The Identity Center user of the person who requested this change {what}.")
}
