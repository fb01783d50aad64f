//! Who is looking, and what they may open.

use async_trait::async_trait;
use domain::{
    approval::Mfa,
    authorize::{Action, Denial, Role},
    ids::UserId,
    time::Timestamp,
};

use super::{Answer, Freshness};

/// Who is looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewerView {
    /// Their name, as their token says; display only.
    pub name: String,
    /// Their roles, in force.
    pub roles: Vec<Role>,
    /// Their Identity Center user, if their sign-in is joined to one.
    pub user: Option<UserId>,
    /// Whether a second factor is proven.
    pub mfa: Mfa,
    /// Changes that wait for their decision.
    pub inbox: usize,
}

/// One entry that the command palette can go to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PaletteEntry {
    /// What it is called.
    pub label: String,
    /// What it is, and what tells it from others of its name: `Account 481220935517`.
    pub detail: String,
    /// Where it is.
    pub href: String,
}

/// Asks about the one who asks.
#[async_trait]
pub trait ViewerPort {
    /// Who is looking.
    async fn viewer(&self) -> Answer<ViewerView>;
    /// This request's own instant, so that one page never disagrees with itself.
    fn now(&self) -> Timestamp;
    /// Whether they may do something at all; pages disable with this reason.
    fn may(&self, action: Action) -> Result<(), Denial>;
    /// How fresh and complete everything is.
    fn freshness(&self) -> Freshness;
    /// What the command palette can go to.
    async fn palette(&self) -> Answer<Vec<PaletteEntry>>;
}
