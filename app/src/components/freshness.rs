//! Whether a page may be believed: nothing read yet, older than it should be, or not read in part. Silent
//! when all is well; the footer has the time then.

use domain::time::Timestamp;
use leptos::prelude::*;

use super::{Notice, Status, Time};
use crate::backend::Freshness;

/// At most so many unread things are named.
const NAMED: usize = 5;

/// Says what is wrong with what is shown, if anything is.
#[component]
pub fn FreshnessNotice(
    /// How fresh and complete it is.
    freshness: Freshness,
    /// The request's instant.
    now: Timestamp,
) -> impl IntoView {
    let Freshness {
        oldest,
        complete_at,
        unread,
        stale,
    } = freshness;
    let Some(oldest) = oldest else {
        return view! {
            <Notice status=Status::Info title="AWS has not been read yet">
                "Nothing below is an all-clear. The first read begins when Leastwise starts, and takes minutes for a large organization."
            </Notice>
        }
        .into_any();
    };
    let partial = (!unread.is_empty()).then(|| {
        let more = unread.len().saturating_sub(NAMED);
        let items = unread.iter().take(NAMED).map(|what| view! { <li>{what.clone()}</li> }).collect_view();
        view! {
            <Notice status=Status::Drift title=format!("{} could not be read", things(unread.len()))>
                "What was known of it before is shown, with its older time."
                <ul>{items} {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}</ul>
            </Notice>
        }
    });
    let stale = stale.then(|| {
        let complete = match complete_at {
            Some(at) => view! { "Everything was last read " <Time at now /> ". " }.into_any(),
            None => "No read has reached the end yet. ".into_any(),
        };
        view! {
            <Notice status=Status::Pending title="This is older than it should be">
                {complete} "The oldest part is from " <Time at=oldest now /> ". AWS may hold something else by now."
            </Notice>
        }
    });
    view! { {stale} {partial} }.into_any()
}

fn things(count: usize) -> String {
    if count == 1 {
        "1 thing".to_owned()
    } else {
        format!("{count} things")
    }
}
