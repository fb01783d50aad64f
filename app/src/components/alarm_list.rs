//! The removals of oversight access, or of the access of many people, as an alarm on the home page.

use domain::{change::Aim, time::Timestamp};
use leptos::prelude::*;

use super::{Notice, Status, StatusBadge, Time, state_status};
use crate::backend::{AlarmPhase, AlarmRow, Alarms, WITH_ALARM, escape, state_words};

/// Renders nothing if there is no alarm.
#[component]
pub fn AlarmList(
    alarms: Alarms,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let Alarms { rows, more } = alarms;
    if rows.is_empty() {
        return ().into_any();
    }
    let open = rows
        .iter()
        .any(|row| row.phase != AlarmPhase::NotCarriedOut);
    let status = if open {
        Status::Danger
    } else {
        Status::Pending
    };
    let all = match more {
        0 => "All changes with an alarm".to_owned(),
        1 => "1 more, and all changes with an alarm".to_owned(),
        more => format!("{more} more, and all changes with an alarm"),
    };
    let lines = rows.into_iter().map(|row| line(row, now)).collect_view();
    view! {
        <Notice status title="Removals of oversight access, or of the access of many people">
            <p>"Requested in the last 7 days."</p>
            <ul data-alarms>{lines}</ul>
            <p class="mt-2"><a href=format!("/changes?only={WITH_ALARM}")>{all}</a></p>
        </Notice>
    }
    .into_any()
}

fn line(row: AlarmRow, now: Timestamp) -> AnyView {
    let AlarmRow {
        phase,
        aim,
        count,
        newest,
        only,
    } = row;
    if count == 1 {
        let (title, href) = newest.link();
        return view! {
            <li>
                <div class="flex flex-wrap items-center gap-x-3">
                    <a href=href>{title}</a>
                    <StatusBadge status=state_status(newest.state) label=state_words(newest.state) />
                </div>
                <p class="text-muted text-xs">{newest.requester} ", " <Time at=newest.submitted now /></p>
            </li>
        }
        .into_any();
    }
    let what = match aim {
        Aim::RemoveAssignments => "assignments",
        Aim::RemoveMemberships => "group memberships",
        Aim::RemoveSeveral | Aim::Grant => "access",
    };
    let (status, label) = match phase {
        AlarmPhase::Waiting => (Status::Pending, "Waiting for approval"),
        AlarmPhase::Approved => (Status::Info, "Approved or carried out"),
        AlarmPhase::NotCarriedOut => (Status::Off, "Not carried out"),
    };
    let title = format!("{count} changes by {} that remove {what}", newest.requester);
    view! {
        <li>
            <div class="flex flex-wrap items-center gap-x-3">
                <a href=format!("/changes?only={}", escape(&only))>{title}</a>
                <StatusBadge status label />
            </div>
            <p class="text-muted text-xs">"Newest: " {newest.title} ", " <Time at=newest.submitted now /></p>
        </li>
    }
    .into_any()
}
