//! How long a role session of the selected permission set lasts, beside the selected duration of the access. For the form only:
//! whether such access is allowed is decided by the policies.

use app::backend::{ChangeForm, SessionOverrun, SessionView};
use domain::{
    grant::SHORTEST_SESSION, permission_set::PermissionSet, snapshot::Snapshot, time::Duration,
};

/// Returns the session duration of the permission set that a form grants, if it is known. `change_form` holds ids.
pub(super) fn of_form(snapshot: &Snapshot, change_form: &ChangeForm) -> Option<SessionView> {
    let set = snapshot.set_by_key(&change_form.set)?;
    let window = change_form.term.parse::<u16>().ok();
    let window = window.map(|minutes| Duration::minutes(i64::from(minutes)));
    Some(SessionView {
        overrun: window.and_then(|window| overrun(set, window)),
    })
}

/// Formats the maximum duration of a session of a permission set.
pub(super) fn words(set: &PermissionSet) -> String {
    length(set).words()
}

fn length(set: &PermissionSet) -> Duration {
    Duration::seconds(i64::from(set.content.session_seconds))
}

fn overrun(set: &PermissionSet, window: Duration) -> Option<SessionOverrun> {
    let session = length(set);
    if session <= window {
        return None;
    }
    Some(SessionOverrun {
        set: set.name.clone(),
        session,
        access: window,
        shorter: (session > SHORTEST_SESSION).then_some(SHORTEST_SESSION),
    })
}
