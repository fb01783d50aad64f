//! What a decider rarely needs: the facts of the request, the ids of the requests to AWS, and the history from the ledger,
//! each behind a fold; and the decisions, which are not folded.

use domain::{
    approval::Decision,
    change::State,
    ids::ChangeId,
    time::Timestamp,
    verdict::{Hit, Outcome},
};
use leptos::prelude::*;

use crate::{
    backend::{ApprovalView, ChangeView, Preview, TimelineRow, sentence_words},
    components::{
        AbsoluteTime, AccountLink, Definition, DefinitionList, Section, Status, StatusBadge,
        Timeline, ledger_link,
    },
    lists::entries::CHANGE,
};

/// Renders the decisions that were made, with what the policies required if that is `over`. Empty without either.
pub(super) fn decisions(
    approvals: Vec<ApprovalView>,
    over: Option<&Preview>,
    now: Timestamp,
) -> Option<AnyView> {
    let required = over.and_then(required);
    if approvals.is_empty() && required.is_none() {
        return None;
    }
    let items = approvals
        .into_iter()
        .map(|approval| {
            let (status, word) = match approval.decision {
                Decision::Approve => (Status::Ok, "Approved"),
                Decision::Decline => (Status::Danger, "Declined"),
            };
            let void = (!approval.counts)
                .then(|| view! { <StatusBadge status=Status::Off label="Void: no longer counts" /> });
            let own = approval.own.then(|| view! { <span class="text-muted text-xs">"you"</span> });
            view! {
                <li>
                    <div class="flex flex-wrap items-baseline gap-x-3">
                        <StatusBadge status label=word />
                        <span class="font-medium">{approval.approver}</span>
                        {own}
                        <span class="text-muted text-xs"><AbsoluteTime at=approval.at now /></span>
                        {void}
                    </div>
                    <p class="mt-1 max-w-[72ch] whitespace-pre-wrap break-words">{approval.reason}</p>
                </li>
            }
        })
        .collect_view();
    let required = required.map(|words| view! { <li class="text-muted">{words}</li> });
    let section =
        view! { <Section title="Decisions"><ul data-lines>{required} {items}</ul></Section> };
    Some(section.into_any())
}

/// Returns what the policies required of a change that nothing blocked.
fn required(preview: &Preview) -> Option<String> {
    let verdict = &preview.verdict;
    let of = |hit: &Hit| {
        let title = preview.policy_titles.get(&hit.rule).unwrap_or(&hit.rule);
        format!("{title} ({})", hit.control)
    };
    let policies: Vec<String> = verdict.hits.iter().map(of).collect();
    match (verdict.outcome, verdict.approvals) {
        (Outcome::Refused, _) => None,
        (Outcome::Allowed, _) => Some("No approval was needed.".to_owned()),
        (Outcome::NeedsApproval, 1) => Some(format!(
            "Needed approval by 1 other person: {}",
            policies.join("; ")
        )),
        (Outcome::NeedsApproval, count) => Some(format!(
            "Needed approval by {count} other people: {}",
            policies.join("; ")
        )),
    }
}

/// Renders the facts of the request behind a fold.
pub(super) fn facts(view: &ChangeView, now: Timestamp) -> AnyView {
    let row = view.row.clone();
    let waiting = row.state == State::Waiting;
    let named = !row.accounts.is_empty();
    let (have, need) = row.approvals;
    let accounts = row.accounts.into_iter();
    let accounts = accounts
        .map(|account| view! { <div><AccountLink account /></div> })
        .collect_view();
    let requests = view.operations.iter().filter_map(|operation| {
        let id = operation.aws_request_id.clone()?;
        Some((sentence_words(&operation.what), id))
    });
    let requests: Vec<(String, String)> = requests.collect();
    let requests = (!requests.is_empty()).then(|| {
        let lines = requests
            .into_iter()
            .map(|(what, id)| view! { <li><code class="select-all break-all">{id}</code> <span class="text-muted">" " {what}</span></li> })
            .collect_view();
        view! { <Definition term="AWS request IDs"><ul data-plain>{lines}</ul></Definition> }
    });
    view! {
        <details data-card data-fold-card id="details">
            <summary>"Details"</summary>
            <div data-body>
                <DefinitionList>
                    <Definition term="Change"><code class="select-all break-all">{row.id.to_string()}</code></Definition>
                    <Definition term="Requested by">{row.requester}</Definition>
                    <Definition term="Requested"><AbsoluteTime at=row.submitted now /></Definition>
                    {(need > 0).then(|| view! { <Definition term="Approvals">{format!("{have} of {need}")}</Definition> })}
                    {waiting.then(|| view! { <Definition term="Decision due"><AbsoluteTime at=row.decide_by now /></Definition> })}
                    {named.then(|| view! { <Definition term="Accounts">{accounts}</Definition> })}
                    {requests}
                </DefinitionList>
            </div>
        </details>
    }
    .into_any()
}

/// Renders the entries of the ledger behind a fold.
pub(super) fn history(
    change: &ChangeId,
    rows: Vec<TimelineRow>,
    linked: bool,
    now: Timestamp,
) -> AnyView {
    let count = match rows.len() {
        1 => "1 entry of the ledger".to_owned(),
        count => format!("{count} entries of the ledger"),
    };
    view! {
        <details data-card data-fold-card id="history">
            <summary>"History" <span class="text-muted">{count}</span></summary>
            <Timeline rows linked now />
            <div data-body>{ledger_link(CHANGE, change.as_str(), "These entries in the ledger")}</div>
        </details>
    }
    .into_any()
}
