//! The local AWS: awsJson1.1 for the services that Leastwise calls.
//!
//! A request is answered in this order: signature, quota, faults, model of the operation, Region, handler.
//!
//! One router serves a TCP port, for people and the AWS CLI, and the SDK in process, as its HTTP connector. It sends no
//! `Date` header of its own, because the SDK would take it as the time of AWS.

pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod cloudtrail;
mod cognito_idp;
pub(crate) mod faults;
pub(crate) mod identity_store;
mod inspect;
mod model;
mod organization_changes;
pub(crate) mod organizations;
mod page;
pub(crate) mod params;
mod policy_document;
mod provisioning;
pub(crate) mod quota;
mod refusal;
mod region;
pub(crate) mod response;
pub(crate) mod service;
mod signature;
pub(crate) mod sso_admin;
mod sts;
pub(crate) mod wire;

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};

pub use quota::Limits;
pub use signature::{ACCESS_KEYS, SECRET, Signatures};
pub use wire::ConnectionReset;

use crate::state::{SharedState, lock};
use response::{IncomingCall, ServiceResponse};
use wire::Wire;

/// Returns the router of all services, which share one path and are selected by `X-Amz-Target`, and of the `/_sandbox`
/// endpoints for tests.
///
/// In process, a response whose connection must be reset carries [`ConnectionReset`] among its extensions, and the
/// connector must turn it into an I/O error. On a port, the connection itself is reset.
pub fn aws_router(sandbox: SharedState) -> Router {
    Router::new()
        .route("/", post(call))
        .route(
            "/_sandbox/faults",
            post(inspect::set_faults).get(inspect::faults),
        )
        .route("/_sandbox/state", get(inspect::state))
        .route("/_sandbox/calls", get(inspect::calls))
        .route("/_sandbox/users", post(provisioning::provision))
        .with_state(sandbox)
}

async fn call(
    State(sandbox): State<SharedState>,
    connection: Option<axum::Extension<ConnectInfo<Wire>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = IncomingCall {
        headers: &headers,
        host: uri.authority().map(axum::http::uri::Authority::as_str),
        body: &body,
    };
    let answer = response::answer(&mut lock(&sandbox), &asked);
    if answer.delay_ms > 0 {
        let delay = lock(&sandbox)
            .clock
            .scale(Duration::from_millis(answer.delay_ms));
        tokio::time::sleep(delay).await;
    }
    if answer.reset {
        if let Some(axum::Extension(ConnectInfo(wire))) = connection {
            wire.cut();
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(ConnectionReset);
        return response;
    }
    respond(answer)
}

fn respond(answer: ServiceResponse) -> Response {
    Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("x-amzn-requestid", answer.request_id)
        .body(Body::from(answer.body))
        .expect("the parts of a response are valid header values")
}
