//! What a declaration may say at all, whoever states it, and whether an item may make an account less strict.

use super::{Classification, Declaration, VALID_FOR, is_looser};
use crate::{classification::Environment, subject::InvalidItem, time::Timestamp};

impl Declaration {
    /// Checks that no environment is declared that only a role in the organization gives.
    pub fn check_environment(environment: Environment) -> Result<(), InvalidItem> {
        match environment {
            Environment::Management => Err(InvalidItem::Management),
            _ => Ok(()),
        }
    }

    /// Checks when a declaration made at `now` ends.
    pub fn check_end(end: Timestamp, now: Timestamp) -> Result<(), InvalidItem> {
        if end <= now {
            Err(InvalidItem::Ended)
        } else if end > now + VALID_FOR {
            Err(InvalidItem::ValidForTooLong(now))
        } else {
            Ok(())
        }
    }
}

impl Classification<'_> {
    /// Whether something less strict may be in force after the item than before it, by what the item states itself. A
    /// declaration that may have ended before counts for both.
    pub(super) fn may_loosen(&self) -> bool {
        match (self.before, self.after) {
            (None, None) => false,
            (None, Some(after)) => is_looser(after.strictness(), after.without),
            (Some(before), None) => is_looser(before.without, before.strictness()),
            (Some(before), Some(after)) => {
                let (reported, without) = (after.against, after.without);
                let counted = before.declared().counts(reported, without);
                let ended = before.valid_until < after.valid_until;
                is_looser(after.strictness(), counted)
                    || ended && is_looser(after.strictness(), without)
            }
        }
    }
}
