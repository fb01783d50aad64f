//! Finds the items about the classification of an account, for those who show and request classifications only.

use super::{
    super::{Operation, SubjectKey, SubjectState, SubjectStates},
    Classification, State,
};
use crate::ids::AccountId;

impl SubjectStates {
    /// Returns what was read of the classification of an account.
    pub fn classification(&self, account: &AccountId) -> Option<&State> {
        let key = SubjectKey::AccountClassification {
            account: account.clone(),
        };
        match self.get(&key) {
            Some(SubjectState::AccountClassification(state)) => Some(state),
            _ => None,
        }
    }
}

impl Operation {
    /// Returns the classification that the item declares, or ends. None if it is of another kind.
    pub fn classifies(&self) -> Option<Classification<'_>> {
        let Self::Classify {
            account,
            before,
            after,
            seen,
        } = self
        else {
            return None;
        };
        Some(Classification {
            account,
            before: before.as_ref(),
            after: after.as_ref(),
            seen,
        })
    }
}
