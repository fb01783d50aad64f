//! Error responses of the layers outside Leptos, as self-contained pages: no assets, no session, no database. They
//! state what happened, what to do, and the request id. They never contain a path, a query, SQL or external text.

use std::any::Any;

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tower_http::catch_panic::ResponseForPanic;

use app::pages::error::{LEDGER_NOT_AUTHENTIC, LEDGER_WORDS};

use super::plain_page::{PlainText, page};
use crate::store::StoreError;

/// The reason why a request was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The sign-in could not be completed. The reason is the one in the ledger.
    #[error("sign-in refused: {0}")]
    SignInRefused(&'static str),
    #[error("the identity provider did not respond")]
    ProviderDown,
    /// Cognito could not confirm the session recently.
    #[error("the session cannot be confirmed")]
    Unconfirmed,
    /// There is no session, and the request cannot be redirected to sign-in.
    #[error("not signed in")]
    NotSignedIn,
    /// The request comes from another site, or does not state its origin.
    #[error("cross-site request")]
    CrossSite,
    #[error("malformed request")]
    Malformed,
    #[error("not found")]
    NotFound,
    /// The path does not accept the method.
    #[error("method not allowed")]
    Method,
    /// The body is larger than 256 KiB.
    #[error("too large")]
    TooLarge,
    #[error("too many requests")]
    TooMany {
        /// In seconds.
        retry_after: u64,
    },
    /// The path and query are longer than any link of Leastwise.
    #[error("address too long")]
    AddressTooLong,
    #[error("headers too large")]
    HeadersTooLarge,
    #[error("timed out")]
    Timeout,
    /// The database is locked, full or not reachable.
    #[error("the database is unavailable")]
    Unavailable,
    /// Somebody wrote to the ledger without Leastwise.
    #[error("the ledger is not authentic")]
    LedgerNotAuthentic,
    /// Too many concurrent requests.
    #[error("busy")]
    Busy,
    #[error("internal error")]
    Internal,
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a database operation failed"
        );
        if error.is_not_authentic() {
            Self::LedgerNotAuthentic
        } else if error.is_unavailable() {
            Self::Unavailable
        } else {
            Self::Internal
        }
    }
}

impl HttpError {
    /// Returns the HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::SignInRefused(_) | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::AddressTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Timeout
            | Self::Busy
            | Self::Unconfirmed
            | Self::Unavailable
            | Self::LedgerNotAuthentic => StatusCode::SERVICE_UNAVAILABLE,
            Self::ProviderDown => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::NotSignedIn,
            StatusCode::FORBIDDEN => Self::CrossSite,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::Method,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::URI_TOO_LONG => Self::AddressTooLong,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Self::HeadersTooLarge,
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany { retry_after: 1 },
            StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => Self::Timeout,
            status if status.is_server_error() => Self::Internal,
            _ => Self::Malformed,
        }
    }

    fn words(self) -> PlainText {
        let (title, text, link) = match self {
            Self::SignInRefused("not_fresh") => (
                "You were not asked to sign in again",
                "This needs a new sign-in, but Cognito reused an earlier one, or its session is too old. Sign out and \
                 sign in again. If that does not help, the user pool must use managed login, because the classic \
                 hosted UI cannot ask again. Nothing was changed.",
                Some(("/", "Open Leastwise")),
            ),
            Self::SignInRefused(_) => (
                "Sign-in failed",
                "This sign-in expired, was already used or started in another browser, or Cognito's response did \
                 not pass the checks. Nothing was changed.",
                Some(("/sign-in", "Sign in again")),
            ),
            Self::ProviderDown => (
                "Cognito did not respond",
                "Leastwise could not reach the user pool to complete your sign-in. Try again in a minute.",
                Some(("/sign-in", "Try again")),
            ),
            Self::Unconfirmed => (
                "Your session cannot be confirmed",
                "Cognito has not responded for over a minute, so Leastwise cannot check whether you may still sign \
                 in. Nothing was changed. Go back, keep your text, and try again in a minute.",
                None,
            ),
            Self::NotSignedIn => (
                "You are not signed in",
                "Sign in to see this.",
                Some(("/sign-in", "Sign in")),
            ),
            Self::CrossSite => (
                "This request came from another site",
                "Leastwise accepts changes and data requests from its own pages only. To continue, open the page \
                 in Leastwise and send it again.",
                Some(("/", "Open Leastwise")),
            ),
            Self::Malformed => (
                "Invalid request",
                "Leastwise could not read this request. Open the page again and retry.",
                Some(("/", "Open Leastwise")),
            ),
            Self::NotFound => (
                "Page not found",
                "This page does not exist, or you may not see it.",
                Some(("/", "Open Leastwise")),
            ),
            Self::Method => (
                "Method not allowed",
                "This address does not accept this request method.",
                Some(("/", "Open Leastwise")),
            ),
            Self::TooLarge => (
                "Form too large",
                "A form can contain at most 256 KiB. Nothing was changed. Go back, shorten the text, and send it again.",
                None,
            ),
            Self::TooMany { .. } => (
                "Too many requests",
                "You, or others at your IP address, sent more requests than Leastwise allows. Wait a moment, then try again.",
                None,
            ),
            Self::AddressTooLong => (
                "Address too long",
                "The address of this page is longer than Leastwise accepts. Open the page again from a link in Leastwise.",
                Some(("/", "Open Leastwise")),
            ),
            Self::HeadersTooLarge => (
                "Request too large",
                "The browser sent more headers than Leastwise accepts. Delete the cookies of this site, then try again.",
                Some(("/", "Open Leastwise")),
            ),
            Self::Unavailable => (
                "The database is not available",
                "Leastwise cannot use its database at the moment. Try again in a few seconds. If you sent a form, check \
                 the list of changes before you send it again.",
                None,
            ),
            Self::LedgerNotAuthentic => (LEDGER_NOT_AUTHENTIC, LEDGER_WORDS, None),
            Self::Timeout => (
                "This took too long",
                "Leastwise stopped the request. If you sent a form, check the list of changes before you send it again.",
                Some(("/", "Open Leastwise")),
            ),
            Self::Busy => ("Leastwise is busy", "Try again in a few seconds.", None),
            Self::Internal => (
                "Something went wrong",
                "This is an error in Leastwise, and it was logged. If it happens again, send the request ID to an administrator.",
                Some(("/", "Open Leastwise")),
            ),
        };
        PlainText { title, text, link }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "request failed");
        } else {
            tracing::info!(error = %self, "refused");
        }
        let mut response = page(status, &self.words());
        match self {
            Self::TooMany { retry_after } => {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
            }
            Self::Method => {
                response
                    .headers_mut()
                    .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            }
            _ => {}
        }
        response
    }
}

/// Marks a response with an error status whose text is ours, in the extensions of the response. [`dress`] leaves it
/// unchanged.
#[derive(Debug, Clone, Copy)]
pub struct Verbatim;

/// Turns bare error responses of axum and tower-http (413, 405, 503, plain text) into pages, or removes their text for
/// clients that accept no page: it is not ours. Responses that are already HTML, JSON or CSV are unchanged.
pub async fn dress(request: Request, next: Next) -> Response {
    let reads_pages = accepts_html(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    let bare = match response.headers().get(header::CONTENT_TYPE) {
        None => true,
        Some(kind) => kind.as_bytes().starts_with(b"text/plain"),
    };
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || !bare || response.extensions().get::<Verbatim>().is_some() {
        return response;
    }
    if !reads_pages {
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::empty();
        return response;
    }
    let mut dressed = page(status, &HttpError::of(status).words());
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    dressed
}

/// Returns whether a client may be shown a page: it names HTML or any type, or states nothing.
fn accepts_html(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT) else {
        return true;
    };
    let accept = String::from_utf8_lossy(accept.as_bytes());
    ["text/html", "text/*", "*/*"]
        .iter()
        .any(|kind| accept.contains(kind))
}

/// Responds to a panic with an error page. The message of the panic is only logged.
#[derive(Debug, Clone, Copy)]
pub struct AfterPanic;

impl ResponseForPanic for AfterPanic {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send + 'static>) -> Response {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("something that is not text");
        tracing::error!(panic = said, "a handler panicked");
        HttpError::Internal.into_response()
    }
}
