//! Operations: what needs somebody to act comes first, then the jobs by kind, the calls to AWS, and the servers. All times are
//! absolute, because an open page is compared with logs. Never says that something is in order that was not looked at.

mod failed;
mod jobs;
mod quotas;
mod reasons;
mod rows;
mod servers;

use domain::{authorize::Action, job::JobKind, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{CRAWL, JobName, OperationsView, PortResult, RowComparison},
    components::{
        AbsoluteTime, Button, ButtonKind, Calm, Glyph, Icon, Notice, PageHeader, Status, job_title,
        running_words,
    },
    islands::live_status::LiveStatus,
    routes::{Page, Visit},
};

use self::{failed::failed_jobs, jobs::jobs, quotas::quotas, rows::differing, servers::servers};

/// Whether the viewer may do something, so that the page offers its buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Buttons {
    Offered,
    NotAllowed,
}

impl Buttons {
    fn of(visit: &Visit, action: Action) -> Self {
        match visit.backend.may(action) {
            Ok(()) => Self::Offered,
            Err(_) => Self::NotAllowed,
        }
    }

    /// Returns a form with one button.
    fn form(
        self,
        action: impl Into<String>,
        kind: ButtonKind,
        label: &'static str,
    ) -> Option<AnyView> {
        self.form_with(action, kind, label.into_any())
    }

    /// Returns a form with one button about a job: what it does, and for those who hear it, to which job.
    fn job_form(
        self,
        action: impl Into<String>,
        kind: ButtonKind,
        label: &'static str,
        job: &JobName,
    ) -> Option<AnyView> {
        let of = format!(": {}", job_title(job));
        let label = view! { {label} <span class="sr-only">{of}</span> }.into_any();
        self.form_with(action, kind, label)
    }

    fn form_with(
        self,
        action: impl Into<String>,
        kind: ButtonKind,
        label: AnyView,
    ) -> Option<AnyView> {
        let action: String = action.into();
        (self == Self::Offered).then(|| {
            view! { <form method="post" action=action><Button kind>{label}</Button></form> }
                .into_any()
        })
    }
}

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let view = visit.backend.operations().await?;
    let manage = Buttons::of(&visit, Action::ManageJobs);
    let sync = Buttons::of(&visit, Action::Sync);
    let now = visit.backend.now();
    Ok(Page::new("Operations", move || {
        draw(view, manage, sync, now)
    }))
}

fn draw(view: OperationsView, manage: Buttons, sync: Buttons, now: Timestamp) -> AnyView {
    let live = view! {
        <LiveStatus url="/events/operations".into() state=view.live.key.clone() text=running_words(&view.live.running) />
    };
    let detail = live.into_any();
    let actions = sync.form(CRAWL, ButtonKind::Secondary, "Crawl AWS now");
    let key = view.live.key.clone();
    let in_order = in_order(&view, now);
    let table = jobs(&view, manage, now);
    let this = view.servers.iter().find(|server| server.this);
    let since = this.map(|server| server.started);
    view! {
        <PageHeader title="Operations" detail actions=actions.into_any() />
        <div data-live-page="wide" data-key=key>
            {in_order}
            {overdue(view.overdue, view.overdue_since, now)}
            {differing(view.comparison, now)}
            {failed_jobs(view.failed, view.failed_count, manage, now)}
            {table}
            {quotas(view.quotas, since)}
            {servers(view.servers, now)}
        </div>
    }
    .into_any()
}

/// Says once that nothing needs anybody, if that is so.
fn in_order(view: &OperationsView, now: Timestamp) -> Option<AnyView> {
    let differing = view
        .comparison
        .as_ref()
        .map_or(0, |compared| compared.differing);
    if !view.failed.is_empty() || view.overdue > 0 || differing > 0 {
        return None;
    }
    let rows = match &view.comparison {
        None => view! {
            <p id="rows" class="text-muted">"The stored records were not compared with the ledger yet. This happens after the start, and every hour."</p>
        }
        .into_any(),
        Some(compared) => agreed(compared, next_comparison(view), now),
    };
    Some(
        view! {
            <div data-checks>
                <Calm><b>"No job has failed, and no removal is overdue."</b></Calm>
                {rows}
            </div>
        }
        .into_any(),
    )
}

/// Returns when the next comparison of the rows begins, if that is known.
fn next_comparison(view: &OperationsView) -> Option<Timestamp> {
    let kind = Some(JobKind::RowComparison);
    let mut rows = view.kinds.iter();
    rows.find(|row| row.name.kind == kind)?.next
}

/// Says up to which entry the rows agreed, and when the newer ones are compared.
fn agreed(compared: &RowComparison, next: Option<Timestamp>, now: Timestamp) -> AnyView {
    let at = compared.at;
    let extent = match compared.entries.checked_sub(1) {
        Some(last) => format!(" up to entry {last}"),
        None => String::new(),
    };
    let newer = match compared.newer {
        0 => None,
        1 => Some("1 newer entry is not compared yet".to_owned()),
        some => Some(format!("{some} newer entries are not compared yet")),
    };
    let newer = newer.map(|words| {
        let next = next.filter(|next| *next > now);
        let when = next.map(|at| view! { ": every hour, next " <AbsoluteTime at now /> });
        view! { <p data-calm="later"><Icon glyph=Glyph::Clock /> <span>{words} {when} "."</span></p> }
    });
    view! {
        <div id="rows" class="grid gap-1">
            <Calm>"Every stored record agreed with the ledger" {extent} ", compared " <AbsoluteTime at now /> "."</Calm>
            {newer}
        </div>
    }
    .into_any()
}

fn overdue(count: u64, since: Option<Timestamp>, now: Timestamp) -> Option<AnyView> {
    let since = since.filter(|_| count > 0)?;
    let title = match count {
        1 => "1 removal of access is overdue".to_owned(),
        count => format!("{count} removals of access are overdue"),
    };
    Some(
        view! {
            <Notice status=Status::Danger title>
                <p>"The oldest was due " <AbsoluteTime at=since now /> ". Leastwise tries it until a read of AWS shows that the access is gone."</p>
            </Notice>
        }
        .into_any(),
    )
}

/// Returns the end of an id, which tells processes apart: its start is the time.
fn short(id: &str) -> String {
    id.rsplit('-').next().unwrap_or(id).to_owned()
}
