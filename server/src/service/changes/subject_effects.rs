//! What a change changes besides access, for display. Names are taken from the snapshot.

use app::backend::{PropertyRow, PropertyView, SubjectEffectRow, SubjectRef};
use domain::{
    ids::Principal,
    snapshot::Snapshot,
    subject::{Part, PropertyChange, PropertyValue, SubjectEffect, SubjectKey},
};

use super::descriptions::People;
use crate::service::names;

/// Returns one subject with its properties.
pub(super) fn row(
    snapshot: &Snapshot,
    people: &People,
    effect: &SubjectEffect,
) -> SubjectEffectRow {
    SubjectEffectRow {
        subject: subject(snapshot, people, &effect.key),
        properties: effect
            .properties
            .iter()
            .map(|property| property_row(snapshot, property))
            .collect(),
    }
}

/// The first name of a key is the one that people know the subject by.
fn subject(snapshot: &Snapshot, people: &People, key: &SubjectKey) -> SubjectRef {
    match key.names().into_iter().next() {
        Some(Part::Account(account)) => SubjectRef::Account(names::account(snapshot, &account)),
        Some(Part::Principal(Principal::User(user))) => {
            SubjectRef::User(names::user(snapshot, &user))
        }
        Some(Part::Principal(Principal::Group(group))) => {
            SubjectRef::Text(names::group(snapshot, &group))
        }
        Some(Part::Set(set)) => SubjectRef::Text(names::set(snapshot, &set).name),
        Some(Part::Person(person)) => {
            let named = people.get(&person).cloned();
            SubjectRef::Text(named.unwrap_or_else(|| format!("person {person}")))
        }
        Some(Part::Value(value)) => SubjectRef::Text(value),
        Some(Part::Text(_) | Part::Term(_)) | None => {
            SubjectRef::Text(key.kind().noun().to_owned())
        }
    }
}

fn property_row(snapshot: &Snapshot, property: &PropertyChange) -> PropertyRow {
    let view = |value: &PropertyValue| match value {
        PropertyValue::Text(text) => PropertyView::Text(text.clone()),
        PropertyValue::Private(text) => PropertyView::Text(names::typed(text)),
        PropertyValue::User(user) => PropertyView::User(names::user(snapshot, user)),
        PropertyValue::Time(at) => PropertyView::Time(*at),
    };
    PropertyRow {
        name: property.name.to_string(),
        before: property.before.as_ref().map(view),
        after: property.after.as_ref().map(view),
    }
}
