//! The values of the form that classifies accounts. Each error names its field and how to correct it.

use app::backend::{ClassifyForm, FieldError, classify_field};
use domain::{
    classification::{Classification, Environment, Pci},
    ids::{AccountId, UserId},
    private::Private,
    snapshot::Snapshot,
    subject::{
        InvalidItem,
        account_classification::{Declaration, VALID_FOR},
    },
    time::{Duration, Timestamp},
};

use super::error;
use crate::service::{changes::forms::users, journal::private};

/// The length of a day in dates: `2026-11-23`.
const DAY_CHARS: usize = 10;

/// What is declared, the same for every account.
pub(super) struct Values {
    environment: Environment,
    pci: Pci,
    owner: Option<UserId>,
    /// One text, however many accounts it is about.
    purpose: Private,
    out_of_scope: Option<Private>,
    valid_until: Timestamp,
    /// The time of the request.
    now: Timestamp,
}

impl Values {
    /// Reads the values, and replaces an entered name by its id. None if one of them is missing or wrong.
    pub(super) fn read(
        form: &mut ClassifyForm,
        snapshot: &Snapshot,
        now: Timestamp,
        errors: &mut Vec<FieldError>,
    ) -> Option<Self> {
        let before = errors.len();
        let environment = Environment::parse(&form.environment);
        match environment.map(Declaration::check_environment) {
            None => errors.push(error(classify_field::ENVIRONMENT, "Select an environment.")),
            Some(Err(invalid)) => errors.push(error(field_of(&invalid), invalid.to_string())),
            Some(Ok(())) => {}
        }
        let pci = Pci::parse(&form.pci);
        if pci.is_none() {
            errors.push(error(classify_field::PCI, "Select a PCI DSS scope."));
        }
        let owner = owner(form, snapshot).unwrap_or_else(|wrong| {
            errors.push(error(classify_field::OWNER, wrong));
            None
        });
        let valid_until = until(&form.until, now).unwrap_or_else(|wrong| {
            errors.push(error(classify_field::UNTIL, wrong));
            now
        });
        let pci = pci?;
        // The page shows the reason only for *out of scope*; it stays in the form in case that is selected again.
        let out_of_scope = match pci {
            Pci::Out => text(&form.out_of_scope),
            Pci::In | Pci::Connected => String::new(),
        };
        let values = Self {
            environment: environment?,
            pci,
            owner,
            purpose: private(&text(&form.purpose)),
            out_of_scope: (!out_of_scope.is_empty()).then(|| private(&out_of_scope)),
            valid_until,
            now,
        };
        (errors.len() == before).then_some(values)
    }

    /// Returns the declaration of one account.
    pub(super) fn declaration(
        &self,
        before: Option<&Declaration>,
        class: &Classification,
    ) -> Declaration {
        let without = class.undeclared().strictness();
        let next = (self.environment, self.pci);
        // One that has ended keeps nothing.
        let valid = before.filter(|before| before.valid_until > self.now);
        Declaration {
            environment: self.environment,
            pci: self.pci,
            owner: self.owner.clone(),
            purpose: kept(before.map(|before| &before.purpose), &self.purpose),
            out_of_scope: self.out_of_scope.as_ref().map(|reason| {
                kept(
                    before.and_then(|before| before.out_of_scope.as_ref()),
                    reason,
                )
            }),
            valid_until: Declaration::end(valid, next, without, self.valid_until),
            against: class.reported(),
            without,
        }
    }
}

/// Returns the field that makes a declaration invalid.
pub(super) fn field_of(invalid: &InvalidItem) -> &'static str {
    match invalid {
        InvalidItem::Management => classify_field::ENVIRONMENT,
        InvalidItem::Ended | InvalidItem::ValidForTooLong(_) => classify_field::UNTIL,
        InvalidItem::Text("purpose") | InvalidItem::CardNumber("purpose") => {
            classify_field::PURPOSE
        }
        InvalidItem::Text(_)
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

fn owner(form: &mut ClassifyForm, snapshot: &Snapshot) -> Result<Option<UserId>, String> {
    let entered: String = form.owner.trim().chars().take(300).collect();
    if entered.is_empty() {
        return Ok(None);
    }
    let owner = users::find(snapshot, &entered).map_err(|wrong| wrong.to_string())?;
    form.owner = users::value(&owner);
    Ok(Some(owner))
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
        environment: declaration.environment.as_str().to_owned(),
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

/// Fills a new form with what the accounts are declared to be, as far as they agree, or else with how they are
/// classified. A declaration is confirmed for another 12 months.
pub(super) fn prefill<'a>(
    form: &mut ClassifyForm,
    snapshot: &Snapshot,
    accounts: &[AccountId],
    declared: impl Iterator<Item = Option<&'a Declaration>>,
    now: Timestamp,
) {
    let declared: Vec<Option<ClassifyForm>> = declared
        .map(|declaration| Some(form_of(declaration?, now)))
        .collect();
    let agreed = |of: fn(&ClassifyForm) -> &String| {
        let mut all = declared.iter().map(|one| one.as_ref().map(of));
        let first = all.next().flatten()?;
        all.all(|one| one == Some(first)).then(|| first.clone())
    };
    let mut classes = accounts
        .iter()
        .filter_map(|id| snapshot.account(id).map(|(_, class)| class.strictness()));
    let first = classes.next();
    let same = first.filter(|first| classes.all(|class| class == *first));
    let known = |value: Option<&'static str>| value.unwrap_or_default().to_owned();
    let environment = same.map(|(environment, _)| environment.as_str());
    let values = ClassifyForm {
        environment: agreed(|one| &one.environment).unwrap_or_else(|| known(environment)),
        pci: agreed(|one| &one.pci).unwrap_or_else(|| known(same.map(|(_, pci)| pci.as_str()))),
        owner: agreed(|one| &one.owner).unwrap_or_default(),
        purpose: agreed(|one| &one.purpose).unwrap_or_default(),
        out_of_scope: agreed(|one| &one.out_of_scope).unwrap_or_default(),
        until: latest(now),
        ..form.clone()
    };
    *form = values;
}
