//! The values of the form that classifies accounts. Each error names its field and how to correct it.

use std::collections::BTreeMap;

use app::backend::{ClassifyForm, KEEP, classify_field};
use domain::{
    classification::{Classification, Environment, Pci},
    ids::{AccountId, UserId},
    private::Private,
    snapshot::Snapshot,
    subject::{
        InvalidItem,
        account_classification::{Declaration, State, VALID_FOR},
    },
    time::{Duration, Timestamp},
};

use super::{ReadForm, error};
use crate::service::{changes::forms::users, journal::private};

/// The length of a day in dates: `2026-11-23`.
const DAY_CHARS: usize = 10;

/// A half of the classification, as the form states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half<T> {
    /// What is in force for each account.
    Kept,
    Stated(T),
}

impl<T: Copy> Half<T> {
    /// Reads a value of the form. None if it is none of the known values.
    fn read(entered: &str, parse: fn(&str) -> Option<T>) -> Option<Self> {
        match entered {
            KEEP => Some(Self::Kept),
            other => parse(other).map(Self::Stated),
        }
    }

    fn or(self, in_force: T) -> T {
        match self {
            Self::Kept => in_force,
            Self::Stated(value) => value,
        }
    }
}

/// Who answers for the accounts, as the form states it.
enum Owner {
    /// The present owner of each account.
    Kept,
    Stated(Option<UserId>),
}

/// What is declared for every account.
pub(super) struct Values {
    environment: Half<Environment>,
    pci: Half<Pci>,
    owner: Owner,
    /// One text, however many accounts it is about.
    purpose: Private,
    out_of_scope: Option<Private>,
    valid_until: Timestamp,
    /// The time of the request.
    now: Timestamp,
}

impl Values {
    /// Reads the values, and replaces an entered name by its id. None if one of them is missing or wrong; then every
    /// error is in the form.
    pub(super) fn read(read: &mut ReadForm, snapshot: &Snapshot, now: Timestamp) -> Option<Self> {
        let ReadForm {
            form,
            accounts,
            errors,
            ..
        } = read;
        let before = errors.len();
        let mut wrong = |field, message: String| errors.push(error(field, message));
        let environment = Half::read(&form.environment, Environment::parse);
        match environment {
            None => wrong(classify_field::ENVIRONMENT, "Select an environment.".into()),
            Some(Half::Stated(Environment::Management)) => {
                let invalid = InvalidItem::Management;
                wrong(field_of(&invalid), invalid.to_string());
            }
            Some(_) => {}
        }
        let pci = Half::read(&form.pci, Pci::parse);
        if pci.is_none() {
            wrong(classify_field::PCI, "Select a PCI DSS scope.".into());
        }
        for (field, message) in outranked(snapshot, accounts, environment, pci) {
            wrong(field, message);
        }
        let owner = owner(form, snapshot).unwrap_or_else(|message| {
            wrong(classify_field::OWNER, message);
            Owner::Kept
        });
        let valid_until = until(&form.until, now).unwrap_or_else(|message| {
            wrong(classify_field::UNTIL, message);
            now
        });
        let purpose = private(&text(&form.purpose));
        // The page shows the reason only where it may be needed; it stays in the form in case that is selected again.
        let reason = match pci {
            Some(Half::Stated(Pci::Out) | Half::Kept) => text(&form.out_of_scope),
            Some(Half::Stated(Pci::In | Pci::Connected)) | None => String::new(),
        };
        let out_of_scope = (!reason.is_empty()).then(|| private(&reason));
        let reason = match pci {
            Some(Half::Stated(pci)) => Declaration::check_reason(out_of_scope.as_ref(), pci),
            // Whether it is needed depends on each account.
            Some(Half::Kept) if out_of_scope.is_some() => {
                Declaration::check_reason(out_of_scope.as_ref(), Pci::Out)
            }
            Some(Half::Kept) | None => Ok(()),
        };
        let texts = [Declaration::check_purpose(&purpose), reason];
        for invalid in texts.into_iter().filter_map(Result::err) {
            wrong(field_of(&invalid), invalid.to_string());
        }
        let values = Self {
            environment: environment?,
            pci: pci?,
            owner,
            purpose,
            out_of_scope,
            valid_until,
            now,
        };
        (errors.len() == before).then_some(values)
    }

    /// Returns the declaration of one account. `class` is that of the read model.
    pub(super) fn declaration(&self, state: &State, class: &Classification) -> Declaration {
        let before = state.declaration.as_ref();
        let without = class.undeclared().strictness();
        let in_force = class.under(state.declared, self.now).strictness();
        let (environment, pci) = (self.environment.or(in_force.0), self.pci.or(in_force.1));
        // One that has ended keeps nothing.
        let valid = before.filter(|before| before.valid_until > self.now);
        let reason_before = before.and_then(|before| before.out_of_scope.as_ref());
        let out_of_scope = match (&self.out_of_scope, pci) {
            (Some(reason), Pci::Out) => Some(kept(reason_before, reason)),
            (None, Pci::Out) => reason_before.cloned(),
            (_, Pci::In | Pci::Connected) => None,
        };
        Declaration {
            environment,
            pci,
            owner: match &self.owner {
                Owner::Kept => before.and_then(|before| before.owner.clone()),
                Owner::Stated(owner) => owner.clone(),
            },
            purpose: kept(before.map(|before| &before.purpose), &self.purpose),
            out_of_scope,
            valid_until: Declaration::end(valid, (environment, pci), without, self.valid_until),
            against: class.reported(),
            without,
        }
    }
}

/// Says which accounts have a role that demands more than is declared, so that the declared value could not count.
fn outranked(
    snapshot: &Snapshot,
    accounts: &[AccountId],
    environment: Option<Half<Environment>>,
    pci: Option<Half<Pci>>,
) -> Vec<(&'static str, String)> {
    let mut environments: BTreeMap<Environment, Vec<&str>> = BTreeMap::new();
    let mut scopes: BTreeMap<Pci, Vec<&str>> = BTreeMap::new();
    for (account, class) in accounts.iter().filter_map(|id| snapshot.account(id)) {
        let (least_environment, least_pci) = class.demanded_by_role();
        if let (Some(Half::Stated(stated)), Some(least)) = (environment, least_environment)
            && stated < least
        {
            environments.entry(least).or_default().push(&account.name);
        }
        if let (Some(Half::Stated(stated)), Some(least)) = (pci, least_pci)
            && stated < least
        {
            scopes.entry(least).or_default().push(&account.name);
        }
    }
    let environments = environments.into_iter().map(|(least, named)| {
        let counts = always_counts(&named, least.as_str());
        let cure = match least {
            Environment::Management => "Select “Leave as it is”.".to_owned(),
            least => format!("Select “Leave as it is” or {}.", least.as_str()),
        };
        (classify_field::ENVIRONMENT, format!("{counts} {cure}"))
    });
    let scopes = scopes.into_iter().map(|(least, named)| {
        let counts = always_counts(&named, least.words());
        let cure = "Select “Leave as it is” or a stricter scope.";
        (classify_field::PCI, format!("{counts} {cure}"))
    });
    environments.chain(scopes).collect()
}

/// The maximum number of accounts that one error names.
const NAMED: usize = 3;

fn always_counts(named: &[&str], what: &str) -> String {
    let shown = named.iter().take(NAMED).copied().collect::<Vec<_>>();
    let more = named.len().saturating_sub(NAMED);
    let (who, verb) = match (shown.as_slice(), more) {
        ([one], _) => ((*one).to_owned(), "counts"),
        (shown, 0) => (shown.join(", "), "count"),
        (shown, more) => (
            format!("{} and {more} more accounts", shown.join(", ")),
            "count",
        ),
    };
    format!("{who} always {verb} as {what}, because of the role in AWS Organizations.")
}

/// Returns the field that makes a declaration invalid.
pub(super) fn field_of(invalid: &InvalidItem) -> &'static str {
    match invalid {
        InvalidItem::Management => classify_field::ENVIRONMENT,
        InvalidItem::Ended | InvalidItem::ValidForTooLong(_) => classify_field::UNTIL,
        InvalidItem::Text {
            what: "purpose", ..
        }
        | InvalidItem::CardNumber("purpose") => classify_field::PURPOSE,
        InvalidItem::Text { .. }
        | InvalidItem::CardNumber(_)
        | InvalidItem::OutOfScope
        | InvalidItem::InScope => classify_field::OUT_OF_SCOPE,
        _ => classify_field::ACCOUNTS,
    }
}

/// Returns a text as it was stored before if it is the same, so that nothing counts as changed and one erasure is enough.
fn kept(before: Option<&Private>, entered: &Private) -> Private {
    let same = before.filter(|before| before.value() == entered.value());
    same.unwrap_or(entered).clone()
}

/// Returns an entered text. Browsers send line breaks as CRLF.
fn text(entered: &str) -> String {
    entered.trim().replace("\r\n", "\n")
}

fn owner(form: &mut ClassifyForm, snapshot: &Snapshot) -> Result<Owner, String> {
    match form.owner.trim() {
        "" => Ok(Owner::Stated(None)),
        KEEP => Ok(Owner::Kept),
        entered => {
            let owner = users::find(snapshot, entered).map_err(|wrong| wrong.to_string())?;
            form.owner = users::value(&owner);
            Ok(Owner::Stated(Some(owner)))
        }
    }
}

fn until(entered: &str, now: Timestamp) -> Result<Timestamp, String> {
    let entered = entered.trim();
    let day = (entered.chars().count() == DAY_CHARS)
        .then(|| Timestamp::parse_rfc3339(&format!("{entered}T00:00:00Z")))
        .flatten();
    let Some(day) = day else {
        return Err("Enter a date, such as 2027-11-23.".into());
    };
    Declaration::check_end(day, now).map_err(|invalid| invalid.to_string())?;
    Ok(day)
}

/// Returns the latest day on which a declaration can end.
pub(super) fn latest(now: Timestamp) -> String {
    date(now + VALID_FOR)
}

fn date(at: Timestamp) -> String {
    at.rfc3339().chars().take(DAY_CHARS).collect()
}

/// Returns the values of a declaration. One that has ended, or ends within a day, is to be declared for 12 months.
pub(in crate::service::changes) fn form_of(
    declaration: &Declaration,
    now: Timestamp,
) -> ClassifyForm {
    let end = declaration.valid_until;
    // An erased text is to be entered anew.
    let known =
        |text: Option<&Private>| text.and_then(Private::value).unwrap_or_default().to_owned();
    ClassifyForm {
        environment: stated(declaration.environment),
        pci: declaration.pci.as_str().to_owned(),
        owner: declaration
            .owner
            .as_ref()
            .map(users::value)
            .unwrap_or_default(),
        purpose: known(Some(&declaration.purpose)),
        out_of_scope: known(declaration.out_of_scope.as_ref()),
        until: if end <= now + Duration::days(1) || end > now + VALID_FOR {
            latest(now)
        } else {
            date(end)
        },
        ..ClassifyForm::default()
    }
}

/// Returns the value of an environment in the form. Nobody declares a management account; it is left as it is.
fn stated(environment: Environment) -> String {
    match environment {
        Environment::Management => KEEP.to_owned(),
        other => other.as_str().to_owned(),
    }
}

/// Returns a new form, filled with what a link chooses, what the accounts are declared to be, or else with how they are classified, as far as
/// they agree. Where they differ, each is left as it is. A declaration is confirmed for another 12 months.
pub(super) fn prefilled(read: &ReadForm, snapshot: &Snapshot, now: Timestamp) -> ClassifyForm {
    let each: Vec<ClassifyForm> = read
        .accounts
        .iter()
        .filter_map(|id| {
            let (_, class) = snapshot.account(id)?;
            let state = read.states.classification(id)?;
            let in_force = class.under(state.declared, now).strictness();
            let declared = state.declaration.as_ref().map(|one| form_of(one, now));
            let mut one = declared.unwrap_or_else(|| ClassifyForm {
                environment: stated(in_force.0),
                pci: in_force.1.as_str().to_owned(),
                ..ClassifyForm::default()
            });
            let (environment, pci) = class.demanded_by_role();
            if environment.is_some_and(|least| Environment::parse(&one.environment) < Some(least)) {
                KEEP.clone_into(&mut one.environment);
            }
            if pci.is_some_and(|least| Pci::parse(&one.pci) < Some(least)) {
                KEEP.clone_into(&mut one.pci);
            }
            Some(one)
        })
        .collect();
    // What all agree on, or else what is given.
    let agreed = |of: fn(&ClassifyForm) -> &String, otherwise: &str| match each.split_first() {
        Some((first, rest)) if rest.iter().all(|one| of(one) == of(first)) => of(first).clone(),
        Some(_) => otherwise.to_owned(),
        None => String::new(),
    };
    let chosen = |entered: &String, agreed: String| {
        if entered.is_empty() {
            agreed
        } else {
            entered.clone()
        }
    };
    let form = &read.form;
    ClassifyForm {
        environment: chosen(&form.environment, agreed(|one| &one.environment, KEEP)),
        pci: chosen(&form.pci, agreed(|one| &one.pci, KEEP)),
        owner: agreed(|one| &one.owner, KEEP),
        purpose: agreed(|one| &one.purpose, ""),
        out_of_scope: agreed(|one| &one.out_of_scope, ""),
        until: latest(now),
        ..read.form.clone()
    }
}
