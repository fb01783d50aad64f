//! The position in a list, and links to the previous and next page.

use leptos::prelude::*;

use super::LinkButton;

/// The range and total of the rows, with links to other pages if there are any.
#[component]
pub fn Pagination(
    /// The number of the first row shown, from 1; 0 if there is none.
    first: u64,
    /// The number of the last row shown.
    last: u64,
    /// Rows in the whole list.
    total: u64,
    /// The noun for the rows, such as "accounts".
    #[prop(into)]
    noun: String,
    /// The URL of the previous page, if any.
    previous: Option<String>,
    /// The URL of the next page, if any.
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
