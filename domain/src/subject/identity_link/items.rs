//! Finds the items about the link of an identity, for those who read and show identities only.

use super::{super::Operation, Link};

impl Operation {
    /// Returns the identity that the item links, ends the link of, or refuses the claims of. None if it is of another kind.
    pub fn links(&self) -> Option<Link<'_>> {
        let Self::LinkIdentity {
            person,
            before,
            after,
            seen,
            withdraws,
        } = self
        else {
            return None;
        };
        Some(Link {
            person,
            before: before.as_ref(),
            after: after.as_ref(),
            seen,
            withdraws,
        })
    }
}
