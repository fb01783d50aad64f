//! Errors of the layers outside Leptos, as pages that need nothing else: no asset, no session, no
//! database. They say what happened and what to do, and give the request id; never a path, a query,
//! SQL or text from outside.

use std::{any::Any, fmt::Write as _, sync::LazyLock};

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};
use tower_http::catch_panic::ResponseForPanic;

use super::request_id;
use crate::store::StoreError;

/// Why a request was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The sign-in could not be finished; the word is what the journal says, too.
    #[error("sign-in refused: {0}")]
    SignInRefused(&'static str),
    /// Cognito could not be reached.
    #[error("the identity provider does not answer")]
    ProviderDown,
    /// Cognito could not confirm the session lately.
    #[error("the session cannot be confirmed")]
    Unconfirmed,
    /// No session, where a page cannot ask for one.
    #[error("not signed in")]
    NotSignedIn,
    /// From another site, or not saying from where.
    #[error("cross-site request")]
    CrossSite,
    /// Malformed.
    #[error("malformed request")]
    Malformed,
    /// Nothing there.
    #[error("not found")]
    NotFound,
    /// A method that nothing here takes.
    #[error("method not allowed")]
    Method,
    /// The body is larger than 256 KiB.
    #[error("too large")]
    TooLarge,
    /// Too many requests.
    #[error("too many requests")]
    TooMany {
        /// Seconds.
        retry_after: u64,
    },
    /// It took too long.
    #[error("timed out")]
    Timeout,
    /// Too much at once.
    #[error("busy")]
    Busy,
    /// Our fault.
    #[error("internal error")]
    Internal,
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the database refused"
        );
        Self::Internal
    }
}

impl HttpError {
    /// The status that goes with it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::SignInRefused(_) | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout | Self::Busy | Self::Unconfirmed => StatusCode::SERVICE_UNAVAILABLE,
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
            StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            status if status.is_server_error() => Self::Internal,
            _ => Self::Malformed,
        }
    }

    fn words(self) -> Words {
        let (title, text, link) = match self {
            Self::SignInRefused(_) => (
                "Sign-in did not work",
                "This sign-in is too old, was used before, was begun in another browser, or Cognito's answer did \
                 not pass our checks. Nothing was changed.",
                Some(("/sign-in", "Sign in again")),
            ),
            Self::ProviderDown => (
                "Cognito does not answer",
                "Leastwise could not reach the user pool to finish your sign-in. Try again in a minute.",
                Some(("/sign-in", "Try again")),
            ),
            Self::Unconfirmed => (
                "Your session cannot be confirmed",
                "Cognito has not answered for over a minute, so Leastwise does not know whether you may still sign \
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
                "Leastwise takes changes and data requests from its own pages only. If you meant it, open the page \
                 here and send it again.",
                Some(("/", "Open Leastwise")),
            ),
            Self::Malformed => (
                "This request cannot be read",
                "It is not what one of our pages would send.",
                Some(("/", "Open Leastwise")),
            ),
            Self::NotFound => (
                "Nothing here",
                "There is no such page, or you may not see it.",
                Some(("/", "Open Leastwise")),
            ),
            Self::Method => (
                "This is not how to ask",
                "This address takes another method.",
                Some(("/", "Open Leastwise")),
            ),
            Self::TooLarge => (
                "That is too much text",
                "A form may hold at most 256 KiB. Nothing was changed. Go back, shorten it, and send it again.",
                None,
            ),
            Self::TooMany { .. } => (
                "Too many requests",
                "You, or others at your address, asked more than Leastwise allows. Wait a little, then try again.",
                None,
            ),
            Self::Timeout => (
                "This took too long",
                "Leastwise gave up. If you sent a form, look at the list of changes before you send it again.",
                Some(("/", "Open Leastwise")),
            ),
            Self::Busy => ("Leastwise is busy", "Try again in a few seconds.", None),
            Self::Internal => (
                "Something went wrong",
                "This is our fault, and it is written down. If it happens again, tell an administrator the request id.",
                Some(("/", "Open Leastwise")),
            ),
        };
        Words { title, text, link }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "not served");
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

/// What a plain page says. Constant text only: nothing of a request is ever put into it.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Heading.
    pub title: &'static str,
    /// One paragraph.
    pub text: &'static str,
    /// Where to go and what the link says.
    pub link: Option<(&'static str, &'static str)>,
}

const STYLE: &str = ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{margin:0;display:grid;min-height:100vh;place-items:center}\
main{max-width:34rem;padding:2rem}h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}\
p{margin:.5rem 0}small{opacity:.75}code{font:.875em ui-monospace,monospace}";

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 is visible ASCII")
});

/// A page that needs nothing else, with the request id.
pub fn page(status: StatusCode, words: &Words) -> Response {
    let mut html = String::with_capacity(1_500);
    let id = request_id::current();
    write!(
        html,
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · Leastwise</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{text}</p>",
        title = words.title,
        text = words.text,
    )
    .expect("a string takes what is written to it");
    if let Some((href, label)) = words.link {
        write!(html, "<p><a href=\"{href}\">{label}</a></p>")
            .expect("a string takes what is written to it");
    }
    write!(
        html,
        "<p><small>Status {}, request <code>{id}</code></small></p></main></body></html>",
        status.as_u16()
    )
    .expect("a string takes what is written to it");
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, html).into_response()
}

/// Turns the bare errors of axum and tower-http (413, 405, 503, plain text) into pages, for who reads
/// pages. Answers that are HTML, JSON or CSV already are left alone.
pub async fn dress(request: Request, next: Next) -> Response {
    let reads_pages = accepts_html(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    let bare = match response.headers().get(header::CONTENT_TYPE) {
        None => true,
        Some(kind) => kind.as_bytes().starts_with(b"text/plain"),
    };
    if !(status.is_client_error() || status.is_server_error()) || !bare || !reads_pages {
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

fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Answers a panic with a page. What the panic said goes to the log only.
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
