//! The form that grants or removes a permission set in an account.

use std::collections::BTreeSet;

use app::backend::{ChangeForm, FormOption, FormOptions, STANDING, SessionView, change_field};
use async_trait::async_trait;
use domain::{
    change::Operation,
    classification::{Environment, Pci},
    grant::Term,
    ids::{AccountId, Assignment, Pair, PermissionSetArn},
    snapshot::Snapshot,
    time::Duration,
};

use super::{
    ItemForm, ParsedForm,
    options::{of_access, principals, shortened, sorted},
    reader::FormReader,
    users::same,
};
use crate::{
    service::{
        changes::{descriptions, scope::Scope, session_length},
        names,
    },
    store::{Store, StoreError},
};

/// The offered durations of temporary access, in minutes, shortest first.
pub(in crate::service::changes) const WINDOWS: [i64; 6] = [30, 60, 120, 180, 240, 480];

/// What the form does with an assignment.
pub(super) enum AssignmentForm {
    Grant,
    Remove,
}

#[async_trait]
impl ItemForm for AssignmentForm {
    async fn read(&self, mut form: FormReader<'_>, _: &Store) -> Result<ParsedForm, StoreError> {
        let items = match self {
            Self::Grant => form.granted(),
            Self::Remove => form.removed(),
        };
        Ok(form.with(items.into_iter().flatten()))
    }

    fn choices(&self, snapshot: &Snapshot, parsed: &ParsedForm, scope: &Scope) -> FormOptions {
        let form = &parsed.change_form;
        let mut typed = Vec::new();
        let who = principals(snapshot, groups(snapshot), &form.who, scope);
        FormOptions {
            who: shortened(change_field::WHO, who, &form.who, &mut typed),
            accounts: shortened(
                change_field::ACCOUNT,
                accounts(snapshot),
                &form.account,
                &mut typed,
            ),
            sets: shortened(change_field::SET, sets(snapshot), &form.set, &mut typed),
            terms: terms(scope, &form.term),
            typed,
            ..of_access(scope)
        }
    }

    fn session(&self, snapshot: &Snapshot, form: &ChangeForm) -> Option<SessionView> {
        match self {
            Self::Grant => session_length::of_form(snapshot, form),
            Self::Remove => None,
        }
    }
}

/// Returns the filled form that requests an assignment or its removal.
pub(super) fn form_of(item: &Operation) -> Option<ChangeForm> {
    match item {
        Operation::Assign { assignment, term } => Some(ChangeForm {
            term: match term {
                Term::Standing => STANDING.to_owned(),
                Term::For(length) => (length.as_seconds() / 60).to_string(),
            },
            ..ChangeForm::grant(assignment)
        }),
        Operation::Unassign { assignment } => Some(ChangeForm::remove(assignment)),
        _ => None,
    }
}

impl FormReader<'_> {
    fn granted(&mut self) -> Option<Vec<Operation>> {
        let assignments = self.assignments();
        let term = self.term();
        let assignments = assignments?;
        let principal = &assignments.first()?.principal;
        if !self.snapshot.exists(principal) {
            self.wrong(
                change_field::WHO,
                "This user or group is no longer in the directory as of the last complete read of AWS. Choose another, or try again after the next read.",
            );
            return None;
        }
        let term = term?;
        let items = assignments.into_iter();
        Some(
            items
                .map(|assignment| Operation::Assign { assignment, term })
                .collect(),
        )
    }

    fn removed(&mut self) -> Option<Vec<Operation>> {
        let assignments = self.assignments()?;
        let missing = assignments.iter().find(|assignment| {
            let there = self.snapshot.pair(&assignment.pair);
            !there.is_some_and(|read| read.principals.contains_key(&assignment.principal))
        });
        let Some(assignment) = missing else {
            let items = assignments.into_iter();
            return Some(
                items
                    .map(|assignment| Operation::Unassign { assignment })
                    .collect(),
            );
        };
        let message = format!(
            "{} is not assigned to {} with {} as of the last read of AWS, so there is nothing to remove. Choose an assignment on the account's page.",
            descriptions::principal(self.snapshot, &assignment.principal),
            names::account(self.snapshot, &assignment.pair.account).name,
            names::set(self.snapshot, &assignment.pair.set).name,
        );
        self.wrong(change_field::WHO, message);
        None
    }

    /// Returns one assignment for each account. Reads all fields, so that each of them is said to be missing.
    fn assignments(&mut self) -> Option<Vec<Assignment>> {
        let principal = self.principal();
        let account = self.account();
        let others = self.other_accounts();
        let set = self.set();
        let (principal, set) = (principal?, set?);
        let mut known = BTreeSet::new();
        let accounts = [account?].into_iter().chain(others?);
        let accounts = accounts.filter(|account| known.insert(account.clone()));
        let of = |account| Assignment {
            pair: Pair {
                account,
                set: set.clone(),
            },
            principal: principal.clone(),
        };
        Some(accounts.map(of).collect())
    }

    fn account(&mut self) -> Option<AccountId> {
        let text = self.field(change_field::ACCOUNT, |change_form| {
            &mut change_form.account
        })?;
        let found = self.account_named(change_field::ACCOUNT, &text)?;
        self.parsed.change_form.account = found.to_string();
        Some(found)
    }

    /// Returns the accounts besides the first; none if one of them is not known.
    fn other_accounts(&mut self) -> Option<Vec<AccountId>> {
        let entered = self.parsed.change_form.also.clone();
        let texts = entered.split([',', ';', '\n']).map(str::trim);
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        let mut found = Vec::with_capacity(texts.len());
        for text in &texts {
            if !self.fitting(change_field::ALSO, text) {
                return None;
            }
            found.push(self.account_named(change_field::ALSO, text)?);
        }
        let ids: Vec<&str> = found.iter().map(AccountId::as_str).collect();
        self.parsed.change_form.also = ids.join(", ");
        Some(found)
    }

    fn account_named(&mut self, field: &'static str, text: &str) -> Option<AccountId> {
        if let Ok(id) = AccountId::parse(text) {
            let listed = self.snapshot.account(&id).is_some()
                || self
                    .scope
                    .removable_pairs(self.snapshot)
                    .any(|pair| pair.account == id);
            if listed {
                return Some(id);
            }
            self.wrong(
                field,
                format!(
                    "Account {id} is not in the organization as of the last complete read of AWS: it was removed or never existed. \
                     Choose another, or try again after the next read."
                ),
            );
            return None;
        }
        let accounts = self.snapshot.parts().accounts.values();
        let named = accounts
            .filter(|(account, _)| same(&account.name, text))
            .map(|(account, _)| account.id.clone());
        let none = match field {
            change_field::ALSO => format!(
                "The organization contains no account {text} as of the last complete read of AWS. Choose another, or try again after the next read."
            ),
            _ => "The organization contains no such account as of the last complete read of AWS. Choose another, or try again after the next read.".to_owned(),
        };
        self.only_one(field, named.collect(), &none)
    }

    fn set(&mut self) -> Option<PermissionSetArn> {
        let text = self.field(change_field::SET, |change_form| &mut change_form.set)?;
        let parts = self.snapshot.parts();
        // A deleted permission set can still be assigned in an account and must be removable.
        let left_over = self.scope.removable_pairs(self.snapshot);
        let mut arns = parts.sets.keys().chain(left_over.map(|pair| &pair.set));
        let keyed = |arn: &&PermissionSetArn| arn.as_str() == text || arn.key() == text;
        if let Some(arn) = arns.find(keyed) {
            return Some(arn.clone());
        }
        let named = parts
            .sets
            .values()
            .filter(|set| same(&set.name, &text))
            .map(|set| set.arn.clone());
        let found = self.only_one(
            change_field::SET,
            named.collect(),
            "This permission set does not exist as of the last complete read of AWS. Choose another, or try again after the next read.",
        )?;
        found.key().clone_into(&mut self.parsed.change_form.set);
        Some(found)
    }
}

fn groups(snapshot: &Snapshot) -> Vec<FormOption> {
    let groups = snapshot.parts().groups.values();
    groups
        .map(|group| FormOption {
            value: format!("group:{}", group.id),
            label: format!(
                "{} · group of {}",
                group.display_name,
                snapshot.members(&group.id).count()
            ),
        })
        .collect()
}

fn accounts(snapshot: &Snapshot) -> Vec<FormOption> {
    let mut list: Vec<FormOption> = snapshot
        .parts()
        .accounts
        .values()
        .map(|(account, class)| {
            let pci = match class.pci {
                Pci::In => ", PCI",
                Pci::Connected => ", PCI-connected",
                Pci::Out => "",
            };
            let environment = match class.environment {
                Environment::Sandbox => "sandbox",
                Environment::Development => "development",
                Environment::Staging => "staging",
                Environment::Production => "production",
                Environment::Security => "security",
                Environment::Management => "management",
            };
            FormOption {
                value: account.id.to_string(),
                label: format!("{} · {} · {environment}{pci}", account.name, account.id),
            }
        })
        .collect();
    sorted(&mut list);
    list
}

fn sets(snapshot: &Snapshot) -> Vec<FormOption> {
    let sets = snapshot.parts().sets.values();
    let mut list: Vec<FormOption> = sets
        .map(|set| FormOption {
            value: set.arn.key().to_owned(),
            label: format!(
                "{} · sessions up to {}",
                set.name,
                session_length::words(set)
            ),
        })
        .collect();
    sorted(&mut list);
    list
}

/// Returns the durations to choose from. Standing access is offered to whoever may propose for everybody, and as long as it
/// is chosen: for themselves, people request temporary access.
fn terms(scope: &Scope, chosen: &str) -> Vec<FormOption> {
    let windows = WINDOWS.into_iter().map(|minutes| FormOption {
        value: minutes.to_string(),
        label: Duration::minutes(minutes).words(),
    });
    let stands = *scope == Scope::Everybody || chosen == STANDING;
    let standing = stands.then(|| FormOption {
        value: STANDING.into(),
        label: "Standing (until removed)".into(),
    });
    windows.chain(standing).collect()
}
