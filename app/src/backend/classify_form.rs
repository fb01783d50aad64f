//! The form that classifies accounts. This module is the only place that names its fields: the page, the action, the URL
//! of the preview and the service use these names.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    classification::{Environment, Pci},
    ids::{AccountId, ChangeId},
};

use super::{
    AccountRef, ClassifyOrigin, FieldError, FormOption, PortResult, Preview, change_field, escape,
    field_list,
};
use crate::lists::{ListChoice, accounts::ACCOUNTS};

/// The names of the fields, as the browser sends them.
pub mod classify_field {
    use super::{change_field, field_list::extended};

    /// [`DECLARE`](super::DECLARE), [`KEEP_OWNER`](super::KEEP_OWNER) or [`END`](super::END).
    pub const ACTION: &str = "action";
    /// Account numbers or exact names, separated by commas or line breaks.
    pub const ACCOUNTS: &str = "accounts";
    /// The filters of the list of accounts instead of single accounts, as a query.
    pub const ONLY: &str = "only";
    /// The words of a search in the list, with the filters.
    pub const WORDS: &str = "q";
    pub const ENVIRONMENT: &str = "environment";
    pub const PCI: &str = "pci";
    /// `user:ID`; can be empty.
    pub const OWNER: &str = "owner";
    pub const PURPOSE: &str = "purpose";
    /// The reason for *out of scope*.
    pub const OUT_OF_SCOPE: &str = "out_of_scope";
    /// `YYYY-MM-DD`
    pub const UNTIL: &str = "until";

    /// The fields that say what is declared of which accounts.
    pub const CHOSEN: [&str; 10] = [
        ACTION,
        ACCOUNTS,
        ONLY,
        WORDS,
        ENVIRONMENT,
        PCI,
        OWNER,
        PURPOSE,
        OUT_OF_SCOPE,
        UNTIL,
    ];
    /// The fields that are kept over an expired session: what was chosen and typed.
    pub const KEPT: [&str; 12] = extended(CHOSEN, change_field::TYPED);
    /// All fields that the form sends.
    pub const SENT: [&str; 14] = extended(KEPT, [change_field::EFFECT, change_field::FORM_KEY]);
}

/// The value of [`classify_field::ACTION`] that declares; also an empty one.
pub const DECLARE: &str = "declare";
/// The value of [`classify_field::ACTION`] that declares all but the owner, who is left as they are.
pub const KEEP_OWNER: &str = "keep-owner";
/// The value of [`classify_field::ACTION`] that ends declarations.
pub const END: &str = "end";
/// The value of [`classify_field::ENVIRONMENT`], [`classify_field::PCI`] and [`classify_field::OWNER`] that declares what
/// is in force for each account.
pub const KEEP: &str = "keep";
/// The path of the form.
pub const CLASSIFY: &str = "/changes/classify";
/// The name of each checkbox in the list of accounts, and of the account in a link; it may occur several times.
pub const ACCOUNT: &str = "account";
/// The fields that choose the accounts, or that declarations are ended.
const ACCOUNTS_BY: [&str; 4] = [
    classify_field::ACTION,
    classify_field::ACCOUNTS,
    classify_field::ONLY,
    classify_field::WORDS,
];

/// The values of the form. They are sent by POST: an address has a maximum length, and stays in histories and logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct ClassifyForm {
    /// [`classify_field::ACTION`]
    pub action: String,
    /// [`classify_field::ACCOUNTS`]
    pub accounts: String,
    /// [`classify_field::ONLY`]
    pub only: String,
    /// [`classify_field::WORDS`]
    pub words: String,
    /// [`classify_field::ENVIRONMENT`]
    pub environment: String,
    /// [`classify_field::PCI`]
    pub pci: String,
    /// [`classify_field::OWNER`]
    pub owner: String,
    /// [`classify_field::PURPOSE`]
    pub purpose: String,
    /// [`classify_field::OUT_OF_SCOPE`]
    pub out_of_scope: String,
    /// [`classify_field::UNTIL`]
    pub until: String,
}

impl ClassifyForm {
    /// Reads the form. `value` returns the value of a field, or an empty string if the field was not sent.
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        let [
            action,
            accounts,
            only,
            words,
            environment,
            pci,
            owner,
            purpose,
            out_of_scope,
            until,
        ] = classify_field::CHOSEN.map(value);
        let (action, owner) = if action == KEEP_OWNER {
            (DECLARE.to_owned(), KEEP.to_owned())
        } else {
            (action, owner)
        };
        Self {
            action,
            accounts,
            only,
            words,
            environment,
            pci,
            owner,
            purpose,
            out_of_scope,
            until,
        }
    }

    /// Reads the query of a link or of the list of accounts, which names single accounts by `account`. It holds no text that people
    /// wrote: such a text in an address is not read.
    pub fn of_query(query: &BTreeMap<String, String>, accounts: &[String]) -> Self {
        let mut form = Self::read(|field| match field {
            classify_field::PURPOSE | classify_field::OUT_OF_SCOPE => String::new(),
            field => query.get(field).cloned().unwrap_or_default(),
        });
        let typed = Some(form.accounts.trim()).filter(|typed| !typed.is_empty());
        let named = accounts.iter().map(String::as_str);
        let all: Vec<&str> = typed.into_iter().chain(named).collect();
        form.accounts = all.join("\n");
        form
    }

    /// Returns the name and value of each field, in the order of [`classify_field::CHOSEN`].
    pub fn fields(&self) -> [(&'static str, &str); 10] {
        let values = [
            &self.action,
            &self.accounts,
            &self.only,
            &self.words,
            &self.environment,
            &self.pci,
            &self.owner,
            &self.purpose,
            &self.out_of_scope,
            &self.until,
        ];
        std::array::from_fn(|at| (classify_field::CHOSEN[at], values[at].as_str()))
    }

    /// Whether declarations are ended.
    pub fn ends(&self) -> bool {
        self.action == END
    }

    /// Whether it was not sent yet: a link chooses accounts, and at most an environment and a PCI scope. A form that was
    /// sent states what it does.
    pub fn is_new(&self) -> bool {
        self.action.is_empty() && self.purpose.is_empty() && self.until.is_empty()
    }

    /// Returns the form for all accounts that a choice of the list keeps.
    pub fn of_list(choice: &ListChoice) -> Self {
        let filters = choice.filters.iter();
        let query = filters.map(|chosen| format!("{}={}", chosen.filter, escape(&chosen.value)));
        Self {
            only: query.collect::<Vec<_>>().join("&"),
            words: choice.words.clone(),
            ..Self::default()
        }
    }

    /// Returns the form for one account.
    pub fn of_account(account: &AccountId) -> Self {
        Self {
            accounts: account.to_string(),
            ..Self::default()
        }
    }

    /// Returns the choice of the list that stands for the accounts; none if the list does not have a filter of it any more.
    pub fn choice(&self) -> Option<ListChoice> {
        let (choice, dropped) = ListChoice::parse(&ACCOUNTS, &format!("?{}", self.only));
        dropped.is_empty().then(|| ListChoice {
            words: self.words.clone(),
            ..choice
        })
    }

    /// Whether a filter of the list stands for the accounts.
    pub fn is_filtered(&self) -> bool {
        self.accounts.trim().is_empty() && !(self.only.is_empty() && self.words.is_empty())
    }

    /// Returns the URL of a form that is still to be filled, with these accounts.
    pub fn selection(&self) -> String {
        let action = if self.ends() { END } else { "" };
        Self {
            action: action.to_owned(),
            ..self.clone()
        }
        .href()
    }

    /// Returns the URL of the form in which a classification is chosen already.
    pub fn href_as(&self, (environment, pci): (Environment, Pci)) -> String {
        format!(
            "{}&{}={}&{}={}",
            self.href(),
            classify_field::ENVIRONMENT,
            environment.as_str(),
            classify_field::PCI,
            pci.as_str()
        )
    }

    /// Returns the URL of the form with its accounts, without values.
    pub fn href(&self) -> String {
        let query: Vec<String> = self
            .fields()
            .into_iter()
            .filter(|(name, value)| ACCOUNTS_BY.contains(name) && !value.is_empty())
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect();
        format!("{CLASSIFY}?{}", query.join("&"))
    }
}

/// A submitted classification.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ClassifySubmission {
    pub form: ClassifyForm,
    pub justification: String,
    pub ticket: String,
    /// The hash of the effect in the preview.
    pub effect: String,
    /// The idempotency key of the form.
    pub form_key: String,
}

impl ClassifySubmission {
    /// Reads the form, like [`ClassifyForm::read`].
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        Self {
            justification: value(change_field::JUSTIFICATION),
            ticket: value(change_field::TICKET),
            effect: value(change_field::EFFECT),
            form_key: value(change_field::FORM_KEY),
            form: ClassifyForm::read(value),
        }
    }

    /// Returns the justification of the change. That accounts are out of scope has one reason, which the form asks for once.
    pub fn justified(&self) -> &str {
        let reason = &self.form.out_of_scope;
        let is_reason = !self.form.ends() && self.form.pci == Pci::Out.as_str();
        if is_reason && !reason.trim().is_empty() {
            reason
        } else {
            &self.justification
        }
    }
}

/// An account that the form names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChosenAccount {
    pub account: AccountRef,
    /// What it becomes by the preview; none without one, or if its environment and PCI scope stay.
    pub becomes: Option<(Environment, Pci)>,
}

/// The form that classifies accounts, with the preview.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NewClassification {
    /// The values; those of a new form are what the accounts are now, as far as they agree.
    pub form: ClassifyForm,
    /// The accounts, at most [`SHOWN_ACCOUNTS`] of them.
    pub accounts: Vec<ChosenAccount>,
    /// The number of all accounts.
    pub total: usize,
    /// How many of them are declared exactly so, or have no declaration to end. The change leaves them out.
    pub unchanged: usize,
    /// How many of them have a declaration that can be ended.
    pub declared: usize,
    /// The users who can be the owner; only the selected one if the list is too long for a page.
    pub owners: Vec<FormOption>,
    /// Whether the owner is typed.
    pub types_owner: bool,
    /// The latest end that can be chosen.
    pub latest: String,
    pub errors: Vec<FieldError>,
    /// The preview, if the form is complete.
    pub preview: Option<Preview>,
    pub form_key: String,
}

/// The maximum number of accounts that the form names.
pub const SHOWN_ACCOUNTS: usize = 60;

/// Previews and submits the classification of accounts.
#[async_trait]
pub trait ClassificationPort {
    /// Returns the form that undoes items of a change, or requests them again.
    async fn follow_up_form(&self, origin: &ClassifyOrigin) -> PortResult<ClassifyForm>;
    /// Returns the form, with the preview if it is complete. Has no side effects.
    async fn new_classification(&self, form: &ClassifyForm) -> PortResult<NewClassification>;
    /// Stores the change, as [`NewChangePort::submit`](super::NewChangePort::submit) does.
    async fn classify(&self, submission: ClassifySubmission) -> PortResult<ChangeId>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_read_from_its_own_name_and_written_under_it() {
        let form = ClassifyForm::read(|name| format!("{name} & more"));
        for (name, value) in form.fields() {
            assert_eq!(value, format!("{name} & more"));
        }
        assert_eq!(
            (form.pci.as_str(), form.until.as_str()),
            ("pci & more", "until & more")
        );
    }

    #[test]
    fn a_submission_reads_all_that_the_form_sends_and_nothing_else() {
        let asked = std::cell::RefCell::new(Vec::new());
        ClassifySubmission::read(|name| {
            asked.borrow_mut().push(name.to_owned());
            String::new()
        });
        let (mut asked, mut sent) = (asked.into_inner(), classify_field::SENT.to_vec());
        asked.sort();
        sent.sort_unstable();
        assert_eq!(asked, sent);
    }

    #[test]
    fn the_reason_for_out_of_scope_is_the_justification_too() {
        let sent = |pci: &str, reason: &str, action: &str| ClassifySubmission {
            form: ClassifyForm {
                action: action.into(),
                pci: pci.into(),
                out_of_scope: reason.into(),
                ..ClassifyForm::default()
            },
            justification: "agreed with the team".into(),
            ticket: String::new(),
            effect: String::new(),
            form_key: String::new(),
        };
        let reason = "neither stores nor reaches card data";
        assert_eq!(sent("out", reason, DECLARE).justified(), reason);
        // Elsewhere the reason is not asked for, and may be left over from what was chosen before.
        for other in [
            sent("in", reason, DECLARE),
            sent(KEEP, reason, DECLARE),
            sent("out", " ", DECLARE),
            sent("out", reason, END),
        ] {
            assert_eq!(other.justified(), "agreed with the team");
        }
    }

    #[test]
    fn all_but_the_owner_is_declared_if_that_is_asked_for() {
        let form = ClassifyForm::read(|field| match field {
            classify_field::ACTION => KEEP_OWNER.to_owned(),
            classify_field::OWNER => "user:somebody".to_owned(),
            _ => String::new(),
        });
        assert_eq!((form.action.as_str(), form.owner.as_str()), (DECLARE, KEEP));
    }

    #[test]
    fn links_and_checkboxes_name_accounts() {
        let query = [
            ("accounts", "tokens-prod"),
            ("only", "unclassified"),
            ("purpose", "in the address by mistake"),
        ];
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let accounts = ["111122223333", "444455556666"].map(str::to_owned);
        let form = ClassifyForm::of_query(&query.into(), &accounts);
        assert_eq!(form.accounts, "tokens-prod\n111122223333\n444455556666");
        assert_eq!(form.purpose, "");
        assert!(!form.is_filtered() && form.is_new());
        let filtered = ClassifyForm {
            accounts: String::new(),
            ..form
        };
        assert!(filtered.is_filtered());
    }
    #[test]
    fn a_link_may_choose_the_classification() {
        let account = AccountId::parse("111122223333").unwrap();
        let form = ClassifyForm::of_account(&account);
        assert_eq!(
            form.href_as((Environment::Staging, Pci::Out)),
            "/changes/classify?accounts=111122223333&environment=staging&pci=out"
        );
    }
}
