//! How long role sessions of a permission set last, in the form of a new change and in its preview. Displays durations and never
//! compares them.

use domain::{
    grant::{LONGEST_IN_PRODUCTION_PCI, Term},
    time::Duration,
};
use leptos::prelude::*;

use super::{Notice, Status, cure_line, short_duration};
use crate::backend::{Preview, SessionOverrun};

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
    let cure = shorter.map(|shorter| shorter_sessions(&set, shorter));
    view! {
        <Notice status=Status::Pending title=format!("A session can outlast this access by {lasts}")>
            <p>{found}</p>
            {cure}
        </Notice>
    }
    .into_any()
}

/// Renders how sessions of a permission set become shorter.
pub fn shorter_sessions(set: &str, shorter: Duration) -> AnyView {
    cure_line(format!(
        "If the access must end sooner, first set the session duration of {set} to {} in IAM Identity Center.",
        shorter.words()
    ))
}

/// Returns until when the last session with access can last.
pub fn last_session(term: Term, session: Duration) -> String {
    match term {
        Term::For(window) => format!(
            "Access ends after {}. A session that starts in the last minute can last until {} after the start.",
            window.words(),
            Duration(window.0 + session.0).words()
        ),
        Term::Standing => format!(
            "A session can stay usable for up to {} after the access is removed.",
            session.words()
        ),
    }
}

/// Returns how long access and the last session in it take together, and how long they may; none if it does not end, or not at once.
pub fn with_last_session(preview: &Preview) -> Option<String> {
    let session = Duration::seconds(i64::from(preview.session_seconds));
    match preview.only_term()? {
        Term::For(window) if session.0 > 0 => Some(sum_words(window, session)),
        Term::For(_) | Term::Standing => None,
    }
}

fn sum_words(window: Duration, session: Duration) -> String {
    format!(
        "{} of access + {} of session = {}. At most {} are allowed in production PCI.",
        short_duration(window),
        short_duration(session),
        short_duration(Duration(window.0 + session.0)),
        short_duration(LONGEST_IN_PRODUCTION_PCI)
    )
}

/// Returns how long a session can outlast access that ends, or that somebody removes.
pub fn session_tail(session: Duration) -> String {
    format!(
        "An open session can stay usable up to {} after that.",
        session.words()
    )
}

/// Returns how long a session can outlast access that a change removes.
pub fn session_after(session: Duration) -> String {
    format!(
        "An open session can stay usable up to {} after the removal.",
        session.words()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_and_the_last_session_are_one_sum() {
        let hours = Duration::hours;
        assert_eq!(
            sum_words(hours(1), hours(8)),
            "1 h of access + 8 h of session = 9 h. At most 4 h are allowed in production PCI."
        );
    }

    #[test]
    fn the_last_session_begins_at_the_end_of_the_access() {
        let hours = Duration::hours;
        assert_eq!(
            last_session(Term::For(hours(1)), hours(8)),
            "Access ends after 1 hour. A session that starts in the last minute can last until 9 hours after the start."
        );
        assert_eq!(
            last_session(Term::Standing, hours(8)),
            "A session can stay usable for up to 8 hours after the access is removed."
        );
    }
}
