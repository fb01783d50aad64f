//! What the items of a change are about. Each kind of subject answers the same questions in a file of its own: what the
//! item is about, how it reads, why it cannot be done, what it changes that is no access, how it is carried out, and how
//! it is undone.
//!
//! Adding a kind of subject is one file here, a variant of `Operation` and its row in `Operation::subject`.
//! Nothing else may tell kinds apart. What an item does to access is computed by `diff`. Assignments and memberships
//! are carried out by the reconciler, which keeps them in the desired state; every other subject is carried out by a
//! saga, once.

pub mod account_classification;
pub mod assignment;
pub mod identity_link;
mod invalid;
pub mod membership;
mod objection;
mod operation;
mod phrase;
mod saga;
mod state;
mod unknown;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use invalid::InvalidItem;
pub use objection::{CHANGED_MEANWHILE, Objection};
pub use operation::Operation;
pub use phrase::Part;
pub use saga::{PLAN_VERSION, PlannedStep, SagaPlan, Step, StoredPlan, content_hash, plans_digest};
pub use state::{SubjectState, SubjectStates};

use crate::{
    grant::Term,
    ids::{AccountId, Assignment, GroupId, PersonId, UserId},
    private::Private,
    snapshot::Snapshot,
    time::Timestamp,
};

/// What an item is about. Two items of one change with the same key contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "subject")]
pub enum SubjectKey {
    Assignment(Assignment),
    Membership {
        group: GroupId,
        user: UserId,
    },
    /// The declared classification of an account.
    AccountClassification {
        account: AccountId,
    },
    /// The Identity Center user of an identity.
    IdentityLink {
        person: PersonId,
    },
}

/// How an item is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The reconciler creates the access and keeps it for this long.
    Keep(Term),
    /// The reconciler removes the access.
    Remove,
    /// A saga carries it out once.
    Saga(SagaPlan),
}

/// What a subject may look at.
#[derive(Debug, Clone, Copy)]
pub struct SubjectContext<'a> {
    pub snapshot: &'a Snapshot,
    /// The present state of what the items are about, if it is not in the snapshot.
    pub states: &'a SubjectStates,
}

/// A change of something that is not access.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SubjectEffect {
    pub key: SubjectKey,
    /// Each property that changes, in the order in which people read them.
    pub properties: Vec<PropertyChange>,
}

/// One property before and after a change; none if there is no value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PropertyChange {
    pub name: Cow<'static, str>,
    pub before: Option<PropertyValue>,
    pub after: Option<PropertyValue>,
}

/// The value of a property.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropertyValue {
    /// Words of Leastwise. Never what somebody typed.
    Text(String),
    /// What somebody typed.
    Private(Private),
    User(UserId),
    Time(Timestamp),
}

impl SubjectEffect {
    /// Returns every value of it that somebody typed.
    pub fn private(&mut self) -> impl Iterator<Item = &mut Private> {
        let properties = self.properties.iter_mut();
        let values = properties.flat_map(|one| one.before.iter_mut().chain(&mut one.after));
        values.filter_map(|value| match value {
            PropertyValue::Private(text) => Some(text),
            PropertyValue::Text(_) | PropertyValue::User(_) | PropertyValue::Time(_) => None,
        })
    }
}

/// The answers of one item. All are pure.
pub trait Subject {
    /// Returns what the item is about.
    fn key(&self) -> SubjectKey;

    /// Returns what the item does, as an order: *Grant X on Y to Z*.
    fn order(&self) -> Vec<Part>;

    /// Returns the item as a thing: *the assignment of X on Y to Z*.
    fn thing(&self) -> Vec<Part>;

    /// Validates everything that does not depend on the organization.
    fn check(&self) -> Result<(), InvalidItem>;

    /// Returns why the item cannot be carried out, and what needs the approval of other people.
    fn objections(&self, context: SubjectContext<'_>) -> Vec<Objection>;

    /// Returns what the item changes besides access.
    fn effect(&self, context: SubjectContext<'_>) -> Option<SubjectEffect>;

    /// Returns the persons whom the item concerns so much that they may not approve it, besides those who gain access.
    fn bars(&self, context: SubjectContext<'_>) -> Vec<PersonId>;

    /// Returns how the item is carried out.
    fn work(&self) -> Work;

    /// Returns the item that undoes this one.
    fn undo(&self) -> Operation;
}
