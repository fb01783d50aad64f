//! How long role sessions of a permission set last, in the form of a new change and below its preview. Displays durations
//! and never compares them.

use leptos::prelude::*;

use super::{Notice, Status, cure_line};
use crate::backend::SessionOverrun;

/// The hint of the field for the permission set, whose options name the duration.
pub const SESSION_HINT: &str =
    "A session that starts just before the access ends lasts its full length.";

/// That a session can last longer than the access and outlast it by its whole length, with the cure, before any policy is
/// evaluated.
#[component]
pub fn SessionOverrunNotice(overrun: SessionOverrun) -> impl IntoView {
    let SessionOverrun {
        set,
        session,
        access,
        shorter,
    } = overrun;
    let (lasts, ends) = (session.words(), access.words());
    let found = format!(
        "{set} allows sessions of {lasts}, and this access lasts {ends}. AWS ends no session early, not even one that starts just before the access ends."
    );
    let cure = shorter.map(|shorter| {
        let shorter = shorter.words();
        let cure = format!(
            "If the access must end sooner, first set the session duration of {set} to {shorter} in IAM Identity Center."
        );
        cure_line(cure)
    });
    view! {
        <Notice status=Status::Pending title=format!("A session can outlast this access by {lasts}")>
            <p>{found}</p>
            {cure}
        </Notice>
    }
    .into_any()
}

/// Renders how long a role session can outlive the access; `said` says it of a duration.
pub fn session_tail(seconds: u32, said: impl Fn(&str) -> String) -> Option<AnyView> {
    let text = said(&length(seconds)?);
    Some(view! { <p class="mb-6 max-w-[72ch] text-muted">{text}</p> }.into_any())
}

fn length(seconds: u32) -> Option<String> {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (0, 0) => None,
        (0, minutes) => Some(format!("{minutes} minutes")),
        (1, 0) => Some("1 hour".into()),
        (hours, 0) => Some(format!("{hours} hours")),
        (hours, minutes) => Some(format!("{hours} h {minutes} min")),
    }
}
