//! The form that classifies accounts: parsed into one item for each account, previewed, and submitted as every change is.
//!
//! The form states values; what is in force now, and what AWS says now, is read here and becomes part of each item. So
//! whatever changes between preview and submission changes the effect, and nothing is stored.

mod accounts;
mod values;

use app::backend::{
    ClassificationPort, ClassifyForm, ClassifyOrigin, ClassifySubmission, FieldError,
    NewClassification, PortResult, SHOWN_ACCOUNTS, classify_field,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::Operation,
    ids::{AccountId, ChangeId, PersonId},
    subject::{SubjectState, account_classification::content},
};

pub(super) use values::form_of;

use self::{accounts::chosen, values::Values};
use super::{
    forms::{ItemFields, error, users},
    subject_states,
    submit::SentForm,
    trouble,
};
use crate::{
    clock,
    service::{Service, broken, names},
    store::StoreError,
};

/// A form that was read.
struct ReadForm {
    form: ClassifyForm,
    accounts: Vec<AccountId>,
    operations: Vec<Operation>,
    /// How many accounts the form would leave as they are.
    unchanged: usize,
    errors: Vec<FieldError>,
}

#[async_trait]
impl ClassificationPort for Service {
    async fn follow_up_form(&self, origin: &ClassifyOrigin) -> PortResult<ClassifyForm> {
        self.allowed(Action::Propose)?;
        self.filled_form(origin).await
    }

    async fn new_classification(&self, form: &ClassifyForm) -> PortResult<NewClassification> {
        self.allowed(Action::Propose)?;
        let person = self.person()?;
        let read = self
            .read_classification(&person, form)
            .await
            .map_err(broken)?;
        let preview = if read.errors.is_empty() && !read.operations.is_empty() {
            let _slot = self.app_state.evaluations.take(&person).await?;
            let preview = self.preview_of(&person, &read.operations).await;
            Some(preview.map_err(trouble)?)
        } else {
            None
        };
        let snapshot = &self.read_model.snapshot;
        let now = self.app_state.clock.now();
        let listed = users::list(snapshot);
        Ok(NewClassification {
            total: read.accounts.len(),
            unchanged: read.unchanged,
            accounts: read
                .accounts
                .iter()
                .take(SHOWN_ACCOUNTS)
                .map(|account| names::account(snapshot, account))
                .collect(),
            types_owner: listed.is_none(),
            owners: listed.unwrap_or_else(|| users::selected(snapshot, &read.form.owner)),
            latest: values::latest(now),
            errors: read.errors,
            preview,
            form: read.form,
            form_key: clock::token(),
        })
    }

    async fn classify(&self, submission: ClassifySubmission) -> PortResult<ChangeId> {
        self.allowed(Action::Propose)?;
        let person = self.person()?;
        let read = self.read_classification(&person, &submission.form).await;
        let mut read = read.map_err(broken)?;
        // A form without values was only filled, and nobody has seen these values.
        if read.errors.is_empty() && read.operations.is_empty() {
            read.errors.push(error(
                classify_field::ENVIRONMENT,
                "Select an environment and a PCI DSS scope, and state the purpose.",
            ));
        }
        let sent = SentForm {
            justification: submission.justification,
            ticket: submission.ticket,
            effect: submission.effect,
            form_key: submission.form_key,
        };
        self.submit_items(&person, (read.operations, read.errors), &sent, &FIELDS)
            .await
    }
}

impl Service {
    /// Reads the form. A new one is filled with what the accounts are now, and has no items yet.
    async fn read_classification(
        &self,
        person: &PersonId,
        form: &ClassifyForm,
    ) -> Result<ReadForm, StoreError> {
        let now = self.app_state.clock.now();
        let snapshot = &self.read_model.snapshot;
        let mut form = form.clone();
        let (accounts, mut errors) = chosen(&self.read_model, &form, now);
        if form.is_new() && form.accounts.trim().is_empty() && !form.is_filtered() {
            // Nobody has entered anything yet.
            errors.clear();
        }
        let items: Vec<Operation> = accounts
            .iter()
            .map(|account| Operation::Classify {
                account: account.clone(),
                before: None,
                after: None,
                seen: content(None),
            })
            .collect();
        let states = {
            let mut conn = self.app_state.store.read().acquire().await?;
            subject_states::read(&mut conn, snapshot, person, &items, now).await?
        };
        let state = |item: &Operation| match states.get(&item.key()) {
            Some(SubjectState::AccountClassification(state)) => Some(state),
            _ => None,
        };
        if form.is_new() {
            let known = items.iter().map(|item| state(item)?.declaration.as_ref());
            values::prefill(&mut form, snapshot, &accounts, known, now);
            return Ok(ReadForm {
                form,
                accounts,
                operations: Vec::new(),
                unchanged: 0,
                errors,
            });
        }
        let values = if form.ends() {
            None
        } else {
            Values::read(&mut form, snapshot, now, &mut errors)
        };
        let mut operations = Vec::new();
        let mut unchanged = 0;
        if values.is_some() || form.ends() {
            for (account, item) in accounts.iter().zip(&items) {
                // An account without a state is unknown, which `chosen` has said.
                let (Some(state), Some((_, class))) = (state(item), snapshot.account(account))
                else {
                    continue;
                };
                let before = state.declaration.clone();
                let after = values
                    .as_ref()
                    .map(|values| values.declaration(before.as_ref(), class));
                if before == after {
                    unchanged += 1;
                    continue;
                }
                operations.push(Operation::Classify {
                    account: account.clone(),
                    before,
                    after,
                    seen: state.content.clone(),
                });
            }
        }
        if unchanged > 0 && operations.is_empty() {
            errors.push(nothing_to_do(&form, unchanged));
        }
        if values.is_some()
            && let Some(first) = operations.first()
            && let Err(invalid) = first.subject().check()
        {
            errors.push(error(values::field_of(&invalid), invalid.to_string()));
        }
        Ok(ReadForm {
            form,
            accounts,
            operations,
            unchanged,
            errors,
        })
    }
}

/// Returns the error of a form that would leave all of its accounts as they are.
fn nothing_to_do(form: &ClassifyForm, accounts: usize) -> FieldError {
    let message = match (form.ends(), accounts) {
        (true, 1) => {
            "This account has no declaration in force that could be ended. Choose another account."
        }
        (true, _) => {
            "None of these accounts has a declaration in force that could be ended. Choose others."
        }
        (false, 1) => {
            "This account is already declared exactly so, until the same day. Choose another value."
        }
        (false, _) => {
            "All of these accounts are already declared exactly so, until the same day. Choose another value."
        }
    };
    error(classify_field::ACCOUNTS, message)
}

/// The fields of the form that an invalid proposal concerns.
const FIELDS: ItemFields = ItemFields {
    items: classify_field::ACCOUNTS,
    of_item: values::field_of,
};
