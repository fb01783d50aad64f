//! What one policy allows, and what production PCI says about it: a line of `leastwise lint --json`.
//!
//! The names of the members are documented in docs/capabilities.md: keep them stable.

use catalogue::Catalogue;
use domain::{
    grant::SHORTEST_SESSION,
    permission_set::analysis::{
        Analysis, Capability, DataAge, Finding, PolicyRef, against_standing, analyse,
        capability::{Need, ProductionPciNeeds},
        labels::boundary_note,
        policy_file::PolicyFile,
    },
    policies::{Rules, blocked_as_standing, in_production_pci},
};
use serde::Serialize;

/// What production PCI says about access with a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    NeedsApproval,
    Blocked,
}

impl From<Need> for Verdict {
    fn from(need: Need) -> Self {
        match need {
            Need::Blocked => Self::Blocked,
            Need::TwoApprovals | Need::ReviewDate | Need::StepUp => Self::NeedsApproval,
        }
    }
}

/// The result for a file.
#[derive(Debug, Serialize)]
pub(super) struct Evaluation {
    pub(super) file: String,
    /// The most dangerous first.
    pub(super) capabilities: Vec<&'static str>,
    /// What could not be read or understood.
    pub(super) unknown: Vec<String>,
    /// The most dangerous first.
    pub(super) findings: Vec<FindingLine>,
    pub(super) standing_in_production_pci: Verdict,
    pub(super) temporary_in_production_pci: Verdict,
    /// The actions that keep it from standing access, as `service:Action`.
    pub(super) against_standing: Vec<String>,
    /// What has no effect, and what to know about the result.
    pub(super) notes: Vec<String>,
    /// The date of the facts about actions.
    pub(super) catalogue: String,
    #[serde(skip)]
    pub(super) analysis: Analysis,
    #[serde(skip)]
    pub(super) needs: ProductionPciNeeds,
}

/// What a file is evaluated with.
pub(super) struct Basis {
    pub(super) catalogue: Catalogue,
    pub(super) rules: Rules,
    pub(super) age: DataAge,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct FindingLine {
    #[serde(skip)]
    pub(super) kind: Capability,
    capability: &'static str,
    pub(super) severity: &'static str,
    pub(super) reason: String,
    /// Counted from 1, as in the texts.
    pub(super) statement: Option<usize>,
    /// At most ten.
    pub(super) actions: Vec<String>,
    /// The number of further actions.
    pub(super) more: usize,
    /// How many of all these actions nobody has reviewed.
    unreviewed: usize,
    /// `inline`, or the ARN or the path and name of a policy.
    pub(super) policy: String,
}

impl From<&Finding> for FindingLine {
    fn from(finding: &Finding) -> Self {
        Self {
            kind: finding.capability,
            capability: finding.capability.as_str(),
            severity: finding.capability.severity().as_str(),
            reason: finding.reason.clone(),
            statement: finding.statement.map(|index| index + 1),
            actions: finding.actions.clone(),
            more: finding.more,
            unreviewed: finding.unreviewed,
            policy: match &finding.policy {
                PolicyRef::Managed(name) | PolicyRef::Customer(name) => name.clone(),
                PolicyRef::Inline => "inline".to_owned(),
            },
        }
    }
}

impl Evaluation {
    /// Evaluates the content of a file.
    pub(super) fn of(file: String, read: &PolicyFile, basis: &Basis) -> Self {
        let Basis {
            catalogue,
            rules,
            age,
        } = basis;
        let analysis = analyse(&read.content, catalogue);
        let needs = in_production_pci(rules, &analysis, SHORTEST_SESSION);
        let blocked = blocked_as_standing(rules, &analysis);
        let notes = analysis.notes.iter().chain(&read.notes).cloned();
        let notes = notes
            .chain(boundary_note(&read.content, catalogue))
            .chain(age.warning_about(&read.content))
            .collect();
        Self {
            file,
            capabilities: analysis
                .capabilities()
                .into_iter()
                .map(Capability::as_str)
                .collect(),
            unknown: analysis
                .findings
                .iter()
                .filter(|finding| finding.capability == Capability::Unknown)
                .map(unknown)
                .collect(),
            findings: analysis.findings.iter().map(FindingLine::from).collect(),
            standing_in_production_pci: needs.standing.into(),
            temporary_in_production_pci: needs.temporary.into(),
            against_standing: against_standing(&read.content, catalogue, &blocked)
                .iter()
                .flat_map(|one| {
                    one.actions
                        .iter()
                        .map(|name| format!("{}:{name}", one.service))
                })
                .collect(),
            notes,
            catalogue: catalogue.actions.date().to_string(),
            analysis,
            needs,
        }
    }
}

/// Says what is unknown, with the policy and the actions that it is about.
fn unknown(finding: &Finding) -> String {
    let policy = match &finding.policy {
        PolicyRef::Managed(name) | PolicyRef::Customer(name) => format!("{name}: "),
        PolicyRef::Inline => String::new(),
    };
    let actions = match finding.actions.join(", ") {
        none if none.is_empty() => none,
        names => format!(" ({names})"),
    };
    format!("{policy}{}{actions}", finding.reason)
}
