//! The policies of a permission set, one box for each statement, in the order of the policy; the statements that decide are
//! marked. Findings link to the statements that give them and statements to their findings by fragments, so that the browser
//! marks what is selected, and opens what is folded, without JavaScript. Never reorders a policy.

use domain::permission_set::{
    PolicyText,
    analysis::{Analysis, Capability, Finding, PolicyRef, labels::counted},
};
use leptos::prelude::*;

use super::{BadgeWeight, CapabilityBadge, Glyph, Notice, Status, StatusBadge};
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

/// What the statements of policies are shown with.
#[derive(Clone, Copy)]
pub struct StatementContext<'a> {
    pub analysis: &'a Analysis,
    /// The capability that decides what production PCI makes of the set, if it is not allowed there.
    pub deciding: Option<Capability>,
}

impl StatementContext<'_> {
    /// Whether a statement gives the deciding capability.
    fn decides(self, policy: &PolicyRef, statement: usize) -> bool {
        let mut findings = self.analysis.findings.iter();
        findings.any(|finding| {
            Some(finding.capability) == self.deciding
                && finding.policy == *policy
                && finding.statement == Some(statement)
        })
    }
}

/// Renders the policies with the capabilities that each statement gives.
pub fn policy_texts(policies: Vec<PolicyView>, context: StatementContext<'_>) -> AnyView {
    policies
        .into_iter()
        .enumerate()
        .map(|(place, policy)| one(place, policy, context))
        .collect_view()
        .into_any()
}

fn one(place: usize, view: PolicyView, context: StatementContext<'_>) -> AnyView {
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
        PolicyBody::Cut { parts, .. } => statements(place, &policy, parts, context),
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

/// Renders the statements of a policy in their order. The first ones and the first that decides are shown, the others are folded
/// where they are.
fn statements(
    place: usize,
    policy: &PolicyRef,
    parts: PolicyText,
    context: StatementContext<'_>,
) -> AnyView {
    let PolicyText { frame, statements } = parts;
    let count = statements.len();
    let deciding = (0..count).find(|number| context.decides(policy, *number));
    let mut runs: Vec<(Fold, Vec<(usize, String)>)> = Vec::new();
    for (number, text) in statements.into_iter().enumerate() {
        let fold = fold_of(number, count, deciding);
        match runs.last_mut() {
            Some((last, run)) if *last == fold => run.push((number, text)),
            _ => runs.push((fold, vec![(number, text)])),
        }
    }
    let runs = runs.into_iter().map(|(fold, run)| {
        let more = counted(run.len(), "more statement");
        let boxes = run
            .into_iter()
            .map(|one| statement(place, policy, one, context))
            .collect_view();
        let list = view! { <ol data-plain>{boxes}</ol> };
        match fold {
            Fold::Open => list.into_any(),
            Fold::Closed => view! {
                <details data-more-statements>
                    <summary>{more}</summary>
                    {list}
                </details>
            }
            .into_any(),
        }
    });
    let frame = (!frame.is_empty()).then(
        || view! { <p class="text-muted font-mono text-xs break-words">{frame.join(", ")}</p> },
    );
    view! { {frame} {runs.collect_view()} }.into_any()
}

/// Whether a statement is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fold {
    Open,
    Closed,
}

/// Returns whether a statement is shown, by its number and that of the first that decides. A fold holds several statements.
fn fold_of(number: usize, count: usize, deciding: Option<usize>) -> Fold {
    let is_open = |at: usize| at < STATEMENTS || at >= count || Some(at) == deciding;
    let is_alone = is_open(number + 1) && number.checked_sub(1).is_none_or(is_open);
    if is_open(number) || is_alone {
        Fold::Open
    } else {
        Fold::Closed
    }
}

fn statement(
    place: usize,
    policy: &PolicyRef,
    (number, text): (usize, String),
    context: StatementContext<'_>,
) -> AnyView {
    let id = statement_id(place, number);
    let href = format!("#{id}");
    let decides = context.decides(policy, number);
    let mark = decides.then(|| {
        view! { <StatusBadge status=Status::Danger label="Deciding" glyph=Glyph::Warning weight=BadgeWeight::Pill /> }
    });
    view! {
        <li data-statement data-deciding=decides.then_some("") id=id>
            <p>
                <a href=href>{format!("Statement {}", number + 1)}</a>
                <span data-capabilities>{given(policy, number, context.analysis)}</span>
                {mark}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_statements_and_the_deciding_one_are_shown_in_their_places() {
        let shown = |count, deciding| -> Vec<usize> {
            let all = 0..count;
            all.filter(|number| fold_of(*number, count, deciding) == Fold::Open)
                .collect()
        };
        assert_eq!(shown(2, None), [0, 1]);
        // A fold with one statement would save nothing.
        assert_eq!(shown(3, None), [0, 1, 2]);
        assert_eq!(shown(5, None), [0, 1]);
        assert_eq!(shown(9, Some(1)), [0, 1]);
        assert_eq!(shown(9, Some(5)), [0, 1, 5]);
        assert_eq!(shown(9, Some(3)), [0, 1, 2, 3]);
        assert_eq!(shown(9, Some(7)), [0, 1, 7, 8]);
    }
}
