//! For whom a viewer may propose changes, and that a form stays within it.
//!
//! A form outside the scope is answered from the form and the scope alone. Nothing is looked up for it, so neither the
//! answer nor its time depends on whether the named person or group exists, and on what they have.

use app::backend::{ChangeForm, ChangeKind, FieldError, change_field};
use domain::{
    change::Operation,
    ids::{Pair, Principal, UserId},
    snapshot::Snapshot,
};

/// The people for whom a person may propose changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everyone.
    Everybody,
    /// Only the person themselves.
    Own {
        user: UserId,
        /// The reason why the person may not propose for others.
        reason: &'static str,
    },
}

/// A form outside the scope: what is shown instead, and the error.
#[derive(Debug)]
pub(super) struct OutOfScope {
    pub change_form: ChangeForm,
    pub error: FieldError,
}

impl Scope {
    /// Returns the kinds of changes of access that the viewer may propose.
    pub(super) fn kinds(&self) -> Vec<ChangeKind> {
        let all = ChangeKind::ALL.into_iter();
        let all = all.filter(|kind| !kind.is_identity());
        // A membership also gives access to everything that the group is assigned later, and guardrails depend on group
        // memberships. So requesters cannot add or remove themselves.
        all.filter(|kind| *self == Self::Everybody || !kind.is_membership())
            .collect()
    }

    /// Checks that a form is about nobody but the people in the scope. An empty *who* is the viewer.
    pub(super) fn admit(&self, change_form: &ChangeForm) -> Result<(), Box<OutOfScope>> {
        let Self::Own { user, reason } = self else {
            return Ok(());
        };
        let own = format!("user:{user}");
        let who = change_form.who.trim();
        let others = change_form.is_membership() || change_form.is_identity();
        if !others && (who.is_empty() || who == own) {
            return Ok(());
        }
        let mut fixed = ChangeForm {
            who: own,
            ..change_form.clone()
        };
        if others {
            // The form that the viewer can complete.
            ChangeKind::default().word().clone_into(&mut fixed.kind);
            fixed.set.clear();
        }
        Err(Box::new(OutOfScope {
            change_form: fixed,
            error: FieldError {
                field: change_field::WHO,
                message: format!(
                    "You can request access only for yourself, and not through groups. {reason} Choose yourself, or ask an administrator."
                ),
            },
        }))
    }

    /// Checks an operation again, whatever the form said.
    pub(super) fn covers(&self, operation: &Operation) -> bool {
        let Self::Own { user, .. } = self else {
            return true;
        };
        let own = Principal::User(user.clone());
        let assignment = operation.assignment();
        assignment.is_some_and(|assignment| assignment.principal == own)
    }

    /// Returns the pairs whose assignments the viewer may propose to remove, even if their account or permission set is
    /// gone.
    pub(super) fn removable_pairs<'a>(
        &self,
        snapshot: &'a Snapshot,
    ) -> Box<dyn Iterator<Item = &'a Pair> + 'a> {
        match self {
            Self::Everybody => Box::new(snapshot.parts().pairs.keys()),
            Self::Own { user, .. } => {
                Box::new(snapshot.pairs_of(&Principal::User(user.clone())).iter())
            }
        }
    }
}
