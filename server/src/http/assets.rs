//! The browser files, embedded in the binary. They are served under the hash of their content, so browsers may cache
//! them permanently. Never reads a file while serving.

use std::convert::Infallible;
use std::io::Read as _;

use app::shell::Assets;
use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// One file of the build.
struct File {
    /// `css`, `js`, `wasm`, `font`, `latin` or `icon`.
    kind: &'static str,
    /// The name, with the hash of the content.
    name: &'static str,
    /// The number of bytes before compression.
    length: usize,
    brotli: &'static [u8],
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Set by `cargo xtask watch`: the browser then reloads after every restart.
const DEV: &str = "LEASTWISE_DEV";

/// Returns the assets of the document's head. Empty if the server was compiled without `cargo xtask build`.
pub fn assets() -> Assets {
    let url = |kind: &str| {
        let file = FILES.iter().find(|file| file.kind == kind);
        file.map(|file| format!("/assets/{}", file.name))
            .unwrap_or_default()
    };
    Assets {
        css: url("css"),
        js: url("js"),
        wasm: url("wasm"),
        font: url("font"),
        icon: url("icon"),
    }
}

/// Returns the script that reloads the page after restarts; only under `cargo xtask watch`.
pub fn reload() -> Option<String> {
    dev().then(|| "/assets/reload.js".to_owned())
}

/// Handles `GET /assets/{name}`.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Some(file) = FILES.iter().find(|file| file.name == name) {
        return embedded(file, &headers);
    }
    match name.as_str() {
        "reload.js" if dev() => ([(CONTENT_TYPE, "text/javascript")], RELOAD).into_response(),
        "reload" if dev() => start_id().into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn embedded(file: &File, headers: &HeaderMap) -> Response {
    let mut response = if accepts_brotli(headers) {
        (
            [(CONTENT_ENCODING, HeaderValue::from_static("br"))],
            file.brotli,
        )
            .into_response()
    } else {
        let mut plain = Vec::with_capacity(file.length);
        match brotli::Decompressor::new(file.brotli, 64 * 1024).read_to_end(&mut plain) {
            Ok(_) => plain.into_response(),
            Err(error) => {
                tracing::error!(name = file.name, %error, "an embedded file does not decompress");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    };
    let kind = match file.kind {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "font" | "latin" => "font/woff2",
        _ => "image/svg+xml",
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Returns whether `br` is among the accepted encodings and not excluded by `q=0`.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|encoding| {
        let mut parts = encoding.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Some(1.0), |q| q.parse::<f32>().ok());
        named && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn dev() -> bool {
    std::env::var_os(DEV).is_some()
}

/// Returns a stream that sends the id of this server process and then only keep-alives.
fn start_id() -> impl IntoResponse {
    let id = std::process::id().to_string();
    let retry = std::time::Duration::from_millis(150);
    let hello = futures::stream::once(async move {
        Ok::<_, Infallible>(Event::default().data(id).retry(retry))
    });
    Sse::new(hello.chain(futures::stream::pending())).keep_alive(KeepAlive::default())
}

/// Reloads the page when another server process responds than the one that rendered it.
const RELOAD: &str = "let seen;
new EventSource('/assets/reload').onmessage = ({ data }) => {
  if (seen && seen !== data) location.reload();
  seen = data;
};
";

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, value.parse().unwrap())])
    }

    #[test]
    fn brotli_is_sent_to_who_takes_it_and_to_nobody_else() {
        assert!(accepts_brotli(&accepting("gzip, deflate, br, zstd")));
        assert!(accepts_brotli(&accepting("br;q=0.5")));
        assert!(!accepts_brotli(&accepting("br;q=0, gzip")));
        assert!(!accepts_brotli(&accepting("gzip, brr")));
        assert!(!accepts_brotli(&HeaderMap::new()));
    }

    #[test]
    fn every_embedded_file_may_be_kept_for_ever_and_is_what_its_manifest_says() {
        for file in FILES {
            let mut plain = Vec::new();
            brotli::Decompressor::new(file.brotli, 4096)
                .read_to_end(&mut plain)
                .unwrap();
            assert_eq!(plain.len(), file.length, "{}", file.name);
            let response = embedded(file, &HeaderMap::new());
            assert!(
                response.headers()[CACHE_CONTROL]
                    .to_str()
                    .unwrap()
                    .contains("immutable")
            );
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert!(!response.headers().contains_key(CONTENT_ENCODING));
        }
    }

    #[tokio::test]
    async fn a_name_that_was_not_built_is_not_found() {
        let response = serve(Path("../Cargo.toml".into()), HeaderMap::new()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
}
