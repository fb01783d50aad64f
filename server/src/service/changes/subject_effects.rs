//! What a change changes besides access, for display. Names are taken from the snapshot.

use app::backend::{PropertyRow, PropertyView, SubjectEffectRow, SubjectRef};
use domain::{
    snapshot::Snapshot,
    subject::{PropertyChange, PropertyValue, SubjectEffect, SubjectKey},
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

fn subject(snapshot: &Snapshot, people: &People, key: &SubjectKey) -> SubjectRef {
    match key {
        SubjectKey::AccountClassification { account } => {
            SubjectRef::Account(names::account(snapshot, account))
        }
        SubjectKey::IdentityLink { person } => match snapshot.user_of(person) {
            Some(user) => SubjectRef::User(names::user(snapshot, user)),
            None => SubjectRef::Text(
                people
                    .get(person)
                    .cloned()
                    .unwrap_or_else(|| format!("person {person}")),
            ),
        },
        SubjectKey::Assignment(assignment) => {
            SubjectRef::Account(names::account(snapshot, &assignment.pair.account))
        }
        SubjectKey::Membership { user, .. } => SubjectRef::User(names::user(snapshot, user)),
    }
}

fn property_row(snapshot: &Snapshot, property: &PropertyChange) -> PropertyRow {
    let view = |value: &PropertyValue| match value {
        PropertyValue::Text(text) => PropertyView::Text(text.clone()),
        PropertyValue::User(user) => PropertyView::User(names::user(snapshot, user)),
        PropertyValue::Time(at) => PropertyView::Time(*at),
    };
    PropertyRow {
        name: property.name.to_string(),
        before: property.before.as_ref().map(view),
        after: property.after.as_ref().map(view),
    }
}
