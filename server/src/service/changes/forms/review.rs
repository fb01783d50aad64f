//! The date by which somebody reviews standing access: how it is read, and when a form has a field for it.

use app::backend::{ChangeKind, ReviewDates, change_field};
use domain::{
    change::{InvalidProposal, Operation, review_dates},
    policies::{HELD_ALREADY, Rules},
    time::{Date, Timestamp},
    verdict::Hit,
};

use super::{ParsedForm, error};

/// Returns the dates that a form offers; none if it has no field. It has one as soon as a policy asks for a date, which is named
/// by `because`, and as long as one is entered.
pub(in crate::service::changes) fn dates(
    parsed: &ParsedForm,
    because: Option<String>,
    now: Timestamp,
) -> Option<ReviewDates> {
    if because.is_none() && parsed.change_form.review_on.is_empty() {
        return None;
    }
    let (first, last) = review_dates(Date::of(now)?);
    Some(ReviewDates {
        first,
        last,
        because,
    })
}

/// Whether a policy that matched items asks for a date of a review.
pub(in crate::service::changes) fn asks(hit: &Hit, items: &[Operation], rules: &Rules) -> bool {
    let stands = items.iter().any(Operation::gives_standing);
    rules.asks_for_review(&hit.rule) || (stands && hit.rule == HELD_ALREADY)
}

impl ParsedForm {
    /// Reads the date of the review. It is dropped where nobody gains standing access, because the duration may have been
    /// changed after the date was stated.
    pub(in crate::service::changes) fn reviewed(mut self, now: Timestamp) -> Self {
        let text = self.change_form.review_on.trim().to_owned();
        let gives = self.change_form.known_kind().is_some_and(ChangeKind::gives);
        let stands =
            self.operations.is_empty() || self.operations.iter().any(Operation::gives_standing);
        if text.is_empty() || !gives || !stands {
            self.change_form.review_on.clear();
            return self;
        }
        match (Date::parse(&text), Date::of(now).map(review_dates)) {
            (Ok(date), Some((first, last))) if (first..=last).contains(&date) => {
                self.review_on = Some(date);
            }
            (Ok(date), Some((first, last))) => {
                let wrong = InvalidProposal::ReviewOn { date, first, last };
                self.errors
                    .push(error(change_field::REVIEW_ON, wrong.to_string()));
            }
            (Ok(_), None) => {}
            (Err(wrong), _) => self.errors.push(error(
                change_field::REVIEW_ON,
                format!("This is not a date: {wrong}."),
            )),
        }
        self.change_form.review_on = text;
        self
    }
}
