//! The changes with an alarm on the home page: they remove oversight access or the access of many people, are about the
//! identity of somebody who decides or administers, or gave oversight access that ended.

use domain::{change::Aim, time::Timestamp};
use leptos::prelude::*;

use super::{Notice, Status, StatusBadge, Time, state_glyph, state_status};
use crate::{
    backend::{AlarmPhase, AlarmRow, Alarms},
    lists::{
        ListChoice,
        changes::{ALARM, CHANGES, RAISED},
    },
};

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
        <Notice status title="Alarms about oversight access, the access of many people, and who decides">
            <p>"Requested in the last 7 days."</p>
            <ul data-alarms>{lines}</ul>
            <p class="mt-2"><a href=ListChoice::only(ALARM, RAISED).href(CHANGES.path)>{all}</a></p>
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
        each,
    } = row;
    if count == 1 {
        let (title, href) = newest.link();
        return view! {
            <li>
                <div class="flex flex-wrap items-center gap-x-3">
                    <a href=href>{title}</a>
                    <StatusBadge status=state_status(newest.state) label=newest.state_words() glyph=state_glyph(newest.state) />
                </div>
                <p class="text-muted text-xs">{newest.requester} ", " <Time at=newest.submitted now /></p>
            </li>
        }
        .into_any();
    }
    let title = folded_title(count, &newest.requester, aim);
    let (status, label) = match phase {
        AlarmPhase::Waiting => (Status::Pending, "Waiting for approval"),
        AlarmPhase::Approved => (Status::Info, "Approved or carried out"),
        AlarmPhase::NotCarriedOut => (Status::Off, "Not carried out"),
    };
    view! {
        <li>
            <div class="flex flex-wrap items-center gap-x-3">
                <a href=each.href(CHANGES.path)>{title}</a>
                <StatusBadge status label />
            </div>
            <p class="text-muted text-xs">"Newest: " {newest.title.to_string()} ", " <Time at=newest.submitted now /></p>
        </li>
    }
    .into_any()
}

/// Returns the title of several changes of one requester. The end of temporary oversight access marks its grant.
fn folded_title(count: usize, requester: &str, aim: Aim) -> String {
    let what = match aim {
        Aim::Grant => {
            return format!("{count} grants of oversight access by {requester}, which ended");
        }
        Aim::RemoveAssignments => "assignments",
        Aim::RemoveMemberships => "group memberships",
        Aim::RemoveBoth => "access",
        Aim::Other => "what is not access",
    };
    format!("{count} changes by {requester} that remove {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_of_oversight_access_that_ended_is_not_called_a_removal() {
        assert_eq!(
            folded_title(2, "Maya", Aim::Grant),
            "2 grants of oversight access by Maya, which ended"
        );
        assert_eq!(
            folded_title(2, "Maya", Aim::RemoveBoth),
            "2 changes by Maya that remove access"
        );
    }
}
