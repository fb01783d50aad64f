//! What the items of a change are about. Each kind of subject answers the same questions in a file of its own: what the
//! item is about, how it reads, why it cannot be done, what it changes that is no access, how it is carried out, and how
//! it is undone.
//!
//! Adding a kind of subject is one file here and one row in `kinds`. In the server, `engine/saga_steps` carries it out,
//! `service/changes/subject_states` reads what the snapshot does not hold, and nothing else may tell kinds apart.
//! What an item does to access is computed by `diff`. Assignments and memberships
//! are carried out by the reconciler, which keeps them in the desired state; every other subject is carried out by a
//! saga, once.

mod access;
pub mod account_classification;
pub mod assignment;
mod delay;
pub mod identity_link;
mod invalid;
mod kinds;
pub mod membership;
mod named;
mod objection;
mod operation;
mod phrase;
mod saga;
mod state;
mod unknown;

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};

pub use access::{AccessChange, AccessResource};
pub use delay::Delay;
pub use invalid::InvalidItem;
pub use kinds::{Operation, Step, SubjectKey, SubjectKind, SubjectState};
pub use objection::{CHANGED_MEANWHILE, Objection};
pub use phrase::Part;
pub use saga::{
    Content, PLAN_VERSION, PlannedStep, SagaPlan, StepName, StoredPlan, content_hash, plans_digest,
};
pub use state::SubjectStates;

use crate::{
    grant::Term,
    ids::{AccountId, PersonId, UserId},
    private::Private,
    snapshot::Snapshot,
    time::Timestamp,
};

/// Why no item undoes one that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoUndo {
    /// It changed nothing.
    ChangedNothing,
    /// A refusal was withdrawn. A claim is refused once a sign-in makes it.
    BeforeANewClaim,
}

/// How an item is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The reconciler creates the access and keeps it for this long.
    Keep { access: AccessResource, term: Term },
    /// The reconciler removes the access.
    Remove { access: AccessResource },
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

/// The answers of one item. All are pure, and none has a default: a new kind has to give each of them.
pub trait Subject<'a> {
    /// Returns what the item is about.
    fn key(&self) -> SubjectKey;

    /// Returns what the item does to access. None if it is about something else.
    fn access(&self) -> Option<AccessChange<'a>>;

    /// Returns the account that the item names.
    fn account(&self) -> Option<&'a AccountId>;

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

    /// Returns the persons whom the item concerns so much that they may decline it, although it bars them.
    fn may_decline(&self, snapshot: &Snapshot) -> BTreeSet<PersonId>;

    /// Returns whether what delays a grant may delay the item.
    fn delay(&self) -> Delay;

    /// Returns how the item is carried out.
    fn work(&self) -> Work;

    /// Returns the item that undoes this one, or why none does.
    fn undo(&self) -> Result<Operation, NoUndo>;
}
