//! What an action gives to the person who may call it, and what of it production PCI allows.
//!
//! A capability is positive: an action that nobody has reviewed has the capability of a dangerous one, and never none.
//! The Cedar policies decide: `policies::in_production_pci` evaluates them, for pages and for `leastwise lint`. The needs that
//! are stated here are those of the policies that Leastwise brings; a test holds both together.

use serde::{Deserialize, Serialize};

/// What a permission set allows, by kind, the most dangerous first. The names are part of the Cedar schema and of
/// `leastwise lint --json`: keep them stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Everything, or nearly everything, from which its holder can gain the rest.
    Administrator,
    /// Permissions, trust, shares or credentials for its holder or for others.
    GrantsRights,
    /// Who people are and how they sign in: directories, user pools, identity providers.
    Identity,
    /// Logs, evidence, detectors and the policies that restrict accounts.
    LogsAndGuardrails,
    /// Something that could not be read or understood.
    Unknown,
    /// Code, commands or images of the caller's choice, with a role that is there or is passed.
    RunsCode,
    /// A change by an action that nobody has reviewed.
    UnreviewedChange,
    /// Resources or data: creates, changes, deletes, stops.
    Changes,
    /// Content and secrets.
    ReadsData,
    /// Settings, without content and secrets.
    ReadsConfiguration,
    /// Costs, prices and invoices.
    Billing,
    /// Names, states and metrics.
    Metadata,
}

/// How bad it is if the capability is in the wrong hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

/// What access to production PCI needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Need {
    TwoApprovals,
    /// Two approvals, and a date by which the access is reviewed.
    ReviewDate,
    /// Two approvals by people who have just signed in with a second factor.
    StepUp,
    Blocked,
}

/// What a permission set needs in production PCI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProductionPciNeeds {
    pub standing: Need,
    pub temporary: Need,
}

impl Capability {
    pub const ALL: [Self; 12] = [
        Self::Administrator,
        Self::GrantsRights,
        Self::Identity,
        Self::LogsAndGuardrails,
        Self::Unknown,
        Self::RunsCode,
        Self::UnreviewedChange,
        Self::Changes,
        Self::ReadsData,
        Self::ReadsConfiguration,
        Self::Billing,
        Self::Metadata,
    ];

    /// Returns the word for policies, the review of actions, the ledger and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::GrantsRights => "grants_rights",
            Self::Identity => "identity",
            Self::LogsAndGuardrails => "logs_and_guardrails",
            Self::Unknown => "unknown",
            Self::RunsCode => "runs_code",
            Self::UnreviewedChange => "unreviewed_change",
            Self::Changes => "changes",
            Self::ReadsData => "reads_data",
            Self::ReadsConfiguration => "reads_configuration",
            Self::Billing => "billing",
            Self::Metadata => "metadata",
        }
    }

    /// Returns the capability of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|capability| capability.as_str() == word)
    }

    /// How bad it is in the wrong hands.
    pub fn severity(self) -> Severity {
        match self {
            Self::Administrator
            | Self::GrantsRights
            | Self::Identity
            | Self::LogsAndGuardrails
            | Self::Unknown => Severity::Critical,
            Self::RunsCode | Self::UnreviewedChange => Severity::High,
            Self::Changes | Self::ReadsData => Severity::Medium,
            Self::ReadsConfiguration => Severity::Low,
            Self::Billing | Self::Metadata => Severity::Info,
        }
    }

    /// What standing access to production PCI needs by the policies that Leastwise brings.
    pub fn standing_in_production_pci(self) -> Need {
        match self.severity() {
            Severity::Info => Need::TwoApprovals,
            Severity::Low => Need::ReviewDate,
            Severity::Medium | Severity::High | Severity::Critical => Need::Blocked,
        }
    }

    /// What temporary access to production PCI needs by the policies that Leastwise brings.
    pub fn temporary_in_production_pci(self) -> Need {
        match self.severity() {
            Severity::Info | Severity::Low | Severity::Medium => Need::TwoApprovals,
            Severity::High => Need::StepUp,
            Severity::Critical => Need::Blocked,
        }
    }
}

impl Severity {
    /// Returns the word for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}
