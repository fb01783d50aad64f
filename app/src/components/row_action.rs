//! The action of a row. Its accessible name says what it acts on; if it would always be refused, the reason stands in its
//! place.

use leptos::prelude::*;

use crate::backend::Refused;

/// A link to a form, or why there is none.
#[component]
pub fn RowAction(
    /// What it does, such as "Remove".
    label: &'static str,
    /// What it acts on, after the label: "Remove" and "`ReadOnly` from Ann".
    object: String,
    href: String,
    /// Why the form would always refuse it: a short reason and all of it.
    refused: Option<Refused>,
) -> impl IntoView {
    let name = format!("{label} {object}");
    match refused {
        None => view! { <a href=href data-kind="quiet" aria-label=name>{label}</a> }.into_any(),
        Some(Refused { title, reason }) => {
            let name = format!("{name}. Not possible: {reason}");
            view! {
                <span data-refused>
                    <button type="button" data-kind="quiet" aria-disabled="true" aria-label=name>{label}</button>
                    <span data-reason title=reason>{title}</span>
                </span>
            }
            .into_any()
        }
    }
}

/// As [`RowAction`], where the page says once why some are not possible: the reason is read out and is the title.
#[component]
pub fn ShortRowAction(
    label: &'static str,
    object: String,
    href: String,
    refused: Option<Refused>,
) -> impl IntoView {
    let name = format!("{label} {object}");
    match refused {
        None => {
            view! { <a href=href data-kind="quiet" aria-label=name.clone() title=name>{label}</a> }
                .into_any()
        }
        Some(Refused { title, reason }) => {
            let name = format!("{name}. Not possible: {reason}");
            view! {
                <span data-refused>
                    <button type="button" data-kind="quiet" aria-disabled="true" aria-label=name title=title>{label}</button>
                </span>
            }
            .into_any()
        }
    }
}
