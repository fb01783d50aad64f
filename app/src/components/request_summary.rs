//! Who asks for a change, why, by which ticket, and until when: what a decider reads first.

use domain::{
    change::State,
    grant::Term,
    time::{Duration, Timestamp},
};
use leptos::prelude::*;

use super::{
    AbsoluteTime, Definition, DefinitionList, StatedTime, disabled_notice, session_after,
    session_tail, term_words,
};
use crate::backend::{ChangeView, GrantEnd, ItemProgress};

/// Renders the summary as a card.
pub fn request_summary(view: &ChangeView, now: Timestamp) -> AnyView {
    let (row, preview) = (&view.row, &view.preview);
    let (submitted, requester) = (row.submitted, row.requester.clone());
    let (justification, ticket) = (view.justification.clone(), view.ticket.clone());
    let words = row.requester.split_whitespace().take(2);
    let initials: String = words.filter_map(|word| word.chars().next()).collect();
    let initials = initials.to_uppercase();
    // What is over was asked for at a time; how long ago counts as long as somebody waits.
    let at = if row.state.is_terminal() {
        view! { <AbsoluteTime at=submitted now /> }.into_any()
    } else {
        view! { <StatedTime at=submitted now /> }.into_any()
    };
    let until = until(view);
    let stands = preview.only_term() == Some(Term::Standing);
    let stands = stands.then_some("");
    let session = session_of(view);
    let (tail, after) = match (&until, session) {
        (Some(_), Some(session)) => (Some(session_tail(session)), None),
        (None, Some(session)) => (None, Some(session_after(session))),
        (_, None) => (None, None),
    };
    let tail = tail.map(|words| view! { <p data-hint>{words}</p> });
    let start = preview
        .not_before
        .map(|at| format!("{} UTC, not earlier", at.minute()));
    let review = preview.review_on.map(|date| date.to_string());
    view! {
        <section data-card data-request aria-labelledby="request">
            <div data-body>
                <div data-asks>
                    <span data-avatar aria-hidden="true">{initials}</span>
                    <h2 id="request">{requester} <span class="text-muted font-normal">" asked for this at " {at}</span></h2>
                </div>
                <blockquote data-why><span class="sr-only">"Justification: "</span>{justification}</blockquote>
                <DefinitionList>
                    {until.map(|until| view! { <Definition term="Duration"><span data-stands=stands>{until}</span> {tail}</Definition> })}
                    {start.map(|start| view! { <Definition term="Start">{start}</Definition> })}
                    <Definition term="Ticket">{ticket.unwrap_or_else(|| "None".into())}</Definition>
                    {after.map(|words| view! { <Definition term="Sessions">{words}</Definition> })}
                    {review.map(|date| view! { <Definition term="Review date">{date}</Definition> })}
                </DefinitionList>
            </div>
        </section>
        {disabled_notice(&preview.disabled)}
    }
    .into_any()
}

/// Returns how long sessions can outlast what a change does; none if it does nothing to access, or was not carried out.
fn session_of(view: &ChangeView) -> Option<Duration> {
    let length = Duration::seconds(i64::from(view.preview.session_seconds));
    let never = matches!(
        view.row.state,
        State::Refused | State::Declined | State::Expired | State::Withdrawn
    );
    (!never && length.0 > 0).then_some(length)
}

/// Returns how long the access lasts; none if nobody gains any.
fn until(view: &ChangeView) -> Option<String> {
    let mut ends = view.operations.iter().filter_map(|row| match row.progress {
        ItemProgress::Granted {
            end: GrantEnd::Until(until),
            ..
        } => Some(until),
        _ => None,
    });
    let first = ends.next();
    if let Some(until) = first.filter(|first| ends.all(|other| other == *first)) {
        return Some(format!("Until {} UTC", until.minute()));
    }
    let mut terms = view.preview.gained.iter().filter_map(|row| row.term);
    let first = terms.next()?;
    if terms.any(|other| other != first) {
        return Some("Different for each path, see below".to_owned());
    }
    Some(match first {
        Term::Standing => "Standing (until removed)".to_owned(),
        Term::For(_) => format!(
            "{} from when it is applied",
            capitalized(&term_words(first))
        ),
    })
}

/// Starts words with a capital letter.
pub fn capitalized(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
