//! `/logout`, as in Cognito: `client_id` with `logout_uri`, or with `redirect_uri` to return to the sign-in page. This
//! is not OpenID Connect RP-initiated logout. It must never redirect to a URI that is not registered. It revokes no
//! token: Cognito only ends the browser session.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::authorize::found;
use super::params::Params;
use super::{Provider, login, page};

pub(super) async fn logout(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let clients = provider.clients();
    let Ok(params) = Params::parse(query.as_deref().unwrap_or_default()) else {
        return page::problem(
            StatusCode::BAD_REQUEST,
            "invalid_request: a parameter was given more than once",
        );
    };
    let Some(client) = params
        .get("client_id")
        .and_then(|id| clients.iter().find(|client| client.id == id))
    else {
        return page::problem(
            StatusCode::BAD_REQUEST,
            "invalid_request: client_id does not exist",
        );
    };
    let next = match (params.get("logout_uri"), params.get("redirect_uri")) {
        (Some(uri), _) if client.may_sign_out_to(uri) && url::Url::parse(uri).is_ok() => {
            uri.to_owned()
        }
        (None, Some(uri)) if client.may_return_to(uri) => {
            format!("/login?{}", params.encode_without(&[]))
        }
        (None, None) => {
            return page::problem(
                StatusCode::BAD_REQUEST,
                "invalid_request: logout_uri or redirect_uri is missing",
            );
        }
        _ => {
            return page::problem(
                StatusCode::BAD_REQUEST,
                "redirect_mismatch: the address is not registered",
            );
        }
    };
    if let Some(session) = login::session_id(&headers) {
        provider.sessions().close_browser(&session);
    }
    let mut response = found(&next);
    login::set_cookie(&mut response, "", 0);
    response
}
