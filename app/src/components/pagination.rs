//! Which part of a list is on the page, and links to the parts before and after it.

use leptos::prelude::*;

use super::LinkButton;

/// Nothing when everything is on one page but the count.
#[component]
pub fn Pagination(
    /// The number of the first row shown, from 1; 0 when there is none.
    first: u64,
    /// The number of the last row shown.
    last: u64,
    /// Rows in the whole list.
    total: u64,
    /// "accounts".
    #[prop(into)]
    noun: String,
    /// The page before, unless this is the first.
    previous: Option<String>,
    /// The page after, unless this is the last.
    next: Option<String>,
) -> impl IntoView {
    let words = match total {
        0 => format!("No {noun}"),
        _ if first <= 1 && last >= total => format!("{total} {noun}"),
        _ => format!("{first} to {last} of {total} {noun}"),
    };
    let alone = previous.is_none() && next.is_none();
    let step = |href: Option<String>, word: &'static str| {
        href.map(|href| view! { <LinkButton href>{word}</LinkButton> })
    };
    view! {
        <nav data-pagination aria-label=format!("Pages of {noun}")>
            <p>{words}</p>
            {(!alone)
                .then(|| {
                    view! {
                        <div>
                            {step(previous, "Previous")}
                            {step(next, "Next")}
                        </div>
                    }
                })}
        </nav>
    }
    .into_any()
}
