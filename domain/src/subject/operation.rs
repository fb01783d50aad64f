//! What an item does to access, in the form in which others ask. Follows from its answers, whatever its kind.

use super::{AccessChange, AccessResource, Operation, account_classification::Declaration};
use crate::{
    grant::Term,
    ids::{Assignment, GroupId, UserId},
    private::{Private, PrivateValues},
};

impl Operation {
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

    /// Returns the access that the item creates or removes. None if it is about something else.
    pub fn resource(&self) -> Option<AccessResource> {
        self.access().map(AccessChange::resource)
    }

    /// Whether the item grants access.
    pub fn gives(&self) -> bool {
        match self.access() {
            Some(AccessChange::Assigns(..) | AccessChange::Joins(..)) => true,
            Some(AccessChange::Unassigns(_) | AccessChange::Leaves(..)) | None => false,
        }
    }

    /// Whether the item gives access without an end, which somebody may have to review.
    pub fn gives_standing(&self) -> bool {
        match self.access() {
            Some(AccessChange::Assigns(_, term)) => term == Term::Standing,
            Some(AccessChange::Joins(..)) => true,
            Some(AccessChange::Unassigns(_) | AccessChange::Leaves(..)) | None => false,
        }
    }

    /// Whether the item only removes access. Such an item must never be delayed. An item that is about something else
    /// than access neither gives nor removes.
    pub fn removes(&self) -> bool {
        match self.access() {
            Some(AccessChange::Unassigns(_) | AccessChange::Leaves(..)) => true,
            Some(AccessChange::Assigns(..) | AccessChange::Joins(..)) | None => false,
        }
    }

    /// Returns the assignment that the item creates, and for how long.
    pub fn assigns(&self) -> Option<(&Assignment, Term)> {
        match self.access()? {
            AccessChange::Assigns(assignment, term) => Some((assignment, term)),
            AccessChange::Unassigns(_) | AccessChange::Joins(..) | AccessChange::Leaves(..) => None,
        }
    }

    /// Returns the assignment that the item removes.
    pub fn unassigns(&self) -> Option<&Assignment> {
        match self.access()? {
            AccessChange::Unassigns(assignment) => Some(assignment),
            AccessChange::Assigns(..) | AccessChange::Joins(..) | AccessChange::Leaves(..) => None,
        }
    }

    /// Returns the membership that the item creates.
    pub fn joins(&self) -> Option<(&GroupId, &UserId)> {
        match self.access()? {
            AccessChange::Joins(group, user) => Some((group, user)),
            AccessChange::Assigns(..) | AccessChange::Unassigns(_) | AccessChange::Leaves(..) => {
                None
            }
        }
    }

    /// Returns the membership that the item removes.
    pub fn leaves(&self) -> Option<(&GroupId, &UserId)> {
        match self.access()? {
            AccessChange::Leaves(group, user) => Some((group, user)),
            AccessChange::Assigns(..) | AccessChange::Unassigns(_) | AccessChange::Joins(..) => {
                None
            }
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
