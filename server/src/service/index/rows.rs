//! The rows of the lists: ids and the numbers that a row displays.

use std::sync::Arc;

use domain::{
    directory::{Origin, UserStatus},
    ids::{AccountId, GroupId, PermissionSetArn, UserId},
    permission_set::analysis::Capability,
    verdict::Tally,
};

/// A searchable text, in lower case: one line for each field.
pub(super) type Text = Arc<str>;

/// A row in the list of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEntry {
    pub id: UserId,
    /// The searchable text, in lower case.
    pub text: Text,
    /// The number of groups of the person.
    pub groups: u32,
    /// The number of accounts that the person can reach.
    pub accounts: u32,
    /// The number of production PCI accounts that the person can reach.
    pub production_pci: u32,
    /// The number of paths to production PCI that make the person an administrator or let them become one.
    pub powerful: u32,
    /// The most dangerous of what the person may do in production PCI.
    pub worst: Option<Capability>,
    pub status: UserStatus,
    pub origin: Origin,
}

/// A row in the list of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEntry {
    pub id: AccountId,
    /// The searchable text, in lower case.
    pub text: Text,
    /// The number of people who can reach the account.
    pub people: u32,
    /// The number of standing assignments.
    pub standing: u32,
    /// The number of assignments that end.
    pub temporary: u32,
    /// The number of assignments with policy findings; none outside production PCI.
    pub findings: Option<Tally>,
}

/// A row in the list of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupEntry {
    pub id: GroupId,
    /// The searchable text, in lower case.
    pub text: Text,
    pub origin: Origin,
    /// The number of members at the last read.
    pub members: u32,
    /// The number of accounts that the group gives access to.
    pub accounts: u32,
    /// The number of production PCI accounts that the group gives access to.
    pub production_pci: u32,
}

/// A row in the list of permission sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetEntry {
    pub arn: PermissionSetArn,
    /// The searchable text, in lower case.
    pub text: Text,
    /// The number of accounts with this permission set.
    pub accounts: u32,
    /// The number of production PCI accounts with this permission set.
    pub production_pci: u32,
    /// The number of people who can use it in any account.
    pub people: u32,
    /// The number of accounts with an outdated version.
    pub outdated: u32,
}
