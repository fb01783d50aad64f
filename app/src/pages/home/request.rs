//! The form on the home page with which somebody requests access for themselves. It leads to the page of a new change, which
//! shows the preview and submits it.

use leptos::prelude::*;

use crate::{
    backend::NewChange,
    components::{Button, FieldCheck, Section, reason_fields},
    pages::new_change::request_fields,
    routes::FormState,
};

/// The id of the section, to which the button in the header leads.
pub(super) const REQUEST: &str = "request";

/// Renders the section.
pub(super) fn request(new: &NewChange) -> AnyView {
    let fields = request_fields(new);
    view! {
        <div id=REQUEST>
            <Section title="Request access">
                <form method="post" action="/changes/new#preview-result" data-body data-request-form>
                    {fields}
                    {reason_fields(&FormState::default())}
                    <div><Button check=FieldCheck::Skipped>"Preview the request"</Button></div>
                </form>
            </Section>
        </div>
    }
    .into_any()
}
