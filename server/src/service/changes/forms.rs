//! The forms of a new change: one module for each subject, and the table that selects one by the kind of the change.
//!
//! Everything is looked up in the read model: an id that is well-formed but unknown is rejected like one that is
//! malformed. A name can be typed where a list would be too long; it must match exactly one resource. What lies outside
//! the scope of the viewer is rejected before anything is looked up, so that the answer does not depend on who exists or
//! what they have. The limits of the options are a convenience; `submit` checks again. Policies are not applied here: a
//! combination that they block can be selected, and the preview explains the verdict.

mod assignment;
mod duration;
mod identity;
mod membership;
mod options;
mod reader;
mod review;
pub(super) mod users;

use app::backend::{
    ChangeForm, ChangeKind, FORM, FieldError, FormOption, FormOptions, SessionView, change_field,
};
use async_trait::async_trait;
use domain::{
    card_number::holds_card_number,
    change::{InvalidProposal, Operation, Proposal},
    snapshot::Snapshot,
    subject::InvalidItem,
    time::{Date, Timestamp},
};

pub(super) use assignment::WINDOWS;
pub(super) use identity::name as identity_name;
pub(super) use review::{asks as asks_for_review, dates as review_dates};

use self::{
    assignment::AssignmentForm, identity::IdentityForm, membership::MembershipForm,
    reader::FormReader,
};
use super::{related::without_words, scope::Scope};
use crate::store::{Store, StoreError};

/// A form that requests items of one subject.
#[async_trait]
trait ItemForm: Sync {
    /// Reads a form of a viewer with this scope.
    async fn read(&self, form: FormReader<'_>, store: &Store) -> Result<ParsedForm, StoreError>;

    /// Returns the options of a form, limited to what the viewer may propose. The selected values are always included.
    fn choices(&self, snapshot: &Snapshot, parsed: &ParsedForm, scope: &Scope) -> FormOptions;

    /// Returns how long sessions of what the form gives last, if it is selected.
    fn session(&self, _: &Snapshot, _: &ChangeForm) -> Option<SessionView> {
        None
    }
}

/// Returns the form of a kind. This is the only place that tells the kinds apart.
fn of_kind(kind: ChangeKind) -> &'static dyn ItemForm {
    match kind {
        ChangeKind::Grant => &AssignmentForm::Grant,
        ChangeKind::Remove => &AssignmentForm::Remove,
        ChangeKind::Join => &MembershipForm::Join,
        ChangeKind::Leave => &MembershipForm::Leave,
        ChangeKind::Link => &IdentityForm::Link,
        ChangeKind::Unlink => &IdentityForm::Unlink,
        ChangeKind::RefuseClaim => &IdentityForm::RefuseClaim,
        ChangeKind::WithdrawRefusal => &IdentityForm::WithdrawRefusal,
    }
}

/// The form that is shown for a kind that is not known is that of a new change.
fn shown(form: &ChangeForm) -> &'static dyn ItemForm {
    of_kind(form.known_kind().unwrap_or_default())
}

/// The result of parsing a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedForm {
    /// The form, with names replaced by ids.
    pub change_form: ChangeForm,
    /// The requested operations, if the form is complete and valid.
    pub operations: Vec<Operation>,
    /// The date by which somebody reviews the standing access.
    pub review_on: Option<Date>,
    /// When the access begins; none if at once.
    pub not_before: Option<Timestamp>,
    /// The errors in the selection.
    pub errors: Vec<FieldError>,
    /// The fields that are still empty.
    pub missing: Vec<&'static str>,
    /// The form is about somebody else or about a group, which the viewer may not propose. Nothing was looked up.
    pub out_of_scope: bool,
    /// The name of what the form is about, if that is not chosen in the form.
    pub about: Option<String>,
    /// What can be chosen, if that depends on what the form is about.
    pub offered: Vec<FormOption>,
}

impl ParsedForm {
    /// Starts to parse a form. Of a form outside the scope of the viewer, nothing may be looked up.
    fn admitted(change_form: &ChangeForm, scope: &Scope) -> Self {
        let mut parsed = Self {
            change_form: change_form.clone(),
            operations: Vec::new(),
            review_on: None,
            not_before: None,
            errors: Vec::new(),
            missing: Vec::new(),
            out_of_scope: false,
            about: None,
            offered: Vec::new(),
        };
        if let Err(fixed) = scope.admit(change_form) {
            parsed.change_form = fixed.change_form;
            parsed.errors.push(fixed.error);
            parsed.out_of_scope = true;
        }
        parsed
    }

    /// Returns what the form requests, without the texts of the requester.
    pub(super) fn proposal(&self) -> Proposal {
        Proposal {
            not_before: self.not_before,
            review_on: self.review_on,
            ..without_words(self.operations.clone())
        }
    }

    /// Adds an error for each empty field, for a submitted form.
    pub(super) fn insisting(mut self) -> Self {
        for field in &self.missing {
            self.errors.push(error(
                field,
                "Select a value: the change is incomplete without this field.",
            ));
        }
        self
    }
}

/// Parses a form of a viewer with this scope into items, or into errors that state how to correct it.
pub(super) async fn read(
    store: &Store,
    snapshot: &Snapshot,
    form: &ChangeForm,
    scope: &Scope,
) -> Result<ParsedForm, StoreError> {
    let mut parsed = ParsedForm::admitted(form, scope);
    if parsed.out_of_scope {
        return Ok(parsed);
    }
    let Some(kind) = form.known_kind() else {
        if form.kind.is_empty() {
            parsed.missing.push(change_field::KIND);
        } else {
            let known = ChangeKind::ALL.map(ChangeKind::word).join(", ");
            let message = format!("Unknown kind of change. Choose one of: {known}.");
            parsed.errors.push(error(change_field::KIND, message));
        }
        return Ok(parsed);
    };
    let reader = FormReader::new(snapshot, scope, parsed);
    of_kind(kind).read(reader, store).await
}

/// Returns the options of a form that was read.
pub(super) fn choices(snapshot: &Snapshot, parsed: &ParsedForm, scope: &Scope) -> FormOptions {
    shown(&parsed.change_form).choices(snapshot, parsed, scope)
}

/// Returns how long sessions of what a form gives last. The form holds ids.
pub(super) fn session(snapshot: &Snapshot, form: &ChangeForm) -> Option<SessionView> {
    shown(form).session(snapshot, form)
}

/// Returns the filled form that requests an item, if there is one.
pub(super) fn form_of(item: &Operation) -> Option<ChangeForm> {
    [assignment::form_of, membership::form_of, identity::form_of]
        .into_iter()
        .find_map(|form_of| form_of(item))
}

/// The fields of a form that an invalid proposal can concern.
pub(super) struct ItemFields {
    /// The field of all items together.
    pub items: &'static str,
    /// Returns the field of an invalid item.
    pub of_item: fn(&InvalidItem) -> &'static str,
}

/// The fields of the forms of this module.
pub(super) const FIELDS: ItemFields = ItemFields {
    items: change_field::WHO,
    of_item: |invalid| match invalid {
        InvalidItem::Window => change_field::TERM,
        _ => FORM,
    },
};

impl ItemFields {
    /// Returns the form field that an invalid proposal concerns.
    pub(super) fn of(&self, proposal: &Proposal, invalid: &InvalidProposal) -> &'static str {
        match invalid {
            InvalidProposal::CardNumber if !holds_card_number(&proposal.justification) => {
                change_field::TICKET
            }
            InvalidProposal::TooShort(_)
            | InvalidProposal::TooLong(_)
            | InvalidProposal::CardNumber => change_field::JUSTIFICATION,
            InvalidProposal::Ticket => change_field::TICKET,
            InvalidProposal::ReviewOn { .. } => change_field::REVIEW_ON,
            InvalidProposal::Start { .. } => change_field::START,
            InvalidProposal::Empty | InvalidProposal::Twice | InvalidProposal::TooMany(_) => {
                self.items
            }
            InvalidProposal::Item(invalid) => (self.of_item)(invalid),
        }
    }
}

/// Returns an error of one field.
pub(super) fn error(field: &'static str, message: impl Into<String>) -> FieldError {
    FieldError {
        field,
        message: message.into(),
    }
}
