//! How long a role session of the selected permission set lasts, beside the selected duration of the access. Words for
//! the form only: whether such access is allowed is decided by the policies.

use app::backend::{ChangeForm, SessionOverrun, SessionView};
use domain::{permission_set::PermissionSet, snapshot::Snapshot, time::Duration};

use super::descriptions::length_words;

/// Returns the session duration of the permission set that a form grants, if it is known. `change_form` holds ids.
pub(super) fn of_form(snapshot: &Snapshot, change_form: &ChangeForm) -> Option<SessionView> {
    let set = snapshot.set_by_key(&change_form.set)?;
    let window = change_form.term.parse::<u16>().ok();
    let window = window.map(|minutes| Duration::minutes(i64::from(minutes)));
    Some(SessionView {
        length: words(set),
        overrun: window.and_then(|window| overrun(set, window)),
    })
}

/// Formats the maximum duration of a session of a permission set.
pub(super) fn words(set: &PermissionSet) -> String {
    length_words(length(set))
}

fn length(set: &PermissionSet) -> Duration {
    Duration::seconds(i64::from(set.content.session_seconds))
}

fn overrun(set: &PermissionSet, window: Duration) -> Option<SessionOverrun> {
    let session = length(set);
    if session <= window {
        return None;
    }
    let (name, lasts, ends) = (&set.name, length_words(session), length_words(window));
    Some(SessionOverrun {
        by: length_words(Duration(session.0 - window.0)),
        found: format!(
            "{name} allows sessions of {lasts}, and this access lasts {ends}. AWS does not end a session early."
        ),
        cure: format!(
            "Select a duration of at least {lasts}. If policies allow no access of that length, first set the session duration of {name} to at most {ends} in IAM Identity Center."
        ),
    })
}
