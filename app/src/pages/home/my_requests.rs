//! The viewer's newest changes on the home page: what was asked for, what is left of it, and the form that requests a finished one
//! again.

use domain::{change::State, grant::Term, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{ChangeRow, MyRequest, OwnRequest, RequestedAccess},
    components::{
        LedgerMismatchMark, Section, Status, StatusBadge, Time, clock_time, short_duration,
        state_glyph, state_status,
    },
};

/// Renders the section. `proposes` is the right to request something.
pub(super) fn my_requests(
    requests: Vec<MyRequest>,
    proposes: MayPropose,
    now: Timestamp,
) -> AnyView {
    if requests.is_empty() {
        return view! {
            <Section title="My requests">
                <p data-note><b>"You have no requests."</b>" Changes that you request appear here."</p>
            </Section>
        }
        .into_any();
    }
    let all = view! { <a href="/changes?requester=me">"All your requests"</a> };
    let lines = requests.into_iter().map(|one| line(one, proposes, now));
    let lines = lines.collect_view();
    view! { <Section title="My requests" actions=all.into_any()><ul data-lines data-requests>{lines}</ul></Section> }
        .into_any()
}

fn line(request: MyRequest, proposes: MayPropose, now: Timestamp) -> impl IntoView {
    let (status, state) = state_now(&request, now);
    let glyph = state_glyph(request.row.state);
    let MyRequest {
        row, own, again, ..
    } = request;
    let (title, href) = (title(&row, own), row.link().1);
    let again = again.filter(|_| proposes == MayPropose::Yes).map(|form| {
        let title = title.clone();
        view! { <a href=form.href()>"Request again"<span class="sr-only">": " {title}</span></a> }
    });
    let (have, need) = row.approvals;
    let approvals = (row.state == State::Waiting).then(|| {
        view! {
            <span>{format!("{have} of {need} approvals")}</span>
            <span>"decision due " <Time at=row.decide_by now /></span>
        }
    });
    view! {
        <li>
            <a href=href>{title}</a>
            <StatusBadge status label=state glyph />
            <p class="text-muted text-xs" data-parts>
                <span>"Requested " <Time at=row.submitted now /></span>
                {approvals}
            </p>
            <span>{again}</span>
            <LedgerMismatchMark comparison=row.ledger />
        </li>
    }
}

/// Returns what was asked for. Of one's own access, nobody needs one's own name.
fn title(row: &ChangeRow, own: Option<OwnRequest>) -> String {
    let Some(OwnRequest {
        set,
        accounts,
        term,
    }) = own
    else {
        return match &row.folded {
            Some(folded) => format!("{} blocked requests", folded.count),
            None => row.link().0,
        };
    };
    let accounts = match accounts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => accounts.concat(),
    };
    match term {
        Some(Term::For(length)) => format!("{set} on {accounts}, {}", short_duration(length)),
        Some(Term::Standing) => format!("{set} on {accounts}, standing"),
        None => format!("Remove {set} on {accounts}"),
    }
}

/// Returns what became of the request, or of the access that it gave.
fn state_now(request: &MyRequest, now: Timestamp) -> (Status, String) {
    match request.lasting {
        Some(RequestedAccess::Until(end)) => {
            (Status::Ok, format!("Active until {}", clock_time(end, now)))
        }
        Some(RequestedAccess::Standing) => (Status::Ok, "Active".to_owned()),
        Some(RequestedAccess::Ended) => (Status::Off, "Ended".to_owned()),
        None => {
            let row = &request.row;
            let removes = request.own.as_ref().is_some_and(|own| own.term.is_none());
            if removes && row.state == State::Verified {
                return (Status::Off, "Removed".to_owned());
            }
            (state_status(row.state), row.state_words().to_owned())
        }
    }
}

/// Whether the viewer may request something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MayPropose {
    Yes,
    No,
}
