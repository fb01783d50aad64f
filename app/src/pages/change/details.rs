//! What a decider rarely needs: the facts of the request, the ids of the requests to AWS, and the history from the ledger,
//! each behind a fold of the record.

use domain::{change::State, ids::ChangeId, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{ChangeView, TimelineRow, sentence_words},
    components::{AbsoluteTime, AccountLink, Definition, DefinitionList, Timeline, ledger_link},
    lists::entries::CHANGE,
};

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
    let mut holds = vec!["ID", "requester", "times"];
    if named {
        holds.push("accounts");
    }
    if !requests.is_empty() {
        holds.push("AWS request IDs");
    }
    let holds = holds.join(", ");
    let requests = (!requests.is_empty()).then(|| {
        let lines = requests
            .into_iter()
            .map(|(what, id)| view! { <li><code class="select-all break-all">{id}</code> <span class="text-muted">" " {what}</span></li> })
            .collect_view();
        view! { <Definition term="AWS request IDs"><ul data-plain>{lines}</ul></Definition> }
    });
    view! {
        <details data-fold-row id="details">
            <summary><b>"Details"</b> <span>{holds}</span></summary>
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
        <details data-fold-row id="history">
            <summary><b>"History"</b> <span>{count}</span></summary>
            <Timeline rows linked now />
            <div data-body>{ledger_link(CHANGE, change.as_str(), "These entries in the ledger")}</div>
        </details>
    }
    .into_any()
}
