//! The form that requests a change of the viewer again, in a list: of one that was not carried out, or whose access has
//! ended. The page of a change says what is left of each item.

use app::backend::ChangeForm;
use domain::{
    change::{Operation, State},
    grant::Term,
    time::Timestamp,
};

use super::{follow_ups::can_be_stated, forms::form_of};
use crate::store::change::ChangeSummary;

/// Returns the form; none if the change is not over, or if no one form requests all of it.
pub(super) fn again(change: &ChangeSummary<'_>, now: Timestamp) -> Option<ChangeForm> {
    let items = change.first()?;
    if items.len() != change.items() || change.differs() || !is_over(change, items, now) {
        return None;
    }
    let mut forms = items.iter().map(|item| {
        item.assigns()?;
        form_of(item)
    });
    let first = forms.next()??;
    let form = forms.try_fold(first, |all, next| all.with_account_of(&next?))?;
    let review_on = change
        .review_on()
        .filter(|date| items.iter().any(Operation::gives_standing) && can_be_stated(*date, now));
    Some(ChangeForm {
        review_on: review_on.map(|date| date.to_string()).unwrap_or_default(),
        ..form
    })
}

fn is_over(change: &ChangeSummary<'_>, items: &[Operation], now: Timestamp) -> bool {
    match change.state() {
        State::Declined | State::Expired | State::Withdrawn | State::Failed => true,
        State::Verified => items.iter().all(|item| match item.assigns() {
            Some((_, Term::For(length))) => change.updated_at() + length <= now,
            Some((_, Term::Standing)) | None => false,
        }),
        // A blocked request would be blocked again.
        State::Refused | State::Waiting | State::Approved | State::Applying => false,
    }
}
