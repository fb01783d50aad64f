//! Mounts `app`'s two tables: every page and every action, each behind its own action's right.
//!
//! A page is drawn in one pass, so that its status, title and policy are known before a byte leaves.
//! An action answers with a redirect to the record; fields that cannot be taken show the form's page
//! again, with what was typed, and status 422.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Answer, Backend, Denied, ReportForm},
    frame::framed,
    pages::error,
    routes::{ACTIONS, ActionRoute, FormState, PAGES, Page, PageRoute, Post, Visit},
    shell::{Appearance, Density, Surroundings, Theme},
};
use axum::{
    Router,
    body::Bytes,
    extract::{RawPathParams, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::authorize::{Action, may};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use url::form_urlencoded;

use super::{
    assets, draft, request_id, return_to::ReturnTo, router::Routes, session::Signed,
    state::HttpState,
};
use crate::{
    clock,
    service::{Service, core::Core},
};

/// What page handlers share.
#[derive(Clone)]
pub struct PageState {
    /// Sessions, policy, settings.
    pub http: HttpState,
    /// What services are bound to.
    pub core: Arc<Core>,
}

/// Every page, every action, and the data that pages read.
pub fn routes(state: &PageState) -> Routes {
    let mut pages = Router::new();
    for route in PAGES {
        pages = pages.route(
            route.path,
            get(move |state, signed, params, uri, headers| {
                show(route, state, signed, params, uri, headers)
            }),
        );
    }
    let pages = pages
        .route("/palette.json", get(palette))
        .route(
            "/reports/production-pci.csv",
            get(|s, w| download(s, w, ReportForm::Csv)),
        )
        .route(
            "/reports/production-pci.json",
            get(|s, w| download(s, w, ReportForm::Json)),
        )
        .route("/events/changes/{id}", get(super::events::change))
        .fallback(nothing_here)
        .with_state(state.clone());
    let mut actions = Router::new();
    for route in ACTIONS {
        actions = actions.route(
            route.path,
            post(move |state, signed, params, headers, body| {
                act(route, state, signed, params, headers, body)
            }),
        );
    }
    let actions = actions
        .route(app::shell::APPEARANCE_ACTION, post(appearance))
        .with_state(state.clone());
    Routes { pages, actions }
}

fn bind(state: &PageState, signed: Signed) -> Arc<dyn Backend> {
    Arc::new(Service::new(
        state.core.clone(),
        signed,
        request_id::current(),
    ))
}

fn params(raw: &RawPathParams) -> BTreeMap<String, String> {
    raw.iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

async fn show(
    route: &'static PageRoute,
    State(state): State<PageState>,
    signed: Signed,
    raw: RawPathParams,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let form = kept(&state, &signed, &uri).await;
    let backend = bind(&state, signed.clone());
    let answer = match may(&signed.actor, route.action) {
        Ok(()) => (route.page)(visit(&backend, params(&raw), &uri, form)).await,
        Err(denial) => Err(Denied::Forbidden(denial.reason())),
    };
    draw(&state, &backend, answer, &uri, &headers).await
}

/// What this person had typed before their session ended.
async fn kept(state: &PageState, signed: &Signed, uri: &Uri) -> FormState {
    let query = query(uri);
    let Some(id) = query.get("draft") else {
        return FormState::default();
    };
    match draft::load(&state.http, signed, id).await {
        Ok(Some(fields)) => FormState {
            values: fields.into_iter().collect(),
            errors: Vec::new(),
        },
        Ok(None) => FormState::default(),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a draft could not be read"
            );
            FormState::default()
        }
    }
}

fn visit(
    backend: &Arc<dyn Backend>,
    params: BTreeMap<String, String>,
    uri: &Uri,
    form: FormState,
) -> Visit {
    Visit {
        backend: backend.clone(),
        params,
        query: query(uri),
        url: address(uri),
        form,
    }
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

fn address(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or_else(|| "/".into(), |text| text.as_str().to_owned())
}

async fn draw(
    state: &PageState,
    backend: &Arc<dyn Backend>,
    answer: Answer<Page>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    match answer {
        Ok(page) => document(state, backend, page, StatusCode::OK, uri, headers).await,
        Err(denied) => {
            let status = StatusCode::from_u16(error::status(&denied))
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let page = error::page(denied, request_id::current());
            document(state, backend, page, status, uri, headers).await
        }
    }
}

async fn document(
    state: &PageState,
    backend: &Arc<dyn Backend>,
    page: Page,
    status: StatusCode,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let Ok(viewer) = backend.viewer().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let nonce = clock::token();
    let around = Surroundings {
        title: String::new(),
        assets: assets::assets(),
        appearance: chosen(headers),
        nonce: nonce.clone(),
        reload: assets::reload(),
    };
    let html = framed(page, &viewer, backend.as_ref(), &address(uri), around);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            state.http.csp().html(&nonce),
        ),
    ];
    (status, headers, html).into_response()
}

async fn nothing_here(
    State(state): State<PageState>,
    signed: Signed,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let backend = bind(&state, signed);
    draw(&state, &backend, Err(Denied::NotFound), &uri, &headers).await
}

async fn act(
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
    if let Err(denial) = may(&signed.actor, route.action) {
        return draw(
            &state,
            &backend,
            Err(Denied::Forbidden(denial.reason())),
            &here,
            &headers,
        )
        .await;
    }
    match (route.run)(post()).await {
        Ok(to) => see_other(&to),
        Err(Denied::Invalid(errors)) => {
            let page = (route.form)(&post());
            let form = FormState {
                values: fields.clone(),
                errors,
            };
            again(&state, &backend, &signed, &page, form, &headers).await
        }
        Err(denied) => draw(&state, &backend, Err(denied), &here, &headers).await,
    }
}

/// Shows the form's page once more, with what was typed and what was wrong with it.
async fn again(
    state: &PageState,
    backend: &Arc<dyn Backend>,
    signed: &Signed,
    page: &str,
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
        Ok(page) => {
            document(
                state,
                backend,
                page,
                StatusCode::UNPROCESSABLE_ENTITY,
                &uri,
                headers,
            )
            .await
        }
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

fn chosen(headers: &HeaderMap) -> Appearance {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut appearance = Appearance::default();
    for (name, value) in cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|one| one.trim().split_once('='))
    {
        match name {
            "theme" => appearance.theme = Theme::parse(value),
            "density" => appearance.density = Density::parse(value),
            _ => {}
        }
    }
    appearance
}

/// Keeps the colours and the density in cookies of a year; no right is needed to choose them.
async fn appearance(_: State<PageState>, _: Signed, headers: HeaderMap, body: Bytes) -> Response {
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

async fn palette(State(state): State<PageState>, signed: Signed) -> Response {
    match bind(&state, signed).palette().await {
        Ok(entries) => axum::Json(entries).into_response(),
        Err(denied) => refused(&denied),
    }
}

async fn download(State(state): State<PageState>, signed: Signed, form: ReportForm) -> Response {
    if may(&signed.actor, Action::SeeReports).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    match bind(&state, signed).access_download(form).await {
        Ok(file) => {
            let name = format!("attachment; filename=\"{}\"", file.name);
            let name =
                HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
            let kind = HeaderValue::from_static(file.media_type);
            (
                [
                    (header::CONTENT_TYPE, kind),
                    (header::CONTENT_DISPOSITION, name),
                ],
                file.body,
            )
                .into_response()
        }
        Err(denied) => refused(&denied),
    }
}

fn refused(denied: &Denied) -> Response {
    StatusCode::from_u16(error::status(denied))
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        .into_response()
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
