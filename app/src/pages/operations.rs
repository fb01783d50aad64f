//! Operations: failed, running and waiting jobs, the quotas of AWS, and the servers.

mod quotas;
mod reasons;
mod rows;
mod servers;

use domain::{authorize::Action, job::JobSchedule, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{
        CRAWL, FailedJob, JobName, OPERATIONS, OperationsView, PortResult, QueueRow, RunningJob,
    },
    components::{
        Button, ButtonKind, Calm, Column, ExactTime, JobProgressBar, LinkButton, Narrow, Notice,
        PageHeader, Section, Stat, Stats, Status, StatusBadge, Table, Time, job_title,
        running_words,
    },
    islands::live_status::LiveStatus,
    routes::{Page, Visit},
};

use self::{
    quotas::quotas,
    reasons::{purpose, reason},
    rows::differing,
    servers::servers,
};

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
    fn form(self, action: String, kind: ButtonKind, label: &'static str) -> Option<AnyView> {
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
    let detail = view! { "Background work, and the calls to AWS. " {live} }.into_any();
    let actions = view! {
        <LinkButton href=OPERATIONS>"Reload"</LinkButton>
        {sync.form(CRAWL.into(), ButtonKind::Primary, "Crawl now")}
    }
    .into_any();
    let differs = view
        .comparison
        .as_ref()
        .is_some_and(|found| found.differing > 0);
    let rows = differing(view.comparison.clone(), now);
    let (first, calm_rows) = if differs {
        (Some(rows), None)
    } else {
        (None, Some(rows))
    };
    let calm_jobs = view
        .failed
        .is_empty()
        .then(|| view! { <Calm>"No job has failed."</Calm> });
    let key = view.live.key.clone();
    view! {
        <PageHeader title="Operations" detail actions />
        <div data-live-page="wide" data-key=key>
            <div data-checks id="checks">{calm_jobs} {calm_rows}</div>
            {overdue(view.overdue, view.overdue_since, now)}
            {figures(&view)}
            {first}
            {failed_jobs(view.failed, view.failed_count, manage, now)}
            {running_jobs(view.running, manage, now)}
            {queue(view.queue, manage, now)}
            {quotas(view.quotas)}
            {servers(view.servers, now)}
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
                <p>"The oldest was due " <Time at=since now /> ". Leastwise tries it until a read of AWS shows that the access is gone."</p>
            </Notice>
        }
        .into_any(),
    )
}

fn figures(view: &OperationsView) -> AnyView {
    let waiting: u64 = view.queue.iter().map(|row| row.waiting).sum();
    let (failed, running, overdue) = (view.failed_count, view.running.len(), view.overdue);
    let again = view
        .failed
        .iter()
        .filter(|job| job.failed.is_none())
        .count();
    let again = u64::try_from(again).unwrap_or(u64::MAX);
    // The table below lists both.
    let (failed_label, failed_status) = match (failed, again) {
        (0, 0) => ("Failed jobs", Status::Ok),
        (0, _) => ("Jobs that try again", Status::Pending),
        (_, 0) => ("Failed jobs", Status::Danger),
        _ => ("Failed jobs, or trying again", Status::Danger),
    };
    let bad = |count: u64| {
        if count > 0 {
            Status::Danger
        } else {
            Status::Ok
        }
    };
    let to_failed = if view.failed.is_empty() {
        "#checks"
    } else {
        "#failed"
    };
    let to_running = if running == 0 { "#queue" } else { "#running" };
    view! {
        <Stats>
            <Stat label=failed_label value=failed.saturating_add(again).to_string() href=to_failed status=failed_status />
            <Stat label="Running jobs" value=running.to_string() href=to_running />
            <Stat label="Scheduled jobs" value=waiting.to_string() href="#queue" />
            <Stat label="Overdue removals" value=overdue.to_string() href="/changes" status=bad(overdue) />
        </Stats>
    }
    .into_any()
}

fn failed_jobs(jobs: Vec<FailedJob>, total: u64, manage: Buttons, now: Timestamp) -> AnyView {
    if jobs.is_empty() {
        return ().into_any();
    }
    let columns = vec![
        Column::new("Job"),
        Column::new("State"),
        Column::new("Reason"),
        Column::new("Attempts").numeric(),
        Column::new("When"),
        Column::new("Actions").unlabelled(),
    ];
    let listed = jobs.iter().filter(|job| job.failed.is_some()).count();
    let more = total.saturating_sub(u64::try_from(listed).unwrap_or(u64::MAX));
    let rows = jobs.into_iter().map(|job| {
        let path = |what: &str| format!("/do/jobs/{}/{what}", job.id);
        let (badge, when, buttons) = match (job.failed, job.next) {
            (None, Some(next)) => (
                view! { <StatusBadge status=Status::Pending label="Tries again" /> },
                Some(view! { "Next attempt " <Time at=next now /> }.into_any()),
                manage.form(path("cancel"), ButtonKind::Quiet, "Cancel"),
            ),
            (failed, _) => (
                view! { <StatusBadge status=Status::Danger label="Failed" /> },
                failed.map(|at| view! { <ExactTime at now /> }.into_any()),
                manage.form(path("retry"), ButtonKind::Secondary, "Retry"),
            ),
        };
        let dismiss = job
            .failed
            .and_then(|_| manage.form(path("dismiss"), ButtonKind::Quiet, "Dismiss"));
        view! {
            <tr>
                <th scope="row">{job_cell(&job.name, job.id.as_str())}</th>
                <td data-label="State">{badge}</td>
                <td data-reason-cell data-label="Reason">{reason(job.why)}</td>
                <td data-numeric data-label="Attempts">{job.attempts}</td>
                <td data-label="When">{when}</td>
                <td data-numeric><div data-row-actions>{buttons} {dismiss}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let note =
        (more > 0).then(|| view! { <p data-note>{more} " more failed jobs are not listed."</p> });
    view! {
        <div id="failed">
            <Section title="Failed jobs">
                <Table caption="Failed jobs" columns narrow=Narrow::Cards>{rows}</Table>
            </Section>
            {note}
        </div>
    }
    .into_any()
}

fn job_cell(name: &JobName, id: &str) -> AnyView {
    let id = id.to_owned();
    view! {
        {job_title(name)}
        <p class="text-muted text-xs font-normal"><code>{id}</code></p>
    }
    .into_any()
}

fn running_jobs(jobs: Vec<RunningJob>, manage: Buttons, now: Timestamp) -> AnyView {
    if jobs.is_empty() {
        return ().into_any();
    }
    let columns = vec![
        Column::new("Job"),
        Column::new("Progress"),
        Column::new("Started"),
        Column::new("Attempt").numeric().wide_only(),
        Column::new("Server").wide_only(),
        Column::new("Actions").unlabelled(),
    ];
    let rows = jobs.into_iter().map(|job| {
        let cancel = if job.cancelling {
            Some(view! { <span class="text-muted">"Ends soon"</span> }.into_any())
        } else {
            manage.form(
                format!("/do/jobs/{}/cancel", job.id),
                ButtonKind::Quiet,
                "Cancel",
            )
        };
        view! {
            <tr>
                <th scope="row">{job_cell(&job.name, job.id.as_str())}</th>
                <td data-label="Progress"><JobProgressBar done=job.done of=job.of /></td>
                <td data-label="Started">{job.started.map(|at| view! { <Time at now /> })}</td>
                <td data-numeric data-wide>{job.attempt}</td>
                <td data-wide>{job.process.map(|id| view! { <code>{short(&id)}</code> })}</td>
                <td data-numeric>{cancel}</td>
            </tr>
        }
    });
    let rows = rows.collect_view().into_any();
    jobs_section("running", ("Running jobs", "Running jobs"), columns, rows)
}

/// A section with a table of jobs, which the figures link to.
fn jobs_section(
    id: &'static str,
    (title, caption): (&'static str, &'static str),
    columns: Vec<Column>,
    rows: AnyView,
) -> AnyView {
    view! {
        <div id=id>
            <Section title>
                <Table caption columns narrow=Narrow::Cards>{rows}</Table>
            </Section>
        </div>
    }
    .into_any()
}

fn queue(rows: Vec<QueueRow>, manage: Buttons, now: Timestamp) -> AnyView {
    let columns = vec![
        Column::new("Kind of job"),
        Column::new("Scheduled").numeric(),
        Column::new("Oldest").wide_only(),
        Column::new("Next run"),
        Column::new("Last done"),
        Column::new("Actions").unlabelled(),
    ];
    let rows = rows.into_iter().map(|row| {
        let none = || view! { <span class="text-muted">"None"</span> }.into_any();
        let time = |at: Option<Timestamp>| match at {
            Some(at) => view! { <Time at now /> }.into_any(),
            None => none(),
        };
        let next = match row.next {
            Some(at) if at <= now => view! { "Now" }.into_any(),
            None => view! { <span class="text-muted">{unplanned(&row.name)}</span> }.into_any(),
            next @ Some(_) => time(next),
        };
        let incomplete = (row.not_done > 0 && row.last_done.is_some()).then(|| {
            let label = format!("{} not read", row.not_done);
            view! { " " <StatusBadge status=Status::Pending label /> }
        });
        let cancel = row.only.and_then(|id| {
            let action = format!("/do/jobs/{id}/cancel");
            manage.form(action, ButtonKind::Quiet, "Skip this run")
        });
        let purpose = row.name.kind.map(purpose);
        view! {
            <tr>
                <th scope="row">
                    {job_title(&row.name)}
                    {purpose.map(|words| view! { <p class="text-muted text-xs font-normal">{words}</p> })}
                </th>
                <td data-numeric data-label="Scheduled">{row.waiting}</td>
                <td data-wide>{time(row.oldest)}</td>
                <td data-label="Next run">{next}</td>
                <td data-label="Last done">{time(row.last_done)} {incomplete}</td>
                <td data-numeric>{cancel}</td>
            </tr>
        }
    });
    let rows = rows.collect_view().into_any();
    let titles = ("Queue", "Jobs that wait, by kind");
    jobs_section("queue", titles, columns, rows)
}

/// Returns when a job of a kind begins of which none waits.
fn unplanned(name: &JobName) -> &'static str {
    match name.kind.map(|kind| kind.rules().schedule) {
        Some(JobSchedule::Interval) => "After the running one",
        Some(JobSchedule::WhenDue) => "When it is due",
        None => "None",
    }
}

/// Returns the end of an id, which tells processes apart: its start is the time.
fn short(id: &str) -> String {
    id.rsplit('-').next().unwrap_or(id).to_owned()
}
