//! Runs an action and redirects to the record, or shows what a form would do. Invalid fields show the page of the form again, with the entered values
//! and status 422.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use app::{
    backend::{Backend, Denied, FORM, FieldError},
    pages::error,
    routes::{ActionRoute, FormState, PAGES, PageRoute, Post, PreviewRoute, Sent},
    shell::{Density, Theme},
};
use axum::{
    body::Bytes,
    extract::{RawPathParams, State},
    response::{IntoResponse, Response},
};
use domain::authorize::may;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use super::{
    document::{document, draw, retry_after, status_of},
    form::fields,
    pages::{PageState, bind_to_latest, params, permitted, visit},
    return_to::ReturnTo,
    saved_form::{self, FormRoute},
    session::{self, SignedIn},
};

/// Runs one action of the table.
pub(super) async fn act(
    route: &'static ActionRoute,
    State(state): State<PageState>,
    signed: SignedIn,
    raw: RawPathParams,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let backend = bind_to_latest(&state, &signed).await;
    let here = Uri::from_static("/");
    let Some(fields) = fields(&headers, &body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let sent = Sent {
        params: params(&raw),
        fields,
    };
    if let Err(denied) = permitted(&state, &signed, route.action).await {
        return draw(&state, &backend, Err(denied), &here, &headers).await;
    }
    let post = Post {
        backend: backend.clone(),
        sent: sent.clone(),
    };
    match (route.run)(post).await {
        Ok(to) => see_other(&to),
        Err(Denied::SignInAgain) => {
            match saved_form::save(
                &state.http,
                FormRoute::Action(route),
                &sent,
                &signed.subject,
            )
            .await
            {
                Ok(return_to) => session::sign_in_again(&return_to),
                Err(error) => error.into_response(),
            }
        }
        // What passes by itself, and a conflict with another request, keep the entered text as well.
        Err(denied @ (Denied::Conflict(_) | Denied::TooMany { .. } | Denied::Busy(_))) => {
            let page = (route.form)(&sent);
            let form = FormState {
                values: sent.fields,
                errors: vec![FieldError {
                    field: FORM,
                    message: error::words(&denied).1,
                }],
                ..FormState::default()
            };
            let shown = (status_of(&denied), page.as_str());
            let response = again(&state, &backend, &signed, shown, form, &headers).await;
            retry_after(&denied, response)
        }
        Err(Denied::Invalid(errors)) => {
            let page = (route.form)(&sent);
            let form = FormState {
                values: sent.fields,
                errors,
                ..FormState::default()
            };
            let shown = (StatusCode::UNPROCESSABLE_ENTITY, page.as_str());
            again(&state, &backend, &signed, shown, form, &headers).await
        }
        Err(denied) => draw(&state, &backend, Err(denied), &here, &headers).await,
    }
}

/// Shows what a form would do. Nothing is written, and a refresh sends the same form again.
pub(super) async fn preview(
    route: &'static PreviewRoute,
    State(state): State<PageState>,
    signed: SignedIn,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let backend = bind_to_latest(&state, &signed).await;
    let Some(values) = fields(&headers, &body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let form = FormState {
        values,
        ..FormState::default()
    };
    let answer = match permitted(&state, &signed, route.action).await {
        Ok(()) => (route.page)(visit(&backend, BTreeMap::new(), &uri, form)).await,
        Err(denied) => Err(denied),
    };
    draw(&state, &backend, answer, &uri, &headers).await
}

/// Renders the page of the form again, with the entered values and their errors.
async fn again(
    state: &PageState,
    backend: &Arc<dyn Backend>,
    signed: &SignedIn,
    (status, page): (StatusCode, &str),
    form: FormState,
    headers: &HeaderMap,
) -> Response {
    let Ok(uri) = page.parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let errors = form.errors.clone();
    let answer = match page_at(uri.path()) {
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

/// Returns the page at a path, and the named segments of the path.
fn page_at(path: &str) -> Option<(&'static PageRoute, BTreeMap<String, String>)> {
    static TABLE: LazyLock<matchit::Router<&'static PageRoute>> = LazyLock::new(|| {
        let mut table = matchit::Router::new();
        for route in PAGES {
            let added = table.insert(route.path, route);
            added.expect("axum accepts the same patterns");
        }
        table
    });
    let found = TABLE.at(path).ok()?;
    let params = found.params.iter();
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some((*found.value, params.collect()))
}

fn see_other(to: &str) -> Response {
    let location = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Stores theme and density in cookies for a year. Requires no right.
pub(super) async fn appearance(
    _: State<PageState>,
    _: SignedIn,
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
    use app::routes::{ACTIONS, PREVIEWS};

    use super::*;

    #[test]
    fn every_form_leads_back_to_a_page_of_the_table() {
        for (path, pattern) in [
            ("/changes/7", "/changes/{id}"),
            ("/changes/new", "/changes/new"),
            ("/", "/"),
        ] {
            assert_eq!(page_at(path).unwrap().0.path, pattern);
        }
        assert_eq!(page_at("/changes/7").unwrap().1["id"], "7");
        assert!(page_at("/changes/7/more").is_none() && page_at("/nowhere").is_none());
        for preview in PREVIEWS {
            assert!(page_at(preview.path).is_some(), "{}", preview.path);
        }
        for action in ACTIONS {
            let page = (action.form)(&Sent::default());
            let uri: Uri = page.parse().unwrap();
            assert!(page_at(uri.path()).is_some(), "{}: {page}", action.path);
        }
    }
}
