//! Interned ids: one allocation per id, however many rows contain it. A large organization references its 50,000 users
//! half a million times.

use std::{collections::HashMap, fmt::Display, str::FromStr};

use domain::ids::{AccountId, GroupId, InvalidId, PermissionSetArn, UserId};

use crate::store::{StoreError, id};

/// The known ids of one type, by their text.
pub(super) struct Interner<T>(HashMap<Box<str>, T>);

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone + Display + FromStr<Err = InvalidId>> Interner<T> {
    /// Interns these ids.
    pub(super) fn of<'a>(ids: impl Iterator<Item = &'a T>) -> Self
    where
        T: 'a,
    {
        let named = ids.map(|id| (id.to_string().into_boxed_str(), id.clone()));
        Self(named.collect())
    }

    /// Returns the interned id with this text; parses and interns it if it is new.
    pub(super) fn id(&mut self, table: &'static str, text: &str) -> Result<T, StoreError> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let new: T = id(table, text)?;
        self.0.insert(text.into(), new.clone());
        Ok(new)
    }
}

/// The ids in pairs and memberships.
pub(super) struct Ids {
    pub(super) accounts: Interner<AccountId>,
    pub(super) sets: Interner<PermissionSetArn>,
    pub(super) users: Interner<UserId>,
    pub(super) groups: Interner<GroupId>,
}
