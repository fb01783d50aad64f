//! Assigns an id to each request. It is in the response, on the error page and in every log line of the request. Ids
//! from clients are ignored, so they cannot write to the logs.

use axum::{extract::Request, middleware::Next, response::Response};
use http::HeaderValue;
use tracing::Instrument as _;

use crate::clock;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

tokio::task_local! {
    static CURRENT: String;
}

/// Returns the id of the current request, or `none` outside of a request.
pub fn current() -> String {
    CURRENT
        .try_with(Clone::clone)
        .unwrap_or_else(|_| "none".into())
}

/// Assigns the id, and logs one line per response.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let id = clock::row_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", request = %id);
    let line = (request.method().clone(), request.uri().path().to_owned());
    CURRENT
        .scope(id.clone(), async move {
            let mut response = next.run(request).await;
            // Query strings are not logged: they contain search terms and sign-in codes.
            tracing::info!(method = %line.0, path = %line.1, status = response.status().as_u16(), "answered");
            if let Ok(value) = HeaderValue::from_str(&id) {
                response.headers_mut().insert("x-request-id", value);
            }
            response
        })
        .instrument(span)
        .await
}
