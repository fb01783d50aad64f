//! The accounts of the form: numbers or exact names, or all that a filter of the board keeps.
//!
//! One that is wrong is named, and the others stay as they were entered.

use std::collections::BTreeSet;

use app::backend::{ClassifyForm, FieldError, ListQuery, classify_field};
use domain::{change::OPERATIONS, ids::AccountId, snapshot::Snapshot, time::Timestamp};

use super::error;
use crate::service::{accounts, app_state::ReadModel};

/// The maximum number of accounts whose errors are listed.
const NAMED: usize = 20;
/// The maximum length of a name in a message.
const SHOWN_CHARS: usize = 80;

/// Returns the accounts of a form, each once in the order of the form, and what is wrong with the others.
pub(super) fn chosen(
    read_model: &ReadModel,
    form: &ClassifyForm,
    now: Timestamp,
) -> (Vec<AccountId>, Vec<FieldError>) {
    let mut errors = Vec::new();
    let found = if form.is_filtered() {
        filtered(read_model, form, now)
    } else {
        named(&read_model.snapshot, &form.accounts, &mut errors)
    };
    if found.is_empty() && errors.is_empty() {
        let message = if form.is_filtered() {
            "No account matches this filter of the board any more. Go back to the board."
        } else {
            "Enter at least one account: its number or its exact name."
        };
        errors.push(error(classify_field::ACCOUNTS, message));
    }
    if found.len() > OPERATIONS {
        errors.push(error(
            classify_field::ACCOUNTS,
            format!(
                "A change classifies at most {OPERATIONS} accounts, and these are {}. Use a narrower filter, or split the list.",
                found.len()
            ),
        ));
    }
    (found, errors)
}

fn filtered(read_model: &ReadModel, form: &ClassifyForm, now: Timestamp) -> Vec<AccountId> {
    let query = ListQuery {
        words: form.words.clone(),
        only: Some(form.only.clone()).filter(|only| !only.is_empty()),
        page: 1,
    };
    let entries = accounts::entries(read_model, &query, now);
    entries.map(|(entry, _)| entry.id.clone()).collect()
}

fn named(snapshot: &Snapshot, text: &str, errors: &mut Vec<FieldError>) -> Vec<AccountId> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut wrong = Vec::new();
    let entered = text.split(['\n', ',', ';']).map(str::trim);
    for one in entered.filter(|one| !one.is_empty()) {
        match find(snapshot, one) {
            Ok(id) if seen.insert(id.clone()) => found.push(id),
            Ok(_) => {}
            Err(message) => wrong.push(message),
        }
    }
    let more = wrong.len().saturating_sub(NAMED);
    wrong.truncate(NAMED);
    if more > 0 {
        wrong.push(format!("{more} more accounts are wrong in the same ways."));
    }
    errors.extend(
        wrong
            .into_iter()
            .map(|message| error(classify_field::ACCOUNTS, message)),
    );
    found
}

fn find(snapshot: &Snapshot, entered: &str) -> Result<AccountId, String> {
    let accounts = &snapshot.parts().accounts;
    if let Ok(id) = AccountId::parse(entered) {
        return if accounts.contains_key(&id) {
            Ok(id)
        } else {
            Err(format!(
                "Account {id} is not in the organization as of the last complete read of AWS. Correct the number, or \
                 remove it from the list."
            ))
        };
    }
    let wanted = entered.to_lowercase();
    let mut same = accounts
        .values()
        .filter(|(account, _)| account.name.to_lowercase() == wanted);
    let shown: String = entered.chars().take(SHOWN_CHARS).collect();
    match (same.next(), same.next()) {
        (Some((account, _)), None) => Ok(account.id.clone()),
        (Some(_), Some(_)) => Err(format!(
            "Several accounts have the name {shown}. Enter the account number."
        )),
        (None, _) => Err(format!(
            "{shown} is neither the number nor the name of an account. Enter 12 digits or the exact name, or remove it \
             from the list."
        )),
    }
}
