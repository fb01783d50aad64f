//! One item of a change: a subject and what happens to it.
//!
//! The only place that tells kinds apart. Everybody else asks an item what it gives, removes or
//! names, so that a new kind is silent where it has nothing to say, and the compiler demands an answer here.

use serde::{Deserialize, Serialize};

use super::{
    Subject, SubjectKey,
    account_classification::{self, Declaration},
    assignment, identity_link, membership,
};
use crate::{
    grant::Term,
    ids::{AccountId, Assignment, GroupId, PersonId, UserId},
    permission_set::ContentHash,
    private::{Private, PrivateValues},
};

/// One item of a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Operation {
    Assign {
        assignment: Assignment,
        term: Term,
    },
    Unassign {
        assignment: Assignment,
    },
    AddMember {
        group: GroupId,
        user: UserId,
    },
    RemoveMember {
        group: GroupId,
        user: UserId,
    },
    /// Declares what an account is.
    Classify {
        account: AccountId,
        /// The declaration in force when it was requested.
        before: Option<Declaration>,
        /// The new declaration; none ends the one in force.
        after: Option<Declaration>,
        /// The content of the declaration in force when it was requested.
        seen: ContentHash,
    },
    /// Links an identity to an Identity Center user.
    LinkIdentity {
        person: PersonId,
        /// The linked user when it was requested.
        before: Option<UserId>,
        /// The new user; none ends the link, or refuses what the sign-ins of the identity claim.
        after: Option<UserId>,
        /// What else was seen of the identity when it was requested.
        #[serde(default, skip_serializing_if = "identity_link::Seen::is_nothing")]
        seen: identity_link::Seen,
    },
}

impl Operation {
    /// Returns the answers of the subject: the table of all kinds.
    pub fn subject(&self) -> Box<dyn Subject + '_> {
        match self {
            Self::Assign { assignment, term } => Box::new(assignment::Grant {
                assignment,
                term: *term,
            }),
            Self::Unassign { assignment } => Box::new(assignment::Removal { assignment }),
            Self::AddMember { group, user } => Box::new(membership::Addition { group, user }),
            Self::RemoveMember { group, user } => Box::new(membership::Removal { group, user }),
            Self::Classify {
                account,
                before,
                after,
                seen,
            } => Box::new(account_classification::Classification {
                account,
                before: before.as_ref(),
                after: after.as_ref(),
                seen,
            }),
            Self::LinkIdentity {
                person,
                before,
                after,
                seen,
            } => Box::new(identity_link::Link {
                person,
                before: before.as_ref(),
                after: after.as_ref(),
                seen,
            }),
        }
    }

    /// Returns every text of the item that somebody typed, with its JSON Pointer in the document of the item. A typed
    /// text is [`Private`]: the document holds its hash, and the text can be erased.
    pub fn private(&mut self) -> Vec<(String, &mut Private)> {
        match self {
            Self::Assign { .. }
            | Self::Unassign { .. }
            | Self::AddMember { .. }
            | Self::RemoveMember { .. }
            | Self::LinkIdentity { .. } => Vec::new(),
            Self::Classify { before, after, .. } => {
                let declarations = [("before", before), ("after", after)];
                let of = |(place, declaration)| {
                    let declaration: &mut Option<Declaration> = declaration;
                    let texts = declaration.iter_mut().flat_map(Declaration::private);
                    texts.map(move |(path, text)| (format!("/{place}{path}"), text))
                };
                declarations.into_iter().flat_map(of).collect()
            }
        }
    }

    /// Adds the texts of the item that are among these values.
    pub fn open(&mut self, values: &PrivateValues) {
        for (_, text) in self.private() {
            text.open(values);
        }
    }

    /// Returns what the item is about.
    pub fn key(&self) -> SubjectKey {
        self.subject().key()
    }

    /// Returns the account that the item names.
    pub fn account(&self) -> Option<&AccountId> {
        let classified = match self {
            Self::Classify { account, .. } => Some(account),
            _ => None,
        };
        let assigned = self.assignment().map(|assignment| &assignment.pair.account);
        assigned.or(classified)
    }

    /// Whether the item grants access.
    pub fn gives(&self) -> bool {
        self.assigns().is_some() || self.joins().is_some()
    }

    /// Whether the item only removes access. Such an item must never be delayed. An item that is about something else
    /// than access neither gives nor removes.
    pub fn removes(&self) -> bool {
        self.unassigns().is_some() || self.leaves().is_some()
    }

    /// Returns the assignment that the item creates, and for how long.
    pub fn assigns(&self) -> Option<(&Assignment, Term)> {
        match self {
            Self::Assign { assignment, term } => Some((assignment, *term)),
            _ => None,
        }
    }

    /// Returns the assignment that the item removes.
    pub fn unassigns(&self) -> Option<&Assignment> {
        match self {
            Self::Unassign { assignment } => Some(assignment),
            _ => None,
        }
    }

    /// Returns the membership that the item creates.
    pub fn joins(&self) -> Option<(&GroupId, &UserId)> {
        match self {
            Self::AddMember { group, user } => Some((group, user)),
            _ => None,
        }
    }

    /// Returns the membership that the item removes.
    pub fn leaves(&self) -> Option<(&GroupId, &UserId)> {
        match self {
            Self::RemoveMember { group, user } => Some((group, user)),
            _ => None,
        }
    }

    /// Returns the identity that the item links, ends the link of, or refuses the claims of.
    pub fn links(&self) -> Option<identity_link::Link<'_>> {
        match self {
            Self::LinkIdentity {
                person,
                before,
                after,
                seen,
            } => Some(identity_link::Link {
                person,
                before: before.as_ref(),
                after: after.as_ref(),
                seen,
            }),
            _ => None,
        }
    }

    /// Returns the assignment that the item creates or removes.
    pub fn assignment(&self) -> Option<&Assignment> {
        let created = self.assigns().map(|(assignment, _)| assignment);
        created.or_else(|| self.unassigns())
    }

    /// Returns the membership that the item creates or removes.
    pub fn membership(&self) -> Option<(&GroupId, &UserId)> {
        self.joins().or_else(|| self.leaves())
    }
}
