//! The jobs by kind, on the page of operations: how the last one ended, what runs now, and when the next one begins.

use domain::{
    job::{JobKind, JobSchedule, JobState, JobStop},
    time::{Duration, Timestamp},
};
use leptos::prelude::*;

use super::{
    Buttons,
    reasons::{done, purpose},
    short,
};
use crate::{
    backend::{JobName, KindRow, LastRun, OperationsView, RunningJob},
    components::{
        ButtonKind, Column, JobProgressBar, ListedTime, Narrow, Section, Status, StatusBadge,
        Table, job_title,
    },
};

pub(super) fn jobs(view: &OperationsView, manage: Buttons, now: Timestamp) -> AnyView {
    let columns = vec![
        Column::new("Job"),
        Column::new("Result"),
        Column::new("Last run (UTC)"),
        Column::new("Duration").numeric(),
        Column::new("Next run (UTC)"),
        Column::new("Actions").unlabelled(),
    ];
    let rows = view.kinds.iter().map(|row| {
        let running = view.running.iter().filter(|job| job.name == row.name);
        let running: Vec<&RunningJob> = running.collect();
        let last = row.last;
        let ended = last.map_or_else(no_run, |last| {
            view! { <ListedTime at=last.ended now /> }.into_any()
        });
        let took = last.map_or_else(no_run, |last| took_words(last.took).into_any());
        let purpose = row.name.kind.map(purpose);
        view! {
            <tr>
                <th scope="row">
                    {job_title(&row.name)}
                    {purpose.map(|words| view! { <p class="text-muted text-xs font-normal">{words}</p> })}
                </th>
                <td data-label="Result">{result(view, row, &running)}</td>
                <td data-label="Last run (UTC)">{ended}</td>
                <td data-numeric data-label="Duration">{took}</td>
                <td data-label="Next run (UTC)">{next(row, &running, now)}</td>
                <td data-numeric>{stopping(row, &running, manage)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div id="jobs">
            <Section title="Jobs">
                <Table caption="Jobs by kind" columns narrow=Narrow::Cards>{rows}</Table>
            </Section>
        </div>
    }
    .into_any()
}

/// Renders that a job has not run, so that there is no time of a run.
fn no_run() -> AnyView {
    view! { <span class="text-muted" data-no-run>"–"</span> }.into_any()
}

/// Returns what runs, or how the last job of a kind ended: each with the sign of what it is.
fn result(view: &OperationsView, row: &KindRow, running: &[&RunningJob]) -> AnyView {
    if !running.is_empty() {
        return running
            .iter()
            .map(|job| progress(job))
            .collect_view()
            .into_any();
    }
    let tries_again = view
        .failed
        .iter()
        .any(|job| job.failed.is_none() && job.name == row.name);
    if tries_again {
        return view! { <StatusBadge status=Status::Pending label="Tries again" /> }.into_any();
    }
    match row.last.map(|last: LastRun| last.state) {
        None => ended_as(Status::Off, "Did not run yet"),
        Some(JobState::Failed) => ended_as(Status::Danger, "Failed"),
        Some(JobState::Dismissed) => ended_as(Status::Off, "Failed, and dismissed"),
        Some(JobState::Cancelled) => ended_as(Status::Off, "Cancelled"),
        Some(JobState::Done | JobState::Waiting | JobState::Running) => well(view, row),
    }
}

fn ended_as(status: Status, label: &'static str) -> AnyView {
    view! { <StatusBadge status label /> }.into_any()
}

/// Returns what a job found that ended without a failure.
fn well(view: &OperationsView, row: &KindRow) -> AnyView {
    if row.not_done > 0 {
        let label = format!("{} not read", row.not_done);
        return view! { <StatusBadge status=Status::Pending label /> }.into_any();
    }
    let compared = view
        .comparison
        .as_ref()
        .filter(|_| row.name.kind == Some(JobKind::RowComparison));
    match compared.map(|compared| compared.differing) {
        None | Some(0) => ended_as(Status::Ok, row.name.kind.map_or("Done", done)),
        Some(differing) => {
            let label = match differing {
                1 => "1 record differs".to_owned(),
                some => format!("{some} records differ"),
            };
            view! { <StatusBadge status=Status::Danger label /> }.into_any()
        }
    }
}

/// Renders how far a job is, and by which server.
fn progress(job: &RunningJob) -> AnyView {
    let attempt = (job.attempt > 1).then(|| format!("Attempt {}", job.attempt));
    let since = job.started.map(|at| {
        let second = at.second();
        let time = second.split_once(' ').map_or(&*second, |(_, time)| time);
        format!("since {time}")
    });
    let server = job
        .process
        .as_deref()
        .map(|id| format!("server {}", short(id)));
    let facts: Vec<String> = [attempt, since, server].into_iter().flatten().collect();
    view! {
        <JobProgressBar done=job.done of=job.of />
        <p class="text-muted text-xs">{facts.join(", ")}</p>
    }
    .into_any()
}

fn next(row: &KindRow, running: &[&RunningJob], now: Timestamp) -> AnyView {
    let several = (row.waiting > 1).then(|| {
        view! { <p class="text-muted text-xs">{row.waiting} " wait"</p> }
    });
    let at = match row.next {
        Some(at) if at <= now && running.is_empty() => "Now".into_any(),
        Some(at) if at <= now => "After this run".into_any(),
        Some(at) => view! { <ListedTime at now /> }.into_any(),
        None => view! { <span class="text-muted">{unplanned(&row.name)}</span> }.into_any(),
    };
    view! { {at} {several} }.into_any()
}

/// Returns when a job of a kind begins of which none waits.
fn unplanned(name: &JobName) -> &'static str {
    match name.kind.map(|kind| kind.rules().schedule) {
        Some(JobSchedule::Interval) => "After this run",
        Some(JobSchedule::WhenDue) => "When there is work",
        None => "None",
    }
}

/// Returns the buttons that stop a job, if people may stop jobs of this kind.
fn stopping(row: &KindRow, running: &[&RunningJob], manage: Buttons) -> AnyView {
    if JobStop::of(row.name.kind) == JobStop::Refused {
        return ().into_any();
    }
    let cancel = running.iter().map(|job| {
        if job.cancelling {
            Some(view! { <span class="text-muted">"Ends soon"</span> }.into_any())
        } else {
            let action = format!("/do/jobs/{}/cancel", job.id);
            manage.job_form(action, ButtonKind::Secondary, "Cancel this run", &row.name)
        }
    });
    let cancel = cancel.collect_view();
    let planned = row.planned.as_ref().filter(|_| running.is_empty());
    let skip = planned.and_then(|id| {
        let action = format!("/do/jobs/{id}/cancel");
        manage.job_form(action, ButtonKind::Quiet, "Skip the next run", &row.name)
    });
    view! { {cancel} {skip} }.into_any()
}

/// Returns how long a job took.
fn took_words(took: Duration) -> String {
    let seconds = took.as_seconds();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "under 1 s".to_owned(),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        let words = |seconds| took_words(Duration::seconds(seconds));
        assert_eq!(
            [0, 42, 192, 3_780].map(words),
            ["under 1 s", "42 s", "3 min 12 s", "1 h 3 min"]
        );
        assert_eq!(took_words(Duration(999)), "under 1 s");
    }

    #[test]
    fn a_kind_of_which_no_job_waits_says_when_one_begins() {
        let of = |kind: Option<JobKind>| {
            unplanned(&JobName {
                word: String::new(),
                kind,
            })
        };
        assert_eq!(of(Some(JobKind::Sealing)), "When there is work");
        assert_eq!(of(Some(JobKind::Crawl)), "After this run");
        assert_eq!(of(None), "None");
    }
}
