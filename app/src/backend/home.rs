//! The home page: who can reach production PCI, what waits, what is wrong.

use async_trait::async_trait;
use domain::{ids::UserId, time::Timestamp, verdict::Tally};

use super::{AccountRef, Answer, ChangeRow, HitView, PrincipalRef, SetRef, UserRef};

/// How exposed production PCI is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Accounts that count as production PCI.
    pub accounts: usize,
    /// People who can reach at least one of them.
    pub people: usize,
    /// Of them, those with access that has no end.
    pub standing_people: usize,
    /// Assignments there without an end.
    pub standing_assignments: usize,
    /// Assignments there with an end.
    pub temporary_assignments: usize,
    /// Assignments there that the guardrails speak against.
    pub against: Tally,
    /// People who can reach it as administrator, or who could make themselves one.
    pub administrators: usize,
}

/// One person who can reach production PCI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposedPerson {
    /// Who.
    pub user: UserRef,
    /// Their job title.
    pub title: Option<String>,
    /// Which accounts, strictest first; at most three.
    pub accounts: Vec<AccountRef>,
    /// How many accounts there are in all.
    pub account_count: usize,
    /// With which sets, riskiest first; at most three.
    pub sets: Vec<SetRef>,
    /// How many sets there are in all.
    pub set_count: usize,
    /// How many different paths lead them there.
    pub paths: usize,
    /// How many of those are direct assignments.
    pub direct: usize,
    /// Whether any path has no end.
    pub standing: bool,
}

/// What one guardrail says of what exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingGroup {
    /// The guardrail.
    pub hit: HitView,
    /// How many assignments it is about.
    pub assignments: usize,
    /// How many people gain by them.
    pub people: usize,
    /// Where: the first few accounts.
    pub accounts: Vec<AccountRef>,
    /// How many accounts there are in all.
    pub account_count: usize,
}

/// A difference that no change of ours explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideRow {
    /// What appeared or went, in words.
    pub what: String,
    /// Who it names.
    pub principal: Option<PrincipalRef>,
    /// Where.
    pub account: Option<AccountRef>,
    /// The last read without it.
    pub after: Timestamp,
    /// The first read with it.
    pub by: Timestamp,
}

/// One access of the viewer's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyAccess {
    /// Where.
    pub account: AccountRef,
    /// With what.
    pub set: SetRef,
    /// Through what, in words: "directly" or a group's name.
    pub via: String,
    /// When it ends; none is standing.
    pub ends: Option<Timestamp>,
}

/// The organisation's half of the home page; only for those who may see the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganisationHome {
    /// Production PCI in numbers.
    pub exposure: Exposure,
    /// Who can reach it, most exposed first, at most twelve.
    pub exposed: Vec<ExposedPerson>,
    /// What the guardrails say of what exists, worst first.
    pub findings: Vec<FindingGroup>,
    /// Changes made past Leastwise, newest first, at most eight.
    pub outside: Vec<OutsideRow>,
    /// How many there are in all.
    pub outside_count: usize,
}

/// The whole home page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home {
    /// Changes that wait for the viewer's decision, oldest first.
    pub waiting: Vec<ChangeRow>,
    /// The viewer's own changes that are not over, and the last few that are.
    pub mine: Vec<ChangeRow>,
    /// What the viewer reaches, production PCI first, at most six.
    pub access: Vec<MyAccess>,
    /// How much the viewer reaches in all.
    pub access_count: usize,
    /// The viewer's own user, if their sign-in is joined to one.
    pub me: Option<UserId>,
    /// The organisation's half.
    pub organisation: Option<OrganisationHome>,
}

/// Asks for the home page.
#[async_trait]
pub trait HomePort {
    /// The home page of the viewer.
    async fn home(&self) -> Answer<Home>;
}
