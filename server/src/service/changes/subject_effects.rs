//! What a change changes besides access, for display, and the forms that undo it. Names are taken from the snapshot.

use std::collections::BTreeMap;

use app::backend::{
    ChangeForm, ChangeKind, ClassifyForm, DECLARE, END, PropertyRow, PropertyView,
    SubjectEffectRow, SubjectRef, UndoLink,
};
use domain::{
    authorize::Action,
    change::{Operation, State},
    snapshot::Snapshot,
    subject::{
        PropertyChange, PropertyValue, SubjectEffect, SubjectKey,
        account_classification::Declaration,
    },
    time::Timestamp,
};

use super::{classify, descriptions::People};
use crate::{
    service::{Service, names},
    store::change::StoredChange,
};

/// The maximum number of accounts in one link: an address has a maximum length.
const LINKED: usize = 300;
/// The maximum number of links.
const LINKS: usize = 8;

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

impl Service {
    /// Returns links to the forms that undo a change, prefilled: one for all items that are undone alike.
    pub(super) fn undo_links(&self, stored: &StoredChange, now: Timestamp) -> Vec<UndoLink> {
        let change = &stored.change;
        if change.state != State::Verified || self.allowed(Action::Propose).is_err() {
            return Vec::new();
        }
        let mut alike: BTreeMap<Option<Declaration>, Vec<String>> = BTreeMap::new();
        for item in &change.proposal.operations {
            if let Operation::Classify { account, after, .. } = item.subject().undo() {
                alike.entry(after).or_default().push(account.to_string());
            }
        }
        let identities = change.proposal.operations.iter();
        let identities = identities.filter_map(|item| identity_form(&item.subject().undo()));
        let groups = alike.iter().flat_map(|(after, accounts)| {
            let parts = accounts.chunks(LINKED);
            parts.map(move |accounts| (after.as_ref(), accounts))
        });
        let several = groups.clone().count() > 1;
        groups
            .map(|(after, accounts)| UndoLink {
                label: match (several, accounts.len()) {
                    (false, _) => "Undo".to_owned(),
                    (true, 1) => "Undo for 1 account".to_owned(),
                    (true, count) => format!("Undo for {count} accounts"),
                },
                href: classification_form(after, accounts, now).href(),
            })
            .chain(identities.map(|form| UndoLink {
                label: "Undo".to_owned(),
                href: form.href(),
            }))
            .take(LINKS)
            .collect()
    }
}

/// Returns the form of an item about an identity.
fn identity_form(item: &Operation) -> Option<ChangeForm> {
    let item = item.links()?;
    Some(match item.after {
        Some(user) => ChangeForm {
            set: format!("user:{user}"),
            ..ChangeForm::of_identity(ChangeKind::Link, item.person)
        },
        None => ChangeForm::of_identity(ChangeKind::Unlink, item.person),
    })
}

fn classification_form(
    after: Option<&Declaration>,
    accounts: &[String],
    now: Timestamp,
) -> ClassifyForm {
    let accounts = accounts.join("\n");
    match after {
        None => ClassifyForm {
            action: END.to_owned(),
            accounts,
            ..ClassifyForm::default()
        },
        Some(declaration) => ClassifyForm {
            action: DECLARE.to_owned(),
            accounts,
            ..classify::form_of(declaration, now)
        },
    }
}
