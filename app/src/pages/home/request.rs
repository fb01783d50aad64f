//! The form on the home page with which somebody requests access for themselves. It leads to the page of a new change, which
//! shows the preview and submits it.

use leptos::prelude::*;

use crate::{
    backend::NewChange,
    components::{Button, ButtonKind, FieldCheck, Section, reason_fields},
    pages::new_change::request_fields,
    routes::FormState,
};

/// Renders the section.
pub(super) fn request(new: &NewChange) -> AnyView {
    let fields = request_fields(new);
    view! {
        <Section title="Request access">
            <form method="post" action="/changes/new#preview-result" data-body>
                {fields}
                {reason_fields(&FormState::default())}
                <Button kind=ButtonKind::Primary check=FieldCheck::Skipped>"Preview the request"</Button>
            </form>
        </Section>
    }
    .into_any()
}
