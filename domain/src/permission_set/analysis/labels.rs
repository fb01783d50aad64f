//! Texts for people about the findings.
//!
//! Pages, verdicts and reports use the same texts. Decides nothing.

use std::collections::BTreeSet;

use super::{
    Analysis, Capability, Catalogue, Extent, Finding, PolicyRef, boundary_of,
    capability::{Need, Severity},
};
use crate::permission_set::{Boundary, Content};

impl Capability {
    /// Returns the word for a badge or a column.
    pub fn label(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::GrantsRights => "Grants rights",
            Self::Identity => "Identity",
            Self::LogsAndGuardrails => "Logs and guardrails",
            Self::Unknown => "Unknown",
            Self::RunsCode => "Runs code",
            Self::UnreviewedChange => "Unreviewed change",
            Self::Changes => "Changes",
            Self::ReadsData => "Reads data",
            Self::ReadsConfiguration => "Reads configuration",
            Self::Billing => "Billing",
            Self::Metadata => "Metadata",
        }
    }

    /// Returns what a finding says, without its full stop.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Administrator => "Allows everything, or nearly everything",
            Self::GrantsRights => "Can give permissions or credentials to its holder or to others",
            Self::Identity => "Can change who people are, or how they sign in",
            Self::LogsAndGuardrails => "Can stop, delete or weaken logs and security controls",
            Self::Unknown => "Part of it cannot be read or understood",
            Self::RunsCode => "Can run code or commands with a role that is there or is passed",
            Self::UnreviewedChange => "Can make changes by actions that nobody has reviewed",
            Self::Changes => "Can create, change, delete or stop resources or data",
            Self::ReadsData => "Can read data that could be card data, or secrets",
            Self::ReadsConfiguration => "Can read settings",
            Self::Billing => "Can read costs and invoices",
            Self::Metadata => "Can read names, states and metrics",
        }
    }

    /// Returns what a finding says that rests only on actions that nobody has reviewed, without its full stop. Never what they
    /// do, because nobody knows.
    pub(super) fn sentence_of_unreviewed(self) -> &'static str {
        match self {
            Self::ReadsData => {
                "Counts as reading data, because nobody has reviewed what these actions return"
            }
            Self::GrantsRights => {
                "Counts as granting rights by the access level or the name of these actions, because nobody has reviewed them"
            }
            other => other.sentence(),
        }
    }

    /// Returns one sentence that explains the label of a capability that rests only on actions that nobody has reviewed.
    fn explanation_of_unreviewed(self) -> &'static str {
        match self {
            Self::ReadsData => {
                "Nobody has reviewed what these actions return, so they count as reading data or secrets."
            }
            Self::GrantsRights => {
                "Nobody has reviewed these actions, so they count as granting rights by their access level or name."
            }
            other => other.explanation(),
        }
    }

    /// Returns one sentence that explains the label.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Administrator => {
                "Allows everything, or nearly everything, and its holder can gain the rest."
            }
            Self::GrantsRights => {
                "Its holder can give themselves or others permissions or credentials that the set does not contain."
            }
            Self::Identity => "Its holder can change who people are, or how they sign in.",
            Self::LogsAndGuardrails => {
                "Its holder can stop, delete or weaken the logs and security controls of an account."
            }
            Self::Unknown => {
                "Part of it cannot be read or understood, so it is treated like the most dangerous one."
            }
            Self::RunsCode => {
                "Its holder can run code or commands, with whatever the role of a machine or service allows."
            }
            Self::UnreviewedChange => {
                "It contains changes that nobody has reviewed, so they are treated like running code."
            }
            Self::Changes => "Its holder can create, change, delete or stop resources or data.",
            Self::ReadsData => {
                "Its holder can read, export or decrypt data that could be card data, or secrets."
            }
            Self::ReadsConfiguration => "Its holder can read settings, without content or secrets.",
            Self::Billing => "Its holder can read costs, prices and invoices.",
            Self::Metadata => "Its holder can read names, states and metrics, and no content.",
        }
    }

    /// Returns the capabilities that a list of badges names, the most dangerous first: for an administrator only this,
    /// and *unknown*; *metadata* only if it is all.
    pub fn named(capabilities: &[Self]) -> Vec<Self> {
        let administrator = capabilities.contains(&Self::Administrator);
        let only_metadata = capabilities == [Self::Metadata];
        let named = capabilities.iter().copied().filter(|capability| {
            if administrator {
                matches!(capability, Self::Administrator | Self::Unknown)
            } else {
                *capability != Self::Metadata || only_metadata
            }
        });
        named.collect()
    }
}

impl Severity {
    /// Returns the word for a badge: all permission sets are compared by this one scale.
    pub fn label(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
            Self::Info => "Minimal",
        }
    }
}

impl Need {
    /// Returns what access needs, as a sentence without its full stop.
    pub fn words(self) -> &'static str {
        match self {
            Self::TwoApprovals => "Needs approval by two people",
            Self::ReviewDate => "Needs approval by two people, and a date by which it is reviewed",
            Self::StepUp => {
                "Needs approval by two people who have just signed in with a second factor"
            }
            Self::Blocked => "Not allowed",
        }
    }
}

impl Extent {
    /// Returns the number of actions and services; none without actions, because the capability then comes from
    /// something else than single actions.
    pub fn words(self) -> Option<String> {
        (self.actions > 0).then(|| {
            format!(
                "{} of {}",
                counted(self.actions, "action"),
                counted(self.services, "service")
            )
        })
    }
}

/// Returns a number with its noun.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// Returns a number with commas between thousands, because an administrator has thousands of actions.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl PolicyRef {
    /// Returns the short name of the policy.
    pub fn short_name(&self) -> String {
        match self {
            Self::Managed(arn) => arn.rsplit('/').next().unwrap_or(arn).to_owned(),
            Self::Customer(name) => format!("{name} (customer managed)"),
            Self::Inline => "Inline policy".to_owned(),
        }
    }
}

impl Analysis {
    /// Returns one sentence that explains why the set has a capability.
    pub fn explanation(&self, capability: Capability) -> &'static str {
        let mut of_it = self
            .findings
            .iter()
            .filter(|one| one.capability == capability)
            .peekable();
        if of_it.peek().is_some() && of_it.all(Finding::is_unreviewed) {
            capability.explanation_of_unreviewed()
        } else {
            capability.explanation()
        }
    }

    /// Returns one sentence, without its full stop, about the most dangerous thing that the set allows, and how many
    /// statements give it.
    pub fn sentence(&self) -> String {
        let Some(worst) = self.extents.keys().next().copied() else {
            return self.summary();
        };
        let label = worst.label();
        let of_it = || self.findings.iter().filter(|one| one.capability == worst);
        let statements = of_it().filter(|one| one.statement.is_some()).count();
        let words = match worst {
            Capability::Metadata | Capability::Billing => return self.summary(),
            Capability::Administrator => {
                let is_all = of_it().any(|one| one.actions.iter().any(|action| action == "*"));
                let what = if is_all {
                    "everything"
                } else {
                    "nearly everything, or the rights to the rest"
                };
                match statements {
                    0 => format!("its statements together allow {what}"),
                    1 => format!("one statement allows {what}"),
                    some => format!("{some} statements allow {what}"),
                }
            }
            Capability::Unknown => {
                let policies: BTreeSet<&PolicyRef> = of_it().map(|one| &one.policy).collect();
                match policies.len() {
                    1 => "part of one policy cannot be read or understood".to_owned(),
                    some => format!("parts of {some} policies cannot be read or understood"),
                }
            }
            _ => {
                let extent = self.extents.get(&worst).and_then(|one| one.words());
                match (extent, statements) {
                    (Some(extent), 0 | 1) => format!("one statement allows {extent}"),
                    (Some(extent), some) => format!("{some} statements allow {extent}"),
                    (None, 0 | 1) => "by one statement".to_owned(),
                    (None, some) => format!("by {some} statements"),
                }
            }
        };
        format!("{label}: {words}")
    }

    /// Returns the capabilities in one line, the most dangerous first. For an administrator those that it includes are
    /// left out. A set that only reads names and states says how many actions that are.
    pub fn summary(&self) -> String {
        let harmless = |capability: &Capability| {
            matches!(capability, Capability::Metadata | Capability::Billing)
        };
        if self.extents.is_empty() {
            return "Allows nothing".to_owned();
        }
        if self.extents.keys().all(harmless) {
            let extent = |capability| self.extents.get(&capability).and_then(|one| one.words());
            return match (extent(Capability::Metadata), extent(Capability::Billing)) {
                (Some(metadata), Some(billing)) => {
                    format!("Metadata and billing only: {metadata}, and {billing}")
                }
                (None, Some(billing)) => format!("Billing only: {billing}"),
                (metadata, None) => format!("Metadata only: {}", metadata.unwrap_or_default()),
            };
        }
        let administrator = self.has(Capability::Administrator);
        let labels: Vec<&str> = self
            .extents
            .keys()
            .filter(|capability| {
                !administrator
                    || matches!(capability, Capability::Administrator | Capability::Unknown)
            })
            .map(|capability| capability.label())
            .collect();
        labels.join(" · ")
    }
}

/// Returns a note about the permissions boundary if it could not be taken into account.
pub fn boundary_note(content: &Content, catalogue: &dyn Catalogue) -> Option<String> {
    let boundary = content.boundary.as_ref()?;
    if boundary_of(content, catalogue).is_some() {
        return None;
    }
    let name = match boundary {
        Boundary::Managed(arn) => arn.clone(),
        Boundary::Customer(policy) => format!("{}{}", policy.path, policy.name),
    };
    Some(format!(
        "The permissions boundary {name} cannot be read, so it is not taken into account."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badges_name_no_capability_that_another_one_includes() {
        use Capability::{Administrator, Changes, Metadata, ReadsData, Unknown};
        for (all, named) in [
            (
                vec![Administrator, Unknown, Changes, Metadata],
                vec![Administrator, Unknown],
            ),
            (vec![Changes, ReadsData, Metadata], vec![Changes, ReadsData]),
            (vec![Metadata], vec![Metadata]),
            (vec![], vec![]),
        ] {
            assert_eq!(Capability::named(&all), named, "{all:?}");
        }
    }

    #[test]
    fn a_harmless_set_says_how_many_actions_it_allows() {
        let analysis = |extents: &[(Capability, usize, usize)]| {
            let extents = extents.iter().map(|(capability, actions, services)| {
                let (actions, services) = (*actions, *services);
                (*capability, Extent { actions, services })
            });
            let extents = extents.collect();
            Analysis {
                extents,
                ..Analysis::default()
            }
            .summary()
        };
        let (metadata, billing) = (Capability::Metadata, Capability::Billing);
        assert_eq!(analysis(&[]), "Allows nothing");
        assert_eq!(
            analysis(&[(metadata, 412, 38)]),
            "Metadata only: 412 actions of 38 services"
        );
        assert_eq!(
            analysis(&[(metadata, 1_412, 138)]),
            "Metadata only: 1,412 actions of 138 services"
        );
        assert_eq!(
            analysis(&[(billing, 1, 1)]),
            "Billing only: 1 action of 1 service"
        );
        assert_eq!(
            analysis(&[(metadata, 3, 1), (billing, 2, 2)]),
            "Metadata and billing only: 3 actions of 1 service, and 2 actions of 2 services"
        );
        assert_eq!(
            analysis(&[(Capability::Changes, 2, 1), (metadata, 3, 1)]),
            "Changes · Metadata"
        );
    }
}
