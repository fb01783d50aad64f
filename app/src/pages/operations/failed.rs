//! The jobs that failed or try again, on the page of operations: why, and what can be done. Shown only if there are some.

use domain::{job::JobStop, time::Timestamp};
use leptos::prelude::*;

use super::{Buttons, reasons::reason};
use crate::{
    backend::{FailedJob, JobName},
    components::{
        ButtonKind, Column, ListedTime, Narrow, Section, Status, StatusBadge, Table, job_title,
    },
};

pub(super) fn failed_jobs(
    jobs: Vec<FailedJob>,
    total: u64,
    manage: Buttons,
    now: Timestamp,
) -> AnyView {
    if jobs.is_empty() {
        return ().into_any();
    }
    let listed = jobs.iter().filter(|job| job.failed.is_some()).count();
    let title = match (listed, jobs.len() - listed) {
        (0, _) => "Jobs that try again",
        (_, 0) => "Failed jobs",
        _ => "Failed jobs, and jobs that try again",
    };
    let more = total.saturating_sub(u64::try_from(listed).unwrap_or(u64::MAX));
    let columns = vec![
        Column::new("Job"),
        Column::new("Problem"),
        Column::new("Attempts"),
        Column::new("Time (UTC)"),
        Column::new("Actions").unlabelled(),
    ];
    let rows = jobs.into_iter().map(|job| line(job, manage, now));
    let rows = rows.collect_view();
    let note =
        (more > 0).then(|| view! { <p data-note>{more} " more failed jobs are not listed."</p> });
    view! {
        <div id="failed">
            <Section title>
                <Table caption=title columns narrow=Narrow::Cards>{rows}</Table>
                {note}
            </Section>
        </div>
    }
    .into_any()
}

fn line(job: FailedJob, manage: Buttons, now: Timestamp) -> AnyView {
    let FailedJob {
        id,
        name,
        why,
        attempts,
        failed,
        next,
    } = job;
    let path = |what: &str| format!("/do/jobs/{id}/{what}");
    let (badge, when, buttons) = match (failed, next) {
        (None, Some(next)) => (
            view! { <StatusBadge status=Status::Pending label="Tries again" /> },
            Some(view! { "Next attempt " <ListedTime at=next now /> }.into_any()),
            stopping(manage, path("cancel"), &name).into_any(),
        ),
        (failed, _) => (
            view! { <StatusBadge status=Status::Danger label="Failed" /> },
            failed.map(|at| view! { <ListedTime at now /> }.into_any()),
            view! {
                {manage.job_form(path("retry"), ButtonKind::Secondary, "Retry now", &name)}
                {manage.job_form(path("dismiss"), ButtonKind::Quiet, "Dismiss this failure", &name)}
            }
            .into_any(),
        ),
    };
    let most = name.kind.map(|kind| kind.rules().attempts);
    let attempts = match most {
        Some(most) if attempts <= most => format!("{attempts} of {most}"),
        _ => attempts.to_string(),
    };
    view! {
        <tr>
            <th scope="row">
                {job_title(&name)}
                <p class="text-muted text-xs font-normal"><code>{id.to_string()}</code></p>
            </th>
            <td data-reason-cell data-label="Problem">{badge} <p>{reason(why)}</p></td>
            <td data-label="Attempts">{attempts}</td>
            <td data-label="Time (UTC)">{when}</td>
            <td data-numeric><div data-row-actions>{buttons}</div></td>
        </tr>
    }
    .into_any()
}

/// Returns the button that keeps a job from its next attempt, if people may stop jobs of its kind.
fn stopping(manage: Buttons, action: String, name: &JobName) -> Option<AnyView> {
    (JobStop::of(name.kind) == JobStop::Allowed)
        .then(|| manage.job_form(action, ButtonKind::Quiet, "Cancel the next attempt", name))
        .flatten()
}
