//! Describes changes as text. Names are taken from the snapshot for display, never from a form.

use std::collections::BTreeMap;

use app::backend::{
    AccountRef, AffectedPrincipal, ChangeTitle, EffectRow, PrincipalRef, SentencePart,
};
use domain::{
    change::Operation,
    diff::{Gainer, Step},
    grant::Term,
    ids::{AccountId, PersonId, Principal},
    snapshot::Snapshot,
    subject::Part,
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
) -> ChangeTitle {
    let first = operations.first();
    ChangeTitle::Items {
        first: first.map_or_else(Vec::new, |first| operation(snapshot, people, first)),
        items: if first.is_some() { items.max(1) } else { 0 },
    }
}

/// Describes one item in one line.
pub(in crate::service) fn operation(
    snapshot: &Snapshot,
    people: &People,
    operation: &Operation,
) -> Vec<SentencePart> {
    let parts = operation.subject().order().into_iter();
    parts.map(|part| spoken(snapshot, people, part)).collect()
}

fn spoken(snapshot: &Snapshot, people: &People, part: Part) -> SentencePart {
    match part {
        Part::Text(text) => SentencePart::Text(text.to_owned()),
        Part::Value(value) => SentencePart::Text(value),
        Part::Account(id) => SentencePart::Account {
            name: names::account(snapshot, &id).name,
            id,
        },
        Part::Set(arn) => SentencePart::PermissionSet {
            key: arn.key().to_owned(),
            name: names::set(snapshot, &arn).name,
        },
        Part::Principal(who) => {
            let name = principal(snapshot, &who);
            match who {
                Principal::User(id) if snapshot.user(&id).is_some() => {
                    SentencePart::User { id, name }
                }
                Principal::Group(id) if snapshot.group(&id).is_some() => {
                    SentencePart::Group { id, name }
                }
                Principal::Group(_) | Principal::User(_) => SentencePart::Text(name),
            }
        }
        Part::Person(person) => {
            let named = people.get(&person).cloned();
            let named = named.or_else(|| names::person_name(snapshot, &person));
            SentencePart::Text(named.unwrap_or_else(|| format!("person {person}")))
        }
        Part::Term(length) => SentencePart::Text(term(length)),
    }
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
        Term::For(length) => format!("for {}", length.words()),
    }
}

/// Describes one gain.
pub(super) fn gain(snapshot: &Snapshot, step: &Step) -> EffectRow {
    EffectRow {
        term: Some(step.term),
        ..loss(snapshot, step)
    }
}

/// Describes one loss, which has no term.
pub(super) fn loss(snapshot: &Snapshot, step: &Step) -> EffectRow {
    let who = match &step.gainer {
        Gainer::User(user) => {
            AffectedPrincipal::Principal(names::principal(snapshot, &Principal::User(user.clone())))
        }
        Gainer::FutureMember(group) => AffectedPrincipal::FutureMembers {
            group: group.clone(),
            name: names::group(snapshot, group),
        },
    };
    EffectRow {
        who,
        account: names::account(snapshot, &step.pair.account),
        set: names::set(snapshot, &step.pair.set),
        via: names::via(snapshot, &step.path),
        term: None,
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

/// Explains why a change whose row differs from the ledger is not processed.
pub(crate) fn altered(why: impl std::fmt::Display) -> String {
    format!(
        "This change does not match the ledger: {why}. Nothing was changed. Request it again, and run \
         `leastwise ledger verify`."
    )
}
