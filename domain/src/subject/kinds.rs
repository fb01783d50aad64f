//! The table of all kinds of subjects, and the only place that lists them: what a kind is known by, what is known of it,
//! the steps that carry it out, and its items with the subject that answers for each.
//!
//! A kind is added by one row here and by its file. The answers are exhaustive: the compiler names every place that must
//! know the new kind. The names of kinds, items, steps and members are stored and never change.

use serde::{Deserialize, Serialize};

use super::{
    AccessChange, Part, Subject,
    account_classification::{self, Declaration},
    assignment, identity_link, membership,
};
use crate::{
    grant::Term,
    ids::{AccountId, Assignment, GroupId, PersonId, Principal, UserId},
    permission_set::ContentHash,
};

macro_rules! subjects {
    ($(
        $(#[$kind_doc:meta])* $kind:ident $key:tt {
            noun: $noun:literal,
            named: $known_by:tt => $named:expr,
            $(state: $state:ty,)?
            steps: { $($(#[$step_doc:meta])* $step:ident $step_members:tt,)* },
            items: { $($(#[$item_doc:meta])* $item:ident $item_members:tt = $members:tt => $subject:expr,)+ },
        }
    )+) => {
        /// The kind of a subject.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SubjectKind {
            $($(#[$kind_doc])* $kind,)+
        }

        impl SubjectKind {
            /// Returns the noun for what entries of the ledger record as their target.
            pub fn noun(self) -> &'static str {
                match self {
                    $(Self::$kind => $noun,)+
                }
            }
        }

        /// What an item is about. Two items of one change with the same key contradict each other.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", tag = "subject")]
        pub enum SubjectKey {
            $($(#[$kind_doc])* $kind $key,)+
        }

        impl SubjectKey {
            pub fn kind(&self) -> SubjectKind {
                match self {
                    $(Self::$kind { .. } => SubjectKind::$kind,)+
                }
            }

            /// Returns everything that the key names, what people know the subject by first. Ids only, never what somebody
            /// typed: entries of the ledger hold them as their target.
            pub fn names(&self) -> Vec<Part> {
                match self {
                    $(Self::$kind $known_by => $named,)+
                }
            }
        }

        /// The present state of one subject, if the snapshot does not hold it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum SubjectState {
            $($($kind($state),)?)+
        }

        /// One idempotent write of a saga.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", tag = "step")]
        pub enum Step {
            $($($(#[$step_doc])* $step $step_members,)*)+
        }

        impl Step {
            /// Returns the kind of the subject that the step writes.
            pub fn kind(&self) -> SubjectKind {
                match self {
                    $($(Self::$step { .. } => SubjectKind::$kind,)*)+
                }
            }
        }

        /// One item of a change: a subject and what happens to it.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", tag = "kind")]
        pub enum Operation {
            $($($(#[$item_doc])* $item $item_members,)+)+
        }

        impl Operation {
            /// Returns the answers of the subject.
            pub fn subject(&self) -> Box<dyn Subject<'_> + '_> {
                match self {
                    $($(Self::$item $members => Box::new($subject),)+)+
                }
            }

            /// Returns what the item is about.
            pub fn key(&self) -> SubjectKey {
                match self {
                    $($(Self::$item $members => $subject.key(),)+)+
                }
            }

            /// Returns what the item does to access.
            pub fn access(&self) -> Option<AccessChange<'_>> {
                match self {
                    $($(Self::$item $members => $subject.access(),)+)+
                }
            }

            /// Returns the account that the item names.
            pub fn account(&self) -> Option<&AccountId> {
                match self {
                    $($(Self::$item $members => $subject.account(),)+)+
                }
            }
        }
    };
}

subjects! {
    Assignment(Assignment) {
        noun: "assignment",
        named: (assignment) => assignment::names(assignment),
        steps: {},
        items: {
            Assign { assignment: Assignment, term: Term }
                = { assignment, term } => assignment::Grant { assignment, term: *term },
            Unassign { assignment: Assignment }
                = { assignment } => assignment::Removal { assignment },
        },
    }

    Membership { group: GroupId, user: UserId } {
        noun: "membership",
        named: { group, user } => [
            Principal::User(user.clone()),
            Principal::Group(group.clone()),
        ]
        .map(Part::Principal)
        .into(),
        steps: {},
        items: {
            AddMember { group: GroupId, user: UserId }
                = { group, user } => membership::Addition { group, user },
            RemoveMember { group: GroupId, user: UserId }
                = { group, user } => membership::Removal { group, user },
        },
    }

    /// The declared classification of an account.
    AccountClassification { account: AccountId } {
        noun: "account",
        named: { account } => vec![Part::Account(account.clone())],
        state: account_classification::State,
        steps: {
            /// Puts a declaration in force; none ends the one in force.
            Declare {
                account: AccountId,
                /// The text of the declaration, exactly as it is written.
                document: Option<String>,
            },
        },
        items: {
            /// Declares what an account is.
            Classify {
                account: AccountId,
                /// The declaration in force when it was requested.
                before: Option<Declaration>,
                /// The new declaration; none ends the one in force.
                after: Option<Declaration>,
                /// The content of the declaration in force when it was requested.
                seen: ContentHash,
            } = { account, before, after, seen } => account_classification::Classification {
                account,
                before: before.as_ref(),
                after: after.as_ref(),
                seen,
            },
        },
    }

    /// The Identity Center user of an identity.
    IdentityLink { person: PersonId } {
        noun: "person",
        named: { person } => vec![Part::Person(person.clone())],
        state: identity_link::State,
        steps: {
            /// Links an identity to a user; none ends the link.
            Link { person: PersonId, user: Option<UserId> },
        },
        items: {
            /// Links an identity to an Identity Center user.
            LinkIdentity {
                person: PersonId,
                /// The linked user when it was requested.
                before: Option<UserId>,
                /// The new user; none ends the link, or refuses what the sign-ins of the identity claim.
                after: Option<UserId>,
                /// What else was seen of the identity when it was requested.
                #[serde(default, skip_serializing_if = "identity_link::ObservedIdentity::is_nothing")]
                seen: identity_link::ObservedIdentity,
                /// The users whose refusal is withdrawn, in ascending order.
                #[serde(default, skip_serializing_if = "Vec::is_empty")]
                withdraws: Vec<UserId>,
            } = { person, before, after, seen, withdraws } => identity_link::Link {
                person,
                before: before.as_ref(),
                after: after.as_ref(),
                seen,
                withdraws,
            },
        },
    }
}
