//! Runs an action and redirects to the record. Invalid fields show the page of the form again, with the entered values
//! and status 422.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Backend, Denied, FieldError},
    routes::{ActionRoute, FormState, PAGES, Post},
    shell::{Density, Theme},
};
use axum::{
    body::Bytes,
    extract::{RawPathParams, State},
    response::{IntoResponse, Response},
};
use domain::authorize::may;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use url::form_urlencoded;

use super::{
    document::{document, draw},
    pages::{PageState, bind, params, permitted, visit},
    return_to::ReturnTo,
    session::Signed,
};

/// Runs one action of the table.
pub(super) async fn act(
    route: &'static ActionRoute,
    State(state): State<PageState>,
    signed: Signed,
    raw: RawPathParams,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let backend = bind(&state, signed.clone());
    let here = Uri::from_static("/");
    let Some(fields) = fields(&headers, &body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let post = || Post {
        backend: backend.clone(),
        params: params(&raw),
        fields: fields.clone(),
    };
    if let Err(denied) = permitted(&state, &signed, route.action).await {
        return draw(&state, &backend, Err(denied), &here, &headers).await;
    }
    match (route.run)(post()).await {
        Ok(to) => see_other(&to),
        // A person who lost a race keeps their text, too.
        Err(Denied::Conflict(message)) => {
            let errors = vec![FieldError {
                field: "form",
                message,
            }];
            let form = FormState {
                values: fields.clone(),
                errors,
            };
            let page = (route.form)(&post());
            again(
                &state,
                &backend,
                &signed,
                (StatusCode::CONFLICT, &page),
                form,
                &headers,
            )
            .await
        }
        Err(Denied::Invalid(errors)) => {
            let form = FormState {
                values: fields.clone(),
                errors,
            };
            let page = (route.form)(&post());
            let shown = (StatusCode::UNPROCESSABLE_ENTITY, page.as_str());
            again(&state, &backend, &signed, shown, form, &headers).await
        }
        Err(denied) => draw(&state, &backend, Err(denied), &here, &headers).await,
    }
}

/// Renders the page of the form again, with the entered values and their errors.
async fn again(
    state: &PageState,
    backend: &Arc<dyn Backend>,
    signed: &Signed,
    (status, page): (StatusCode, &str),
    form: FormState,
    headers: &HeaderMap,
) -> Response {
    let Ok(uri) = page.parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let errors = form.errors.clone();
    let found = PAGES
        .iter()
        .find_map(|route| Some((route, matched(route.path, uri.path())?)));
    let answer = match found {
        Some((route, params)) if may(&signed.actor, route.action).is_ok() => {
            (route.page)(visit(backend, params, &uri, form)).await
        }
        _ => Err(Denied::Invalid(errors)),
    };
    match answer {
        Ok(page) => document(state, backend, page, status, &uri, headers).await,
        Err(denied) => draw(state, backend, Err(denied), &uri, headers).await,
    }
}

/// The segments that a pattern names in a path, if it fits. Literal patterns come before `{…}` in
/// the table of pages only by chance, so a pattern with fewer names wins: there is one such pair.
fn matched(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    if wanted.len() != given.len() {
        return None;
    }
    let mut params = BTreeMap::new();
    for (want, got) in wanted.into_iter().zip(given) {
        match want
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => drop(params.insert(name.to_owned(), got.to_owned())),
            None if want == got => {}
            None => return None,
        }
    }
    Some(params)
}

/// The fields of a form, or nothing if it is no form or names a field twice.
fn fields(headers: &HeaderMap, body: &Bytes) -> Option<BTreeMap<String, String>> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        if fields.insert(name, value).is_some() {
            return None;
        }
    }
    Some(fields)
}

fn see_other(to: &str) -> Response {
    let location = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Stores theme and density in cookies for a year. Requires no right.
pub(super) async fn appearance(
    _: State<PageState>,
    _: Signed,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(fields) = fields(&headers, &body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let back = ReturnTo::parse(fields.get("back").map_or("/", String::as_str));
    let mut response = see_other(back.as_str());
    let theme = fields
        .get("theme")
        .map(|value| ("theme", Theme::parse(value).name()));
    let density = fields
        .get("density")
        .map(|value| ("density", Density::parse(value).name()));
    for (name, value) in [theme, density].into_iter().flatten() {
        let cookie =
            format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax; Secure; HttpOnly");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_names_a_field_twice_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        assert!(fields(&headers, &Bytes::from_static(b"a=1&a=2")).is_none());
        assert_eq!(
            fields(&headers, &Bytes::from_static(b"a=1&b=2"))
                .unwrap()
                .len(),
            2
        );
    }

    #[test]
    fn every_form_leads_back_to_a_page_of_the_table() {
        assert_eq!(matched("/changes/{id}", "/changes/7").unwrap()["id"], "7");
        assert!(matched("/changes/new", "/changes/7").is_none());
    }
}
