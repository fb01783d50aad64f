//! One id per request, made here: in the answer, on the error page, in every log line of the
//! request. An id that a client sends is never taken, so that nobody writes into our logs.

use axum::{extract::Request, middleware::Next, response::Response};
use http::HeaderValue;
use tracing::Instrument as _;

use crate::clock;

/// The id of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered; `none` outside of one.
pub fn current() -> String {
    CURRENT
        .try_with(Clone::clone)
        .unwrap_or_else(|_| "none".into())
}

/// Gives the request its id, and writes one line when it is answered.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let id = clock::row_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", request = %id);
    let line = (request.method().clone(), request.uri().path().to_owned());
    CURRENT
        .scope(id.clone(), async move {
            let mut response = next.run(request).await;
            // Query strings stay out: they hold what people search for, and codes of sign-ins.
            tracing::info!(method = %line.0, path = %line.1, status = response.status().as_u16(), "answered");
            if let Ok(value) = HeaderValue::from_str(&id) {
                response.headers_mut().insert("x-request-id", value);
            }
            response
        })
        .instrument(span)
        .await
}
