//! The page of a refusal or an error, with the right status. Never shows internal text.

use leptos::prelude::*;

use crate::{backend::Denied, components::PageHeader, routes::Page};

/// The HTTP status of a refusal.
pub fn status(denied: &Denied) -> u16 {
    match denied {
        Denied::Forbidden(_) => 403,
        Denied::NotFound => 404,
        Denied::Conflict(_) => 409,
        Denied::Invalid(_) => 422,
        Denied::Broken => 500,
    }
}

/// The page of a refusal.
pub fn page(denied: Denied, request_id: String) -> Page {
    let (title, text) = match &denied {
        Denied::Forbidden(reason) => ("Not allowed", (*reason).to_owned()),
        Denied::NotFound => (
            "Not found",
            "There is nothing at this address, or you may not see it. Check the link, or go back to the start.".into(),
        ),
        Denied::Conflict(what) => ("Changed meanwhile", what.clone()),
        Denied::Invalid(errors) => (
            "That could not be taken",
            errors.iter().map(|e| e.message.clone()).collect::<Vec<_>>().join(" "),
        ),
        Denied::Broken => (
            "Something is broken here",
            "Nothing was changed that should not be. Try again; if it stays, give the number below to whoever runs Leastwise.".into(),
        ),
    };
    Page::new(title, move || {
        view! {
            <PageHeader title=title />
            <p class="max-w-[72ch]">{text}</p>
            <p class="text-muted text-sm">"Request " <code>{request_id}</code></p>
            <p><a href="/">"Back to the start"</a></p>
        }
        .into_any()
    })
}
