//! One allocation per id, however many rows name it: a large organisation names its 50,000 users half a million times.

use std::{collections::HashMap, fmt::Display, str::FromStr};

use domain::ids::{AccountId, GroupId, InvalidId, PermissionSetArn, UserId};

use crate::store::{StoreError, id};

/// Ids met so far, by their text.
pub(super) struct Once<T>(HashMap<Box<str>, T>);

impl<T: Clone + Display + FromStr<Err = InvalidId>> Once<T> {
    /// The ids that something holds already.
    pub(super) fn of<'a>(ids: impl Iterator<Item = &'a T>) -> Self
    where
        T: 'a,
    {
        let named = ids.map(|id| (id.to_string().into_boxed_str(), id.clone()));
        Self(named.collect())
    }

    /// The id of this text: the one that is known, or a new one.
    pub(super) fn id(&mut self, table: &'static str, text: &str) -> Result<T, StoreError> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let new: T = id(table, text)?;
        self.0.insert(text.into(), new.clone());
        Ok(new)
    }
}

/// The ids of everything that pairs and memberships name.
pub(super) struct Ids {
    pub(super) accounts: Once<AccountId>,
    pub(super) sets: Once<PermissionSetArn>,
    pub(super) users: Once<UserId>,
    pub(super) groups: Once<GroupId>,
}
