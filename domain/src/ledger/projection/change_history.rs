//! The projection of a change: what was requested, its progress, and what its approvers saw.
//!
//! The row of a change is checked against this projection. A change that was not requested must never be applied, a
//! change that was applied or ended must never start again, and an approval must never count for an effect that its
//! approver did not see.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::{Entry, subject};
use crate::{
    approval::Mfa,
    ids::{EffectHash, PersonId},
    ledger::{
        EventKind, Hash,
        items::{ItemRows, RecordedItems},
    },
    person::Subject,
    time::{Date, Timestamp},
};

/// The event type of a submitted change.
pub const SUBMITTED: &str = EventKind::ChangeSubmitted.as_str();
/// The event type of a change that the policies blocked.
pub const REFUSED: &str = EventKind::ChangeRefused.as_str();
/// The event types of a request.
pub const REQUESTS: [&str; 2] = [SUBMITTED, REFUSED];
/// The event type of a change that needs new decisions.
pub const SENT_BACK: &str = EventKind::ChangeSentBack.as_str();
/// The event type of a change that the engine started to apply.
pub const BEGAN: &str = EventKind::ChangeStarted.as_str();
/// The event types that end a change.
pub const ENDINGS: [&str; 4] = [
    EventKind::ChangeVerified.as_str(),
    EventKind::ChangeFailed.as_str(),
    EventKind::ChangeWithdrawn.as_str(),
    EventKind::ChangeExpired.as_str(),
];

/// A request for a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedRequest {
    pub by: Option<PersonId>,
    /// The sign-in that made the request.
    pub subject: Option<Subject>,
    pub at: Timestamp,
    pub items: RecordedItems,
    pub ticket: Option<String>,
    /// When it may start at the earliest.
    pub not_before: Option<Timestamp>,
    /// The date by which somebody reviews the standing access.
    pub review_on: Option<Date>,
    /// Whether a second factor was proven.
    pub mfa: Mfa,
}

/// The effect that approvers were last shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentedEffect {
    /// The hash that approvals refer to.
    pub effect: EffectHash,
    /// SHA-256 of the stored effect.
    pub document: Hash,
    pub at: Timestamp,
}

/// The progress of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Lifecycle {
    /// It may still start.
    #[default]
    NotStarted,
    /// It is being applied.
    Started,
    /// It was applied or never will be.
    Ended,
}

/// A mismatch between the row of a change and its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeMismatch {
    /// No entry requested the change.
    #[error("it was not requested through Leastwise")]
    NeverSubmitted,
    /// The request or the requester differs.
    #[error("its content differs from the request")]
    DifferentRequest,
    /// The effect differs from the one that was shown.
    #[error("its effect differs from the one that was shown to its approvers")]
    DifferentEffect,
}

/// The history of a change without its decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeHistory {
    pub submitted: Option<SubmittedRequest>,
    pub lifecycle: Lifecycle,
    /// The digest of the plans of its sagas, as they were when it started.
    pub plans: Option<Hash>,
    pub presented: Option<PresentedEffect>,
}

impl ChangeHistory {
    pub(super) fn apply(&mut self, entry: &Entry) {
        match entry.kind.as_str() {
            SUBMITTED | REFUSED => {
                if self.submitted.is_none() {
                    self.submitted = Some(submitted_request(entry));
                }
                if entry.kind.as_str() == REFUSED {
                    self.lifecycle = Lifecycle::Ended;
                }
                self.record_presented(entry);
            }
            SENT_BACK => self.record_presented(entry),
            BEGAN if self.lifecycle == Lifecycle::NotStarted => {
                self.lifecycle = Lifecycle::Started;
                let plans = entry.data.get("plans").and_then(Value::as_str);
                self.plans = plans.and_then(|hex| Hash::parse_hex(hex.as_bytes()));
            }
            ending if ENDINGS.contains(&ending) => self.lifecycle = Lifecycle::Ended,
            _ => {}
        }
    }

    fn record_presented(&mut self, entry: &Entry) {
        let effect = entry.data.get("effect").and_then(|effect| effect.as_str());
        if let (Some(effect), Some(document)) = (effect, entry.after) {
            self.presented = Some(PresentedEffect {
                effect: EffectHash(effect.to_owned()),
                document,
                at: entry.occurred_at,
            });
        }
    }

    /// Returns how the row differs from the entries, if it does.
    pub fn altered(&self, row: &RequestRow<'_>) -> Option<ChangeMismatch> {
        let Some(submitted) = &self.submitted else {
            return Some(ChangeMismatch::NeverSubmitted);
        };
        let as_asked = submitted.matches(row) && submitted.items.proves(row.items);
        self.mismatch(row, as_asked)
    }

    /// As [`altered`](Self::altered), for a list, which shows the number of the items and the first one only: these are
    /// compared, and not the others.
    pub fn altered_in_list(&self, row: &RequestRow<'_>, count: u64) -> Option<ChangeMismatch> {
        let Some(submitted) = &self.submitted else {
            return Some(ChangeMismatch::NeverSubmitted);
        };
        let first = row.items.rows.first();
        let first = first.and_then(|item| serde_json::from_str::<Value>(&item.document).ok());
        let as_asked = submitted.matches(row)
            && matches!(submitted.items, RecordedItems::Digest { .. })
            && row.items.inline.is_none()
            && submitted.items.count() == Some(count)
            && first.as_ref() == submitted.items.first();
        self.mismatch(row, as_asked)
    }

    fn mismatch(&self, row: &RequestRow<'_>, as_asked: bool) -> Option<ChangeMismatch> {
        if !as_asked {
            return Some(ChangeMismatch::DifferentRequest);
        }
        let seen = |presented: &PresentedEffect| {
            presented.effect == *row.effect && presented.document == row.document
        };
        (!self.presented.as_ref().is_some_and(seen)).then_some(ChangeMismatch::DifferentEffect)
    }
}

/// The row of a change, as far as its entries record it.
#[derive(Debug, Clone, Copy)]
pub struct RequestRow<'a> {
    pub requester: &'a PersonId,
    pub submitted: Timestamp,
    pub ticket: Option<&'a str>,
    pub not_before: Option<Timestamp>,
    pub review_on: Option<Date>,
    pub mfa: Mfa,
    pub items: &'a ItemRows,
    pub effect: &'a EffectHash,
    /// SHA-256 of the stored effect.
    pub document: Hash,
}

impl SubmittedRequest {
    fn matches(&self, row: &RequestRow<'_>) -> bool {
        self.by.as_ref() == Some(row.requester)
            && self.at == row.submitted
            && self.ticket.as_deref() == row.ticket
            && self.not_before == row.not_before
            && self.review_on == row.review_on
            && self.allows(row.mfa)
    }

    /// Whether a row may state this of the second factor: less than was proven makes it stricter.
    pub fn allows(&self, mfa: Mfa) -> bool {
        self.mfa == mfa || mfa == Mfa::NotProven
    }
}

/// Returns whether the entry is part of the history of a change.
pub(super) fn concerns_history(entry: &Entry) -> bool {
    let kind = entry.kind.as_str();
    [SUBMITTED, REFUSED, SENT_BACK, BEGAN].contains(&kind) || ENDINGS.contains(&kind)
}

fn submitted_request(entry: &Entry) -> SubmittedRequest {
    let proven = entry.data.get("second_factor_proven");
    SubmittedRequest {
        by: entry.actor.person_id.clone(),
        subject: subject(entry),
        at: entry.occurred_at,
        items: RecordedItems::of(entry).unwrap_or(RecordedItems::Unreadable),
        ticket: entry.ticket.clone(),
        not_before: entry
            .data
            .get("not_before")
            .and_then(Value::as_str)
            .and_then(Timestamp::parse_rfc3339),
        review_on: entry
            .data
            .get("review_on")
            .and_then(Value::as_str)
            .and_then(|text| Date::parse(text).ok()),
        mfa: if proven.and_then(Value::as_bool) == Some(true) {
            Mfa::Proven
        } else {
            Mfa::NotProven
        },
    }
}
