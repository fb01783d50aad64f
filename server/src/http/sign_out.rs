//! Sign-out: ends the session row, clears the browser data, and signs out at Cognito.
//!
//! Works with an ended session too, because the browser may still be signed in at Cognito. Only by POST: an image on
//! another site must not sign anyone out.

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::net::IpAddr;

use super::{
    cookie,
    error::HttpError,
    limits::ClientIp,
    plain_page::{PlainText, page},
    seal,
    secret::{Secret, digest},
    session::{self, see_other},
    state::HttpState,
};
use crate::store::session::{self as rows, Ending};

/// The path of the sign-out action.
pub const PATH: &str = "/do/sign-out";
/// The path that Cognito redirects to after the sign-out.
pub const SIGNED_OUT_PATH: &str = "/signed-out";

/// `POST /do/sign-out`
pub async fn sign_out(State(state): State<HttpState>, request: Request) -> Response {
    let from = request.extensions().get::<ClientIp>().map(|ip| ip.0);
    match signed_out(&state, request.headers(), from).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn signed_out(
    state: &HttpState,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Response, HttpError> {
    if let Some(cookie) = cookie::read(headers, cookie::SESSION)
        && let Some(ended) = rows::by_token_hash(&state.store, &digest(cookie)).await?
    {
        session::end(state, &ended, Ending::SignedOut, from).await?;
        let refresh = ended
            .refresh
            .and_then(|sealed| seal::open(cookie, &ended.id, &sealed));
        if let Some(refresh) = refresh.map(Secret::new) {
            // Not awaited: the session has ended whether or not Cognito responds.
            let state = state.clone();
            tokio::spawn(async move { state.oidc.revoke(&refresh).await });
        }
    }
    let mut response = see_other(state.oidc.logout_url().as_str());
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookie::clear(cookie::SESSION));
    headers.insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
    );
    Ok(response)
}

/// `GET /signed-out`
pub async fn goodbye() -> Response {
    page(
        StatusCode::OK,
        &PlainText {
            title: "You are signed out",
            text: "Your session has ended in Leastwise and at Cognito. If you use another identity provider, you may \
                   still be signed in there.",
            link: Some(("/sign-in", "Sign in")),
        },
    )
}
