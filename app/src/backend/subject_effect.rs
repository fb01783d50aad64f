//! What a change changes besides access, for display: properties of any subject, before and after.

use domain::time::Timestamp;

use super::{AccountRef, UserRef};

/// What an item is about, as a link where there is a page about it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectRef {
    Account(AccountRef),
    User(UserRef),
    Text(String),
}

/// A subject with the properties that change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SubjectEffectRow {
    pub subject: SubjectRef,
    pub properties: Vec<PropertyRow>,
}

/// One property before and after a change; none if there is no value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PropertyRow {
    pub name: String,
    pub before: Option<PropertyView>,
    pub after: Option<PropertyView>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PropertyView {
    Text(String),
    User(UserRef),
    Time(Timestamp),
}
