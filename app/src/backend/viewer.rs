//! The viewer: the signed-in user, and the pages that they may open.

use async_trait::async_trait;
use domain::{
    approval::Mfa,
    authorize::{Action, Denial, Role},
    ids::UserId,
    time::Timestamp,
};

use super::{AwsConsole, Freshness, PortResult};

/// The signed-in user.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ViewerView {
    /// The directory's name, or the marked name of a sign-in without a directory user.
    pub name: String,
    /// The roles in effect.
    pub roles: Vec<Role>,
    /// Their Identity Center user, if their identity is linked to one.
    pub user: Option<UserId>,
    /// Whether they signed in with a second factor.
    pub mfa: Mfa,
    /// The number of changes that need their decision.
    pub inbox: usize,
}

/// An entry of the command palette: a page, or an action.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PaletteEntry {
    pub label: String,
    /// Its kind and what distinguishes it from others of the same name, such as `Account 481220935517`.
    pub detail: String,
    pub href: String,
    pub method: PaletteMethod,
}

/// How the command palette goes to the address of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaletteMethod {
    /// As a link.
    Get,
    /// As a form without fields.
    Post,
}

/// Reads data about the caller.
#[async_trait]
pub trait ViewerPort {
    /// Returns the signed-in user.
    async fn viewer(&self) -> PortResult<ViewerView>;
    /// Returns the time of this request, which is the same for everything on a page.
    fn now(&self) -> Timestamp;
    /// Returns whether the caller may perform an action. Pages show the reason where they disable a control.
    fn may(&self, action: Action) -> Result<(), Denial>;
    /// Returns where the console of AWS shows accounts, users and permission sets.
    fn aws_console(&self) -> AwsConsole;
    /// Returns the freshness and completeness of the read model.
    fn freshness(&self) -> Freshness;
    /// Returns the names of people who administer Leastwise, whom somebody can ask; a few, if there are many.
    async fn administrators(&self) -> PortResult<Vec<String>>;
    /// Returns the entries of the command palette.
    async fn palette(&self) -> PortResult<Vec<PaletteEntry>>;
}
