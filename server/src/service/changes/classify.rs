//! The form that classifies accounts: parsed into one item for each account, previewed, and submitted as every change is.
//!
//! The form states values; what is in force now, and what AWS says now, is read here and becomes part of each item. So
//! whatever changes between preview and submission changes the effect, and nothing is stored.

mod accounts;
mod values;

use app::backend::{
    AccountRef, ChosenAccount, ClassificationPort, ClassifyForm, ClassifyOrigin,
    ClassifySubmission, FieldError, NewClassification, PortResult, SHOWN_ACCOUNTS, SubjectRef,
    classify_field,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::Operation,
    classification::{Classification, Environment, Pci},
    ids::{AccountId, ChangeId, PersonId},
    snapshot::Snapshot,
    subject::{
        SubjectStates,
        account_classification::{Declaration, State, content},
    },
};

pub(super) use values::form_of;

use self::{accounts::chosen, values::Values};
use super::{
    forms::{ItemFields, error, users},
    related::without_words,
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
    /// How many accounts have a declaration.
    declared: usize,
    /// The states of the accounts that were used.
    states: SubjectStates,
    errors: Vec<FieldError>,
}

impl ReadForm {
    fn state(&self, account: &AccountId) -> Option<&State> {
        self.states.classification(account)
    }

    /// Returns what an account becomes by its item; none without one, or if its environment and PCI scope stay.
    fn becomes(&self, account: &AccountRef) -> Option<(Environment, Pci)> {
        let after = self
            .operations
            .iter()
            .find_map(|operation| match operation {
                Operation::Classify {
                    account: of, after, ..
                } if *of == account.id => Some(after.as_ref()),
                _ => None,
            })?;
        let after = after.map_or_else(
            || account.class.undeclared().strictness(),
            |declaration| (declaration.environment, declaration.pci),
        );
        (after != account.class.strictness()).then_some(after)
    }
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
            let preview = self
                .preview_of(&person, &without_words(read.operations.clone()))
                .await;
            Some(preview.map_err(trouble)?)
        } else {
            None
        };
        let snapshot = &self.read_model.snapshot;
        let now = self.app_state.clock.now();
        // The read model may follow a moment later. A badge shows what the preview was made with.
        let in_force = |mut account: AccountRef| {
            if let Some(state) = read.state(&account.id) {
                account.class = account.class.under(state.declared, now);
            }
            account
        };
        let preview = preview.map(|mut preview| {
            for row in &mut preview.others {
                if let SubjectRef::Account(account) = &mut row.subject {
                    *account = in_force(account.clone());
                }
            }
            preview
        });
        let listed = users::list(snapshot);
        Ok(NewClassification {
            total: read.accounts.len(),
            unchanged: read.unchanged,
            declared: read.declared,
            accounts: read
                .accounts
                .iter()
                .take(SHOWN_ACCOUNTS)
                .map(|account| {
                    let account = in_force(names::account(snapshot, account));
                    let becomes = preview.as_ref().and_then(|_| read.becomes(&account));
                    ChosenAccount { account, becomes }
                })
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
            justification: submission.justified().to_owned(),
            ticket: submission.ticket,
            effect: submission.effect,
            form_key: submission.form_key,
            review_on: None,
            not_before: None,
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
        let form = form.clone();
        let choice = form.choice().filter(|_| form.is_filtered());
        let owners = self.owners_for(&choice.unwrap_or_default()).await?;
        let (accounts, mut errors) = chosen(&self.read_model, &owners, &form, now);
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
            let mut conn = self.connection().await?;
            subject_states::read(&mut conn, snapshot, person, &items, now).await?
        };
        let declared = accounts.iter().filter(|account| {
            let state = states.classification(account);
            state.is_some_and(|state| state.declared.is_some())
        });
        let mut read = ReadForm {
            form,
            declared: declared.count(),
            accounts,
            operations: Vec::new(),
            unchanged: 0,
            states,
            errors,
        };
        if read.form.is_new() {
            read.form = values::prefilled(&read, snapshot, now);
        } else if read.form.ends() {
            read.add_operations(snapshot, |_, _| None);
        } else if let Some(values) = Values::read(&mut read, snapshot, now) {
            read.add_operations(snapshot, |state, class| {
                Some(values.declaration(state, class))
            });
        }
        Ok(read)
    }
}

impl ReadForm {
    /// Adds the item of each account, and says what is wrong with them. `after` returns the new declaration.
    fn add_operations(
        &mut self,
        snapshot: &Snapshot,
        after: impl Fn(&State, &Classification) -> Option<Declaration>,
    ) {
        for account in &self.accounts {
            // An account without a state is unknown, which `chosen` has said.
            let (Some(state), Some((_, class))) = (
                self.states.classification(account),
                snapshot.account(account),
            ) else {
                continue;
            };
            let before = state.declaration.clone();
            let after = after(state, class);
            if before == after {
                self.unchanged += 1;
                continue;
            }
            self.operations.push(Operation::Classify {
                account: account.clone(),
                before,
                after,
                seen: state.content.clone(),
            });
        }
        if self.unchanged > 0 && self.operations.is_empty() {
            self.errors.push(nothing_to_do(&self.form, self.unchanged));
        }
        for operation in &self.operations {
            if let Err(invalid) = operation.subject().check() {
                let wrong = error(values::field_of(&invalid), invalid.to_string());
                if !self.errors.contains(&wrong) {
                    self.errors.push(wrong);
                }
            }
        }
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
