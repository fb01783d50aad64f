//! Says how many entries the ledger has gained since the page was made. The rows stay where they are: whoever reads them
//! loads the new ones by the link.

use leptos::prelude::*;

use super::event_stream::follow;

/// A link that reads the page again.
#[island]
pub fn NewEntries(
    /// The URL of the event stream, whose messages are the number of entries.
    url: String,
    /// The number of entries when the page was made.
    size: u64,
    /// The address of the newest entries.
    newest: String,
) -> impl IntoView {
    let (now, set_now) = signal(size);
    Effect::new(move |_| {
        follow(url.clone(), move |data: &str| {
            if let Ok(now) = data.parse() {
                set_now.set(now);
            }
        });
    });
    let words = move || match now.get().saturating_sub(size) {
        0 => String::new(),
        1 => "1 new entry".to_owned(),
        some => format!("{some} new entries"),
    };
    view! {
        <span role="status">
            <a href=newest hidden=move || now.get() <= size>{words}</a>
        </span>
    }
}
