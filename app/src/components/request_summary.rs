//! Who asks for a change, why, by which ticket, and until when: what a decider reads first.

use domain::{grant::Term, time::Timestamp};
use leptos::prelude::*;

use super::{Definition, DefinitionList, Time, disabled_notice, term_words};
use crate::backend::{ChangeView, GrantEnd, ItemProgress};

/// Renders the summary as a card.
pub fn request_summary(view: &ChangeView, now: Timestamp) -> AnyView {
    let (row, preview) = (&view.row, &view.preview);
    let (submitted, requester) = (row.submitted, row.requester.clone());
    let (justification, ticket) = (view.justification.clone(), view.ticket.clone());
    let words = row.requester.split_whitespace().take(2);
    let initials: String = words.filter_map(|word| word.chars().next()).collect();
    let initials = initials.to_uppercase();
    let until = until(view);
    let start = preview
        .not_before
        .map(|at| format!("{} UTC, not earlier", at.minute()));
    let review = preview.review_on.map(|date| date.to_string());
    view! {
        <section data-card data-request aria-labelledby="request">
            <div data-body>
                <div data-asks>
                    <span data-avatar aria-hidden="true">{initials}</span>
                    <h2 id="request">{requester} <span class="text-muted font-normal">" asked for this " <Time at=submitted now /></span></h2>
                </div>
                <blockquote data-why><span class="sr-only">"Justification: "</span>{justification}</blockquote>
                <DefinitionList>
                    <Definition term="Ticket">{ticket.unwrap_or_else(|| "None".into())}</Definition>
                    {start.map(|start| view! { <Definition term="Start">{start}</Definition> })}
                    {until.map(|until| view! { <Definition term="Duration">{until}</Definition> })}
                    {review.map(|date| view! { <Definition term="Review date">{date}</Definition> })}
                </DefinitionList>
            </div>
        </section>
        {disabled_notice(&preview.disabled)}
    }
    .into_any()
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
