//! A self-contained page: no asset, no session, no database, so that it can be served whatever has failed. It has the
//! colours of the theme. It never contains a path, a query, SQL or external text.

use std::{fmt::Write as _, sync::LazyLock};

use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::request_id;

/// The text of a plain page. Constant text only: it never contains parts of a request.
#[derive(Debug, Clone, Copy)]
pub struct PlainText {
    /// The heading.
    pub title: &'static str,
    /// One paragraph.
    pub text: &'static str,
    /// The target and the label of the link.
    pub link: Option<(&'static str, &'static str)>,
}

/// The theme, of which these pages use the tokens only: their style is inline, so that it needs no asset.
const THEME: &str = include_str!("../../../style/theme.css");

const RULES: &str = "html{background:var(--canvas);color:var(--text)}\
body{margin:0;font:400 14px/1.5 var(--sans)}\
main{max-width:420px;margin:0 auto;padding:12vh 20px 40px}\
h1{font-size:22px;line-height:28px;font-weight:600;letter-spacing:-.018em;margin:32px 0 8px}\
p{margin:8px 0}p.id{color:var(--muted);font-size:12px;margin-top:32px}code{font:.92em var(--mono)}\
.brand{display:flex;align-items:center;gap:10px;font-size:15px;font-weight:600;letter-spacing:-.02em;color:var(--text);text-decoration:none}\
.go{display:inline-flex;align-items:center;min-height:var(--height);margin-top:12px;padding:0 14px;border-radius:var(--radius);\
background:var(--text);color:var(--canvas);font-weight:500;text-decoration:none}\
:focus-visible{outline:2px solid var(--link);outline-offset:2px}";

/// The logo, made at the first use: nothing is needed for it that could fail later.
static MARK: LazyLock<String> = LazyLock::new(app::shell::mark_html);

static STYLE: LazyLock<String> = LazyLock::new(|| {
    let tokens = THEME
        .split_once(":root {")
        .and_then(|(_, rest)| rest.split_once('}'));
    let tokens = tokens.map_or("", |(tokens, _)| tokens);
    let words: Vec<&str> = tokens.split_whitespace().collect();
    format!(":root{{{}}}{RULES}", words.join(" "))
});

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 is visible ASCII")
});

/// Renders a self-contained page; of an error, with what its reader reports.
pub fn page(status: StatusCode, words: &PlainText) -> Response {
    let mut html = String::with_capacity(4_000);
    write!(
        html,
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · Leastwise</title>\
         <style>{style}</style></head><body><main><a class=\"brand\" href=\"/\">{mark} Leastwise</a>\
         <h1>{title}</h1><p>{text}</p>",
        style = *STYLE,
        mark = *MARK,
        title = words.title,
        text = words.text,
    )
    .expect("writing to a string cannot fail");
    if let Some((href, label)) = words.link {
        write!(html, "<p><a class=\"go\" href=\"{href}\">{label}</a></p>")
            .expect("writing to a string cannot fail");
    }
    if !status.is_success() {
        let (status, id) = (status.as_u16(), request_id::current());
        write!(
            html,
            "<p class=\"id\">Status {status} · Request ID <code>{id}</code></p>"
        )
        .expect("writing to a string cannot fail");
    }
    html.push_str("</main></body></html>");
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
