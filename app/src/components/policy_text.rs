//! The policies of a permission set, one box for each statement. Findings link to the statements that give them and
//! statements to their findings by fragments, so that the browser marks what is selected without JavaScript.

use domain::permission_set::{
    PolicyText,
    analysis::{Analysis, Capability, Finding, PolicyRef},
};
use leptos::prelude::*;

use super::{CapabilityBadge, Notice, Status};
use crate::{
    backend::{PolicyBody, PolicyView},
    lists::copy,
};

/// The number of lines above which a statement scrolls by itself.
const LINES: usize = 30;

/// The ids of policies and statements on a page.
#[derive(Debug, Clone, Default)]
pub struct PolicyAnchors(Vec<PolicyRef>);

impl PolicyAnchors {
    /// Returns the ids for policies that are shown in this order.
    pub fn of(policies: &[PolicyView]) -> Self {
        Self(policies.iter().map(|one| one.policy.clone()).collect())
    }

    /// Returns the id of what a finding is about: a statement, or a policy. `None` if the page does not show it.
    pub fn of_finding(&self, finding: &Finding) -> Option<String> {
        let place = self.0.iter().position(|one| *one == finding.policy)?;
        Some(match finding.statement {
            Some(statement) => statement_id(place, statement),
            None => policy_id(place),
        })
    }
}

fn policy_id(place: usize) -> String {
    format!("policy-{}", place + 1)
}

fn statement_id(place: usize, statement: usize) -> String {
    format!("policy-{}-statement-{}", place + 1, statement + 1)
}

/// Returns the id of a finding, by its place in the analysis.
pub fn finding_id(place: usize) -> String {
    format!("finding-{}", place + 1)
}

/// Renders the policies with the capabilities that each statement gives.
pub fn policy_texts(policies: Vec<PolicyView>, analysis: &Analysis) -> AnyView {
    policies
        .into_iter()
        .enumerate()
        .map(|(place, policy)| one(place, policy, analysis))
        .collect_view()
        .into_any()
}

fn one(place: usize, view: PolicyView, analysis: &Analysis) -> AnyView {
    let PolicyView { policy, body } = view;
    let name = policy.short_name();
    let label = name.clone();
    let (arn, copied) = match (&policy, &body) {
        (PolicyRef::Managed(arn), _) => (
            Some(arn.clone()),
            Some(copy(arn.clone(), "the ARN of the policy")),
        ),
        (PolicyRef::Inline, PolicyBody::Cut { text, .. } | PolicyBody::AsStored(text)) => {
            (None, Some(copy(text.clone(), "the inline policy")))
        }
        _ => (None, None),
    };
    let body = match body {
        PolicyBody::Cut { parts, .. } => statements(place, &policy, parts, analysis),
        PolicyBody::AsStored(text) => view! {
            <Notice status=Status::Drift title="This policy is not valid JSON">"It is shown as AWS stores it."</Notice>
            {code(text, name.clone())}
        }
        .into_any(),
        PolicyBody::InEachAccount => view! { <p class="text-muted">"Its text is in each account, and Leastwise does not read it. It counts as unknown."</p> }.into_any(),
        PolicyBody::NotInCatalogue => view! { <p class="text-muted">"Leastwise does not have the text of this AWS managed policy. It counts as unknown."</p> }.into_any(),
    };
    view! {
        <section data-policy-text id=policy_id(place) aria-label=label>
            <header>
                <h3>{name}</h3>
                {copied}
                {arn.map(|arn| view! { <p class="text-muted font-mono text-xs">{arn}</p> })}
            </header>
            {body}
        </section>
    }
    .into_any()
}

fn statements(place: usize, policy: &PolicyRef, parts: PolicyText, analysis: &Analysis) -> AnyView {
    let PolicyText { frame, statements } = parts;
    let boxes = statements
        .into_iter()
        .enumerate()
        .map(|(number, text)| {
            let label = format!("Statement {}", number + 1);
            let long = format!("{label} of {}", policy.short_name());
            let id = statement_id(place, number);
            let href = format!("#{id}");
            view! {
                <li data-statement id=id>
                    <p>
                        <a href=href>{label}</a>
                        <span data-capabilities>{given(policy, number, analysis)}</span>
                    </p>
                    {code(text, long)}
                </li>
            }
        })
        .collect_view();
    let frame = (!frame.is_empty()).then(
        || view! { <p class="text-muted font-mono text-xs break-words">{frame.join(", ")}</p> },
    );
    view! { {frame} <ol data-plain>{boxes}</ol> }.into_any()
}

/// Renders what a statement gives, each with a link to the finding that says why.
fn given(policy: &PolicyRef, statement: usize, analysis: &Analysis) -> AnyView {
    let mut known: Vec<Capability> = Vec::new();
    let mut links = Vec::new();
    for (place, finding) in analysis.findings.iter().enumerate() {
        let is_its = finding.policy == *policy && finding.statement == Some(statement);
        if is_its && !known.contains(&finding.capability) {
            known.push(finding.capability);
            let href = format!("#{}", finding_id(place));
            let capability = finding.capability;
            links.push(view! { <a href=href><CapabilityBadge capability /></a> });
        }
    }
    if links.is_empty() {
        return view! { <span class="text-muted">"gives nothing by itself"</span> }.into_any();
    }
    links.collect_view().into_any()
}

/// Renders a text that scrolls if it is long, so that the next statement stays near.
fn code(text: String, label: String) -> AnyView {
    if text.lines().count() > LINES {
        view! { <pre data-code tabindex="0" role="region" aria-label=label><code>{text}</code></pre> }
            .into_any()
    } else {
        view! { <pre data-code tabindex="0" role="group" aria-label=label><code>{text}</code></pre> }
            .into_any()
    }
}
