//! The accounts of the form: numbers or exact names, or all that the filters of the list keep.
//!
//! One that is wrong is named, and the others stay as they were entered.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    backend::{ClassifyForm, FieldError, classify_field},
    lists::accounts::ACCOUNTS,
};
use domain::{change::OPERATIONS, ids::AccountId, snapshot::Snapshot, time::Timestamp};

use super::error;
use crate::service::{
    accounts::{self, Owners},
    app_state::ReadModel,
};

/// The maximum number of accounts that one error names.
const NAMED: usize = 10;
/// The maximum length of a name in a message.
const SHOWN_CHARS: usize = 80;

/// Returns the accounts of a form, each once in the order of the form, and what is wrong with the others.
pub(super) fn chosen(
    read_model: &ReadModel,
    owners: &Owners,
    form: &ClassifyForm,
    now: Timestamp,
) -> (Vec<AccountId>, Vec<FieldError>) {
    let wrong = |message: String| error(classify_field::ACCOUNTS, message);
    let (found, messages) = if form.is_filtered() {
        let found = filtered(read_model, owners, form, now);
        let messages = match found.len() {
            0 => vec![
                "No account matches these filters any more. Go back to the list of accounts."
                    .to_owned(),
            ],
            count if count > OPERATIONS => vec![format!(
                "{count} accounts match this filter, and a change classifies at most {OPERATIONS}. Use a narrower filter."
            )],
            _ => Vec::new(),
        };
        (found, messages)
    } else {
        named(&read_model.snapshot, &form.accounts)
    };
    let found = if found.len() > OPERATIONS {
        Vec::new()
    } else {
        found
    };
    (found, messages.into_iter().map(wrong).collect())
}

fn filtered(
    read_model: &ReadModel,
    owners: &Owners,
    form: &ClassifyForm,
    now: Timestamp,
) -> Vec<AccountId> {
    let Some(choice) = form.choice() else {
        return Vec::new();
    };
    let kept = ACCOUNTS.all(accounts::facts(read_model, owners, &choice, now), &choice);
    kept.into_iter().map(|account| account.id).collect()
}

/// Returns the accounts of a list, and what is wrong with it. A list beyond the limit is only counted.
fn named(snapshot: &Snapshot, text: &str) -> (Vec<AccountId>, Vec<String>) {
    let entered = text.split(['\n', ',', ';']).map(str::trim);
    let entered: BTreeSet<&str> = entered.filter(|one| !one.is_empty()).collect();
    match entered.len() {
        0 => {
            let message = "Enter at least one account: its number or its exact name.";
            return (Vec::new(), vec![message.to_owned()]);
        }
        count if count > OPERATIONS => {
            let message = format!(
                "The list has {count} accounts, and a change classifies at most {OPERATIONS}. Split the list."
            );
            return (Vec::new(), vec![message]);
        }
        _ => {}
    }
    let names = Names::of(snapshot);
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut wrong: BTreeMap<Wrong, Vec<&str>> = BTreeMap::new();
    let in_order = text.split(['\n', ',', ';']).map(str::trim);
    let mut repeated = BTreeSet::new();
    for one in in_order.filter(|one| !one.is_empty() && repeated.insert(*one)) {
        match names.find(snapshot, one) {
            Ok(id) if seen.insert(id.clone()) => found.push(id),
            Ok(_) => {}
            Err(why) => wrong.entry(why).or_default().push(one),
        }
    }
    let messages = wrong.into_iter().map(|(why, all)| why.message(&all));
    (found, messages.collect())
}

/// Why an entered account is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// Neither a number nor a name.
    Neither,
    /// A number that is not in the organization.
    NotThere,
    /// The name of several accounts.
    Ambiguous,
}

impl Wrong {
    /// Says what is wrong with these accounts, how many they are, and the cure.
    fn message(self, all: &[&str]) -> String {
        let short = |one: &&str| -> String {
            let shown: String = one.chars().take(SHOWN_CHARS).collect();
            if shown.len() < one.len() {
                format!("{shown}…")
            } else {
                shown
            }
        };
        let shown: Vec<String> = all.iter().take(NAMED).map(short).collect();
        let shown = shown.join(", ");
        let more = match all.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let count = all.len();
        match (self, count) {
            (Self::Neither, 1) => format!(
                "{shown} is neither the number nor the name of an account. Enter 12 digits or the exact name, or remove \
                 it from the list."
            ),
            (Self::Neither, _) => format!(
                "{count} lines are neither the number nor the name of an account: {shown}{more}. Enter 12 digits or the \
                 exact name, or remove them from the list."
            ),
            (Self::NotThere, 1) => format!(
                "Account {shown} is not in the organization as of the last complete read of AWS. Correct the number, or \
                 remove it from the list."
            ),
            (Self::NotThere, _) => format!(
                "{count} accounts are not in the organization as of the last complete read of AWS: {shown}{more}. \
                 Correct the numbers, or remove them from the list."
            ),
            (Self::Ambiguous, 1) => {
                format!("Several accounts have the name {shown}. Enter the account number.")
            }
            (Self::Ambiguous, _) => format!(
                "{count} names are those of several accounts each: {shown}{more}. Enter the account numbers."
            ),
        }
    }
}

/// The accounts of the organization by name in lower case. None where several have the name.
struct Names(BTreeMap<String, Option<AccountId>>);

impl Names {
    fn of(snapshot: &Snapshot) -> Self {
        let mut names = BTreeMap::new();
        for (account, _) in snapshot.parts().accounts.values() {
            names
                .entry(account.name.to_lowercase())
                .and_modify(|one| *one = None)
                .or_insert_with(|| Some(account.id.clone()));
        }
        Self(names)
    }

    fn find(&self, snapshot: &Snapshot, entered: &str) -> Result<AccountId, Wrong> {
        if let Ok(id) = AccountId::parse(entered) {
            let known = snapshot.account(&id).is_some();
            return if known { Ok(id) } else { Err(Wrong::NotThere) };
        }
        match self.0.get(&entered.to_lowercase()) {
            Some(Some(id)) => Ok(id.clone()),
            Some(None) => Err(Wrong::Ambiguous),
            None => Err(Wrong::Neither),
        }
    }
}
