//! A notice for data that is missing, stale or incomplete. Renders nothing for fresh and complete data; the footer
//! shows the time of the read.

use domain::time::Timestamp;
use leptos::prelude::*;

use super::{AbsoluteTime, Notice, Status};
use crate::backend::Freshness;

/// The maximum number of unread resources listed.
const NAMED: usize = 5;

/// A notice about missing, stale or incomplete data, if any.
#[component]
pub fn FreshnessNotice(
    freshness: Freshness,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let Freshness {
        oldest,
        complete_at,
        unread,
        never_read,
        stale,
        ..
    } = freshness;
    let Some(oldest) = oldest else {
        return view! {
            <Notice status=Status::Info title="AWS has not been read yet">
                "No data has been loaded, so empty lists below do not mean that no access exists. The first read starts together with Leastwise and takes a few minutes for a large organization."
            </Notice>
        }
        .into_any();
    };
    let partial = (!unread.is_empty()).then(|| {
        let more = unread.len().saturating_sub(NAMED);
        let items = unread.iter().take(NAMED).map(|what| view! { <li>{what.clone()}</li> }).collect_view();
        view! {
            <Notice status=Status::Drift title=format!("{} could not be read", things(unread.len()))>
                {in_place(never_read.len(), unread.len())}
                <ul>{items} {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}</ul>
            </Notice>
        }
    });
    let stale = stale.then(|| {
        let complete = match complete_at {
            Some(at) => view! { "Everything was last read " <AbsoluteTime at now /> ". " }.into_any(),
            None => "No complete read has finished yet. ".into_any(),
        };
        view! {
            <Notice status=Status::Pending title="This data is out of date">
                {complete} "The oldest part was read " <AbsoluteTime at=oldest now /> ". Access in AWS may have changed since."
            </Notice>
        }
    });
    view! { {stale} {partial} }.into_any()
}

/// Says what is shown in place of what could not be read.
fn in_place(never: usize, unread: usize) -> &'static str {
    match never {
        0 => "The last known data is shown, with the time of its read.",
        some if some >= unread => {
            "None of it was ever read, so nothing is known of it, and numbers that rest on it are not shown."
        }
        _ => {
            "The last known data is shown, with the time of its read. Part of it was never read, and numbers that rest on that are not shown."
        }
    }
}

fn things(count: usize) -> String {
    if count == 1 {
        "1 resource".to_owned()
    } else {
        format!("{count} resources")
    }
}
