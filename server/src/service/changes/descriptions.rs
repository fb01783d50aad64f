//! Describes changes as text. Names are taken from the snapshot for display, never from a form.

use std::collections::BTreeMap;

use app::backend::{AccountRef, EffectRow, PrincipalRef};
use domain::{
    access::Path,
    change::{Operation, State},
    diff::{Gainer, Step},
    grant::Term,
    ids::{AccountId, PermissionSetArn, PersonId, Principal},
    ledger::projection::ChangeMismatch,
    snapshot::Snapshot,
    subject::Part,
    time::Duration,
};

use crate::service::names;

/// The names of people whom the snapshot may not name.
pub(in crate::service) type People = BTreeMap<PersonId, String>;

/// Returns the title of a change with so many items, of which at least the first is given.
pub(super) fn title(
    snapshot: &Snapshot,
    people: &People,
    operations: &[Operation],
    items: usize,
) -> String {
    match operations {
        [] => "No items".into(),
        [first, ..] if items <= 1 => operation(snapshot, people, first),
        [first, ..] => {
            let first = operation(snapshot, people, first);
            format!("{first} and {} more", items - 1)
        }
    }
}

/// Describes one item in one line.
pub(in crate::service) fn operation(
    snapshot: &Snapshot,
    people: &People,
    operation: &Operation,
) -> String {
    let parts = operation.subject().order().into_iter();
    parts.map(|part| spoken(snapshot, people, part)).collect()
}

fn spoken(snapshot: &Snapshot, people: &People, part: Part) -> String {
    match part {
        Part::Text(text) => text.to_owned(),
        Part::Value(value) => value,
        Part::Account(id) => names::account(snapshot, &id).name,
        Part::Set(arn) => set(snapshot, &arn),
        Part::Principal(who) => principal(snapshot, &who),
        Part::Person(person) => {
            let named = people.get(&person).cloned();
            let named = named.or_else(|| names::person_name(snapshot, &person));
            named.unwrap_or_else(|| format!("person {person}"))
        }
        Part::Term(length) => term(length),
    }
}

fn set(snapshot: &Snapshot, arn: &PermissionSetArn) -> String {
    names::set(snapshot, arn).name
}

/// Returns the name of a user or group.
pub(super) fn principal(snapshot: &Snapshot, who: &Principal) -> String {
    match names::principal(snapshot, who) {
        PrincipalRef::User(user) => user.name,
        PrincipalRef::Group { name, .. } => name,
        PrincipalRef::NotRead(Principal::Group(id)) => format!("group {id}"),
        PrincipalRef::NotRead(Principal::User(id)) => format!("user {id}"),
        PrincipalRef::Orphan(Principal::Group(id)) => format!("deleted group ({id})"),
        PrincipalRef::Orphan(Principal::User(id)) => format!("deleted user ({id})"),
    }
}

/// Describes the term of access.
pub(in crate::service) fn term(term: Term) -> String {
    match term {
        Term::Standing => "as standing access".into(),
        Term::For(length) => format!("for {}", length_words(length)),
    }
}

/// Formats a duration: "90 seconds", "45 minutes", "1 hour", "2 hours 30 minutes".
pub(super) fn length_words(length: Duration) -> String {
    let seconds = length.as_seconds();
    let minutes = seconds / 60;
    let count = |n: i64, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    if seconds % 60 != 0 {
        return count(seconds, "second");
    }
    match (minutes / 60, minutes % 60) {
        (0, minutes) => count(minutes, "minute"),
        (hours, 0) => count(hours, "hour"),
        (hours, minutes) => format!("{} {}", count(hours, "hour"), count(minutes, "minute")),
    }
}

/// Describes one gain.
pub(super) fn gain(snapshot: &Snapshot, step: &Step) -> EffectRow {
    EffectRow {
        term: term(step.term),
        ..loss(snapshot, step)
    }
}

/// Describes one loss, which has no term.
pub(super) fn loss(snapshot: &Snapshot, step: &Step) -> EffectRow {
    let (who, label) = match &step.gainer {
        Gainer::User(user) => {
            let known = names::principal(snapshot, &Principal::User(user.clone()));
            (
                Some(known),
                principal(snapshot, &Principal::User(user.clone())),
            )
        }
        Gainer::FutureMember(group) => (
            None,
            format!("Future members of {}", names::group(snapshot, group)),
        ),
    };
    EffectRow {
        who,
        label,
        account: Some(names::account(snapshot, &step.pair.account)),
        set: Some(names::set(snapshot, &step.pair.set)),
        via: path(snapshot, &step.path),
        term: String::new(),
    }
}

/// Describes a path.
pub(super) fn path(snapshot: &Snapshot, path: &Path) -> String {
    match path {
        Path::Direct => "directly".into(),
        Path::Group(group) => format!("through {}", names::group(snapshot, group)),
    }
}

/// Returns the accounts that a change names or has an effect on, each once.
pub(super) fn accounts<'a>(
    snapshot: &Snapshot,
    operations: &'a [Operation],
    affected: impl Iterator<Item = &'a AccountId>,
) -> Vec<AccountRef> {
    let named = operations.iter().filter_map(Operation::account);
    let ids: std::collections::BTreeSet<&AccountId> = named.chain(affected).collect();
    ids.into_iter()
        .map(|id| names::account(snapshot, id))
        .collect()
}

/// Returns why a change cannot be decided any more.
pub(crate) fn already(state: State) -> &'static str {
    match state {
        State::Refused => "This change is blocked by policy. No approval can override this.",
        State::Waiting => "This change is waiting for a decision.",
        State::Approved => "This change is already approved and is about to be applied.",
        State::Applying => "This change is already approved and is being applied.",
        State::Verified => "This change has already been carried out.",
        State::Declined => "This change has already been declined.",
        State::Expired => "This change has expired. Request it again.",
        State::Withdrawn => "The requester has withdrawn this change.",
        State::Failed => "This change could not be carried out. Request it again.",
    }
}

/// Explains why a change whose row differs from the ledger is not processed.
pub(crate) fn altered(why: ChangeMismatch) -> String {
    format!(
        "This change does not match the ledger: {why}. Nothing was changed. Request it again, and run \
         `leastwise ledger verify`."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_in_hours_and_minutes() {
        assert_eq!(length_words(Duration::minutes(45)), "45 minutes");
        assert_eq!(length_words(Duration::seconds(90)), "90 seconds");
        assert_eq!(length_words(Duration::hours(1)), "1 hour");
        assert_eq!(length_words(Duration::minutes(150)), "2 hours 30 minutes");
    }
}
