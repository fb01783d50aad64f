//! Why a user cannot become the user of an identity now. All of it can be corrected.

use super::{DISABLED, ELSEWHERE, HOLDS_OTHERS, NO_SIGN_IN, State};
use crate::{
    directory::UserStatus,
    ids::{Principal, UserId},
    subject::{Objection, SubjectContext, unknown},
};

/// Returns why the new user cannot be linked.
pub(super) fn of_link(user: &UserId, state: &State, context: SubjectContext<'_>) -> Vec<Objection> {
    let mut found = Vec::new();
    let principal = Principal::User(user.clone());
    match context.snapshot.user(user).map(|user| user.status) {
        None => found.extend(unknown::principal(context.snapshot, &principal)),
        Some(UserStatus::Disabled) => {
            let disabled = Objection::blocks(
                DISABLED,
                "The Identity Center user is disabled. Enable the user in the identity provider, or choose another."
                    .into(),
                "PCI 8.2.6",
            );
            found.push(disabled.passing());
        }
        Some(UserStatus::Enabled) => {}
    }
    found.extend(state.elsewhere.iter().map(|other| {
        Objection::blocks(
            ELSEWHERE,
            format!(
                "A key of this identity leads to the Identity Center user {other}, and a link to another user would be \
                 suspended at once. Correct the external id, or the attribute of the user pool, or choose that user."
            ),
            "PCI 8.2.1",
        )
        .passing()
    }));
    // Passed on once more, nobody could give them back.
    if state.joins.is_some() && !state.holds.is_empty() {
        let held = Objection::blocks(
            HOLDS_OTHERS,
            "Sign-ins of another identity became sign-ins of this one. End the link of that identity first, and request \
             its link to the new user as well."
                .into(),
            "PCI 8.2.1",
        );
        found.push(held.passing());
    }
    if state.sign_ins == 0 {
        let nobody = Objection::blocks(
            NO_SIGN_IN,
            "Nobody has signed in as this identity, so there is nothing to link.".into(),
            "PCI 8.2.1",
        );
        found.push(nobody.passing());
    }
    found
}
