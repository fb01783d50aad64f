//! The viewer's newest changes on the home page, with the form that requests a finished one again.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::MyRequest,
    components::{RecentChange, Section},
};

/// Renders the section. `proposes` is the right to request something.
pub(super) fn my_requests(
    requests: Vec<MyRequest>,
    proposes: MayPropose,
    now: Timestamp,
) -> AnyView {
    let count = requests.len();
    let lines = requests
        .into_iter()
        .map(|MyRequest { row, again }| {
            let title = row.link().0;
            let again = again.filter(|_| proposes == MayPropose::Yes).map(|form| {
                view! { <a href=form.href() class="text-xs whitespace-nowrap">"Request again"<span class="sr-only">": " {title}</span></a> }
            });
            view! { <RecentChange change=row now>{again}</RecentChange> }
        })
        .collect_view();
    let body = if count == 0 {
        view! { <p data-note><b>"You have no requests."</b>" Changes that you request appear here."</p> }
            .into_any()
    } else {
        view! {
            <ul data-lines>{lines}</ul>
            <p data-more><a href="/changes?requester=me">"All your requests"</a></p>
        }
        .into_any()
    };
    let detail = if count == 0 {
        String::new()
    } else {
        count.to_string()
    };
    view! { <Section title="My requests" detail>{body}</Section> }.into_any()
}

/// Whether the viewer may request something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MayPropose {
    Yes,
    No,
}
