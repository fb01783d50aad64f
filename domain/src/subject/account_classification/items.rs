//! Finds the items about the classification of an account, for those who show and request classifications only.

use super::{super::Operation, Classification};

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
