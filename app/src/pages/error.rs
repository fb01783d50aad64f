//! The page of a refusal or an error, with the right status. Never shows internal text.

use leptos::prelude::*;

use crate::{
    backend::Denied,
    components::{Glyph, LinkButton, PageHeader},
    routes::Page,
};

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
        Denied::Forbidden(reason) => (
            "Not allowed",
            format!("{reason} If you need it for your work, ask an administrator of Leastwise."),
        ),
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
            <div class="grid gap-4 max-w-[64ch]">
                <p>{text}</p>
                <p><LinkButton href="/" icon=Glyph::Home>"Back to the start"</LinkButton></p>
                <p class="text-muted text-xs">"Request " <code>{request_id}</code></p>
            </div>
        }
        .into_any()
    })
}
