//! Items about identities that decide or administer here. One administrator with one accomplice could otherwise end the
//! links of everybody else, one by one, and nobody would be left to undo it.
//!
//! Two other people agree to such an item, it raises an alarm, and it never leaves fewer than two others who decide or
//! nobody else who administers. On the host, an administrator of the server can always confirm an identity.

use std::collections::{BTreeMap, BTreeSet};

use super::{Aim, CONTROLLER, Link, State, TOO_FEW};
use crate::{authorize::Role, ids::PersonId, subject::Objection};

/// Who has a role to decide or to administer and can use it: linked to an enabled user, not suspended, with a sign-in.
pub type Holders = BTreeMap<Role, BTreeSet<PersonId>>;

/// Who decides and administers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Controllers {
    pub now: Holders,
    /// Those of them who still do after this change and every change under way.
    pub after: Holders,
}

/// The roles that control changes, with the number of others who have to keep each.
const LEAST: [(Role, usize); 2] = [(Role::Approver, 2), (Role::Administrator, 1)];

impl Controllers {
    /// Whether a role controls changes.
    pub fn is_of(role: Role) -> bool {
        LEAST.iter().any(|(one, _)| *one == role)
    }

    /// Whether one of these people loses a role, of which fewer than enough would remain.
    fn too_few(&self, role: Role, least: usize, people: &[&PersonId]) -> bool {
        let of = |holders: &Holders| holders.get(&role).cloned().unwrap_or_default();
        let (now, after) = (of(&self.now), of(&self.after));
        let mut loses = people.iter();
        after.len() < least && loses.any(|person| now.contains(*person) && !after.contains(*person))
    }
}

impl Link<'_> {
    /// Returns the identity that can no longer act after the item: its link ends, or its sign-ins join another one.
    pub fn disarms(&self) -> bool {
        match self.aim() {
            Aim::End(_) => true,
            Aim::Link(_) => self.seen.joins.is_some(),
            Aim::Refuse(_) | Aim::Withdraw(_) | Aim::Nothing => false,
        }
    }

    /// Returns what speaks against an item about somebody who decides or administers.
    pub(super) fn controllers(&self, state: &State) -> Vec<Objection> {
        let mut found = Vec::new();
        if !state.roles.is_empty() {
            let roles: Vec<&str> = state.roles.iter().map(|role| role.as_str()).collect();
            found.push(Objection::needs(
                2,
                CONTROLLER,
                format!(
                    "This concerns an identity that decides or administers here ({}). Two other people must agree, and \
                     an alarm is raised.",
                    roles.join(", ")
                ),
                "PCI 7.2.2",
            ));
        }
        if !self.disarms() {
            return found;
        }
        let Some(controllers) = &state.controllers else {
            found.push(Objection::not_read(
                "Who would still decide and administer could not be read.".into(),
            ));
            return found;
        };
        let concerned: Vec<&PersonId> = state.joined.iter().chain([self.person]).collect();
        for (role, least) in LEAST {
            if controllers.too_few(role, least, &concerned) {
                found.push(too_few(role).passing());
            }
        }
        found
    }
}

fn too_few(role: Role) -> Objection {
    let (what, cure) = match role {
        Role::Administrator => (
            "No other administrator would remain who can act, counting the changes under way.",
            "Let another administrator sign in first.",
        ),
        Role::Approver | Role::Auditor => (
            "Fewer than two other approvers would remain who can act, counting the changes under way.",
            "Let another approver sign in first.",
        ),
    };
    let reason = format!(
        "{what} {cure} If that is impossible, remove the user in the directory, or use `leastwise identity` on the host."
    );
    Objection::blocks(TOO_FEW, reason, "PCI 7.2.2")
}
