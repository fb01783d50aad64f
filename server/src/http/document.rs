//! Renders a page as a response: its status, its policy with a new nonce, and its text in one piece.

use std::sync::Arc;

use app::{
    backend::{Backend, Denied, PortResult},
    frame::framed,
    pages::error,
    routes::Page,
    shell::{Appearance, Density, Surroundings, Theme},
};
use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use super::{assets, error::Verbatim, pages::PageState, request_id};
use crate::clock;

/// Renders a page, or the error page of a refusal.
pub(super) async fn draw(
    state: &PageState,
    backend: &Arc<dyn Backend>,
    answer: PortResult<Page>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    match answer {
        Ok(page) => document(state, backend, page, StatusCode::OK, uri, headers).await,
        Err(denied) => {
            // The page is shown without names if they cannot be read.
            let helpers = if error::needs_administrator(&denied) {
                backend.administrators().await.unwrap_or_default()
            } else {
                Vec::new()
            };
            let page = error::page(&denied, &helpers, request_id::current());
            let response = document(state, backend, page, status_of(&denied), uri, headers).await;
            retry_after(&denied, response)
        }
    }
}

/// Renders a page with a status.
pub(super) async fn document(
    state: &PageState,
    backend: &Arc<dyn Backend>,
    page: Page,
    status: StatusCode,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let viewer = match backend.viewer().await {
        Ok(viewer) => viewer,
        Err(denied) => return refused(&denied),
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

/// Returns the refusal of a request for data, or of a page that cannot be framed.
pub(super) fn refused(denied: &Denied) -> Response {
    if let Denied::Conflict(reason) = denied {
        return (
            StatusCode::CONFLICT,
            Extension(Verbatim),
            format!("{reason}\n"),
        )
            .into_response();
    }
    status_of(denied).into_response()
}

/// States when the same request may succeed, if that is known.
pub(super) fn retry_after(denied: &Denied, mut response: Response) -> Response {
    if let Some(seconds) = denied.retry_after() {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

pub(super) fn status_of(denied: &Denied) -> StatusCode {
    StatusCode::from_u16(error::status(denied)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns the requested path and query.
pub(super) fn address(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or_else(|| "/".into(), |text| text.as_str().to_owned())
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
