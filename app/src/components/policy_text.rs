//! The policies of a permission set, one box for each statement, the one first that gives the most dangerous capability. Findings
//! link to the statements that give them and statements to their findings by fragments, so that the browser marks what is
//! selected, and opens what is folded, without JavaScript.

use domain::permission_set::{
    PolicyText,
    analysis::{Analysis, Capability, Finding, PolicyRef, labels::counted},
};
use leptos::prelude::*;

use super::{CapabilityBadge, Notice, Status};
use crate::{
    backend::{PolicyBody, PolicyView},
    lists::copy,
};

/// The number of lines of a statement that are not folded.
const LINES: usize = 30;
/// The number of statements of a policy that are not folded.
const STATEMENTS: usize = 2;

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
            {code(&text)}
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
    let mut numbered: Vec<(usize, String)> = statements.into_iter().enumerate().collect();
    // Findings are ordered by capability.
    let first = analysis.findings.iter().find(|one| one.policy == *policy);
    let first = first.and_then(|finding| finding.statement);
    if let Some(before) = first.and_then(|at| numbered.get_mut(..=at)) {
        before.rotate_right(1);
    }
    let shown = if numbered.len() > STATEMENTS + 1 {
        STATEMENTS
    } else {
        numbered.len()
    };
    let rest = numbered.split_off(shown);
    let boxed = |statements: Vec<(usize, String)>| {
        let boxes = statements
            .into_iter()
            .map(|(number, text)| statement(place, policy, (number, text), analysis));
        boxes.collect_view()
    };
    let more = counted(rest.len(), "more statement");
    let rest = (!rest.is_empty()).then(|| {
        view! {
            <details data-more-statements>
                <summary>{more}</summary>
                <ol data-plain>{boxed(rest)}</ol>
            </details>
        }
    });
    let frame = (!frame.is_empty()).then(
        || view! { <p class="text-muted font-mono text-xs break-words">{frame.join(", ")}</p> },
    );
    view! { {frame} <ol data-plain>{boxed(numbered)}</ol> {rest} }.into_any()
}

fn statement(
    place: usize,
    policy: &PolicyRef,
    (number, text): (usize, String),
    analysis: &Analysis,
) -> AnyView {
    let id = statement_id(place, number);
    let href = format!("#{id}");
    view! {
        <li data-statement id=id>
            <p>
                <a href=href>{format!("Statement {}", number + 1)}</a>
                <span data-capabilities>{given(policy, number, analysis)}</span>
            </p>
            {code(&text)}
        </li>
    }
    .into_any()
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

/// Renders a text, the lines of which are folded that would push the next statement far away.
fn code(text: &str) -> AnyView {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.len() <= LINES {
        return view! { <pre data-code><code>{text.to_owned()}</code></pre> }.into_any();
    }
    let rest = lines.split_off(LINES);
    let more = counted(rest.len(), "more line");
    view! {
        <pre data-code><code>{lines.join("\n")}</code></pre>
        <details data-more-lines>
            <summary>{more}</summary>
            <pre data-code><code>{rest.join("\n")}</code></pre>
        </details>
    }
    .into_any()
}
