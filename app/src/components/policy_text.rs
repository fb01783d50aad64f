//! The policies of a permission set, one box for each statement, in the order of the policy. Where one decides, the others are
//! one line each. Findings link to the statements that give them and open statements to their findings by fragments, so that the
//! browser marks what is selected, and opens what is folded, without JavaScript. Never reorders a policy.

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
/// The number of statements of a policy that are not folded if none of the permission set decides.
const STATEMENTS: usize = 2;
/// The number of folded statements, one after the other, that are a line each.
const LINES_OF_STATEMENTS: usize = 6;
/// The number of capabilities that a statement names.
const NAMED: usize = 3;
/// What nearly every policy says of its language, and is therefore not shown.
const CURRENT_VERSION: &str = "\"Version\": \"2012-10-17\"";

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

/// Renders the statements of a policy in their order. The first that decides is open, or the first ones where none of the set
/// decides. The others are folded where they are, a line for each, or one for many.
fn statements(
    place: usize,
    policy: &PolicyRef,
    parts: PolicyText,
    context: StatementContext<'_>,
) -> AnyView {
    let PolicyText {
        mut frame,
        statements,
    } = parts;
    frame.retain(|line| line != CURRENT_VERSION);
    let deciding = (0..statements.len()).find(|number| context.decides(policy, *number));
    let first = context.deciding.map_or(STATEMENTS, |_| 0);
    let numbered: Vec<(usize, String)> = statements.into_iter().enumerate().collect();
    let fold = |one: &(usize, String)| fold_of(one.0, first, deciding);
    let boxes = |run: &[(usize, String)], fold: Fold| {
        let boxes = run.iter();
        let boxes = boxes.map(|one| statement(place, policy, one, fold, context));
        view! { <ol data-plain>{boxes.collect_view()}</ol> }.into_any()
    };
    let runs = numbered.chunk_by(|one, next| fold(one) == fold(next));
    let runs = runs.map(|run| {
        let shown = run.first().map_or(Fold::Open, fold);
        if shown == Fold::Open || run.len() <= LINES_OF_STATEMENTS {
            return boxes(run, shown);
        }
        let more = counted(run.len(), "more statement");
        view! {
            <details data-more-statements>
                <summary>{more}</summary>
                {boxes(run, Fold::Open)}
            </details>
        }
        .into_any()
    });
    let runs = runs.collect_view();
    let frame = (!frame.is_empty()).then(
        || view! { <p class="text-muted font-mono text-xs break-words">{frame.join(", ")}</p> },
    );
    view! { {frame} {runs} }.into_any()
}

/// Whether a statement is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fold {
    Open,
    Closed,
}

/// Returns whether a statement is shown, by its number, how many are in any case, and that of the first that decides.
fn fold_of(number: usize, first: usize, deciding: Option<usize>) -> Fold {
    if number < first || Some(number) == deciding {
        Fold::Open
    } else {
        Fold::Closed
    }
}

fn statement(
    place: usize,
    policy: &PolicyRef,
    (number, text): &(usize, String),
    fold: Fold,
    context: StatementContext<'_>,
) -> AnyView {
    let id = statement_id(place, *number);
    let name = format!("Statement {}", number + 1);
    let decides = context.decides(policy, *number);
    let mark = decides.then(|| {
        view! { <StatusBadge status=Status::Danger label="Deciding" glyph=Glyph::Warning weight=BadgeWeight::Pill /> }
    });
    let deciding = decides.then_some("");
    let given = given(policy, *number, context.analysis, fold);
    match fold {
        Fold::Open => {
            let href = format!("#{id}");
            view! {
                <li data-statement data-deciding=deciding id=id>
                    <p><a href=href>{name}</a> {mark} <span data-capabilities>{given}</span></p>
                    {code(text)}
                </li>
            }
            .into_any()
        }
        // An address leads to what is folded, so that the browser opens it.
        Fold::Closed => view! {
            <li data-statement data-deciding=deciding>
                <details>
                    <summary><b>{name}</b> {mark} <span data-capabilities>{given}</span></summary>
                    <div id=id>{code(text)}</div>
                </details>
            </li>
        }
        .into_any(),
    }
}

/// Renders the most dangerous capabilities that a statement gives, and the number of the others. Those of an open statement link to
/// the finding that says why; what opens a folded one contains no links.
fn given(policy: &PolicyRef, statement: usize, analysis: &Analysis, fold: Fold) -> AnyView {
    let mut known: Vec<(usize, Capability)> = Vec::new();
    for (place, finding) in analysis.findings.iter().enumerate() {
        let is_its = finding.policy == *policy && finding.statement == Some(statement);
        if is_its && known.iter().all(|(_, one)| *one != finding.capability) {
            known.push((place, finding.capability));
        }
    }
    if known.is_empty() {
        return view! { <span class="text-muted">"gives nothing by itself"</span> }.into_any();
    }
    let others = known.split_off(known.len().min(NAMED));
    let badges = known.into_iter().map(|(place, capability)| match fold {
        Fold::Open => {
            let href = format!("#{}", finding_id(place));
            view! { <a href=href><CapabilityBadge capability /></a> }.into_any()
        }
        Fold::Closed => view! { <CapabilityBadge capability /> }.into_any(),
    });
    let badges = badges.collect_view();
    let more = (!others.is_empty()).then(|| {
        let labels: Vec<&str> = others.iter().map(|(_, one)| one.label()).collect();
        view! { <span title=labels.join(", ")>{format!("and {} more", others.len())}</span> }
    });
    view! { {badges} {more} }.into_any()
}

/// Renders a text, the lines of which are folded that would push the next statement far away.
fn code(text: &str) -> AnyView {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.len() <= LINES {
        return view! { <pre data-code><code>{hanging(&lines)}</code></pre> }.into_any();
    }
    let rest = lines.split_off(LINES);
    let more = counted(rest.len(), "more line");
    view! {
        <pre data-code><code>{hanging(&lines)}</code></pre>
        <details data-more-lines>
            <summary>{more}</summary>
            <pre data-code><code>{hanging(&rest)}</code></pre>
        </details>
    }
    .into_any()
}

/// Renders each line as a block, so that the rest of a long one begins right of where the line does.
fn hanging(lines: &[&str]) -> AnyView {
    let lines = lines
        .iter()
        .map(|line| view! { <span>{format!("{line}\n")}</span> });
    lines.collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deciding_statement_is_open_or_the_first_ones_where_none_decides() {
        let open = |first, deciding| -> Vec<usize> {
            let all = 0..9;
            all.filter(|number| fold_of(*number, first, deciding) == Fold::Open)
                .collect()
        };
        assert_eq!(open(STATEMENTS, None), [0, 1]);
        assert_eq!(open(0, Some(5)), [5]);
        // Another policy decides.
        assert_eq!(open(0, None), [0; 0]);
    }
}
