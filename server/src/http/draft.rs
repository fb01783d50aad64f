//! What somebody had typed when their session ended, kept for the same subject and given back.
//!
//! Only fields that the form's entry names are kept, so that nothing secret lands in the database by
//! accident. Without a session that once was there is nobody to keep it for, and nothing is written.

use axum::{body::Body, extract::Request};
use domain::person::Subject;
use http::header;

use super::{error::HttpError, return_to::ReturnTo, session::Signed, state::HttpState};
use crate::{
    clock,
    store::{StoreError, draft as rows, draft::Fields},
};

/// A form whose text is worth keeping.
#[derive(Debug, Clone, Copy)]
pub struct DraftForm {
    /// Where it is sent, such as `/do/submit-change`.
    pub action: &'static str,
    /// The page it is on. `{field}` stands for the value of that field.
    pub page: &'static str,
    /// The fields to keep. Never a secret.
    pub fields: &'static [&'static str],
}

/// Keeps a form that came without a session, and says where to come back to.
pub(super) async fn keep(
    state: &HttpState,
    request: Request,
    ended: Option<&Subject>,
) -> Result<ReturnTo, HttpError> {
    let (parts, body) = request.into_parts();
    let Some(form) = state
        .settings
        .forms
        .iter()
        .find(|form| form.action == parts.uri.path())
    else {
        let referer = parts
            .headers
            .get(header::REFERER)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        return Ok(ReturnTo::of_url(referer, &state.settings.public_base));
    };
    let fields = read(state, form, body).await?;
    let page = fill(form, &fields);
    let Some(subject) = ended else {
        return Ok(ReturnTo::parse(&page));
    };
    let id = clock::row_id();
    let mut tx = state.store.write().await?;
    rows::save_draft(
        &mut tx,
        &id,
        subject,
        form.action,
        &fields,
        state.clock.now(),
    )
    .await?;
    tx.commit().await?;
    let joint = if page.contains('?') { '&' } else { '?' };
    Ok(ReturnTo::parse(&format!("{page}{joint}draft={id}")))
}

async fn read(state: &HttpState, form: &DraftForm, body: Body) -> Result<Fields, HttpError> {
    let bytes = axum::body::to_bytes(body, state.settings.limits.body)
        .await
        .map_err(|_| HttpError::TooLarge)?;
    Ok(url::form_urlencoded::parse(&bytes)
        .filter(|(name, _)| form.fields.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect())
}

/// A field that did not come is left empty, so that no placeholder ever reaches the browser.
fn fill(form: &DraftForm, fields: &Fields) -> String {
    form.fields.iter().fold(form.page.to_owned(), |page, name| {
        let value = fields.iter().find(|(given, _)| given == name);
        let value = value.map_or("", |(_, value)| value.as_str());
        let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        page.replace(&format!("{{{name}}}"), &encoded)
    })
}

/// Gives back what this person had typed: for a page that is opened with `?draft=ID`. Nothing for an
/// unknown draft, an old one, or somebody else's.
pub async fn load(
    state: &HttpState,
    signed: &Signed,
    draft: &str,
) -> Result<Option<Fields>, StoreError> {
    rows::draft(&state.store, draft, &signed.subject, state.clock.now()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: DraftForm = DraftForm {
        action: "/do/x",
        page: "/x/{id}?kind={kind}",
        fields: &["id", "kind", "text"],
    };

    fn filled(fields: &[(&str, &str)]) -> String {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        fill(&FORM, &fields.collect())
    }

    #[test]
    fn the_page_names_what_the_form_was_about() {
        assert_eq!(
            filled(&[("id", "7"), ("kind", "grant"), ("text", "long")]),
            "/x/7?kind=grant"
        );
    }

    #[test]
    fn what_did_not_come_is_empty_and_what_came_cannot_change_the_page() {
        assert_eq!(
            filled(&[("id", "../y?z={kind}&/#")]),
            "/x/..%2Fy%3Fz%3D%7Bkind%7D%26%2F%23?kind="
        );
    }
}
