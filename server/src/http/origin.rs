//! Accepts requests with known methods and from pages of Leastwise only.
//!
//! A write needs proof that a page of Leastwise sent it: `Sec-Fetch-Site: same-origin`, which scripts cannot set, or an
//! `Origin` equal to the public URL. A request with neither is refused. `Sec-Fetch-Site: none` is a typed address,
//! which cannot send a form. Pages of other sites cannot read data either.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, header};
use url::Url;

use super::{error::HttpError, state::HttpState};

/// Refuses requests that no page of Leastwise would send.
pub async fn layer(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    match check(
        request.method(),
        request.uri().path(),
        request.headers(),
        &state.settings.public_base,
    ) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    public_base: &Url,
) -> Result<(), HttpError> {
    match *method {
        Method::GET | Method::HEAD if is_data(path) => data(headers),
        Method::GET | Method::HEAD => Ok(()),
        Method::POST => write(headers, public_base),
        _ => Err(HttpError::Method),
    }
}

/// Returns whether a path responds with data instead of a page.
pub fn is_data(path: &str) -> bool {
    path.starts_with("/events/")
        || [".json", ".csv", ".pdf", ".zip"]
            .iter()
            .any(|end| path.ends_with(end))
}

fn write(headers: &HeaderMap, public_base: &Url) -> Result<(), HttpError> {
    let site = only(headers, "sec-fetch-site")?;
    let origin = only(headers, header::ORIGIN.as_str())?;
    let ours = public_base.origin().ascii_serialization();
    let proof = match (site, origin) {
        (Some(site), None) => site == "same-origin",
        (None, Some(origin)) => origin == ours,
        // If both are present, both must match: a mismatch is an attack or a wrong public URL.
        (Some(site), Some(origin)) => site == "same-origin" && origin == ours,
        (None, None) => false,
    };
    if proof {
        Ok(())
    } else {
        Err(HttpError::CrossSite)
    }
}

fn data(headers: &HeaderMap) -> Result<(), HttpError> {
    match only(headers, "sec-fetch-site")? {
        // Programs send no such header, and have no cookie to abuse.
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(HttpError::CrossSite),
    }
}

/// Returns the value of a header that may occur at most once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, HttpError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(HttpError::CrossSite);
    }
    first
        .map(|value| value.to_str().map_err(|_| HttpError::CrossSite))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://leastwise.example";

    fn post(site: Option<&str>, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(site) = site {
            headers.insert("sec-fetch-site", site.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        check(&Method::POST, "/do/x", &headers, &OURS.parse().unwrap()).is_ok()
    }

    #[test]
    fn s20_a_change_needs_proof_that_a_page_of_ours_sent_it() {
        for (site, origin, allowed) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some(OURS), true),
            (None, Some(OURS), true),
            (None, None, false),
            (Some("same-site"), None, false),
            (Some("cross-site"), None, false),
            (Some("none"), None, false),
            (Some("cross-site"), Some(OURS), false),
            (Some("same-origin"), Some("https://evil.example"), false),
            (None, Some("https://evil.example"), false),
            (None, Some("http://leastwise.example"), false),
            (None, Some("https://leastwise.example:8443"), false),
            (None, Some("https://leastwise.example.evil.example"), false),
            (None, Some("null"), false),
            (Some("null"), Some("null"), false),
        ] {
            assert_eq!(post(site, origin), allowed, "{site:?} {origin:?}");
        }
    }

    #[test]
    fn a_header_given_twice_proves_nothing() {
        let mut headers = HeaderMap::new();
        headers.append("sec-fetch-site", "same-origin".parse().unwrap());
        headers.append("sec-fetch-site", "same-origin".parse().unwrap());
        assert_eq!(
            check(&Method::POST, "/", &headers, &OURS.parse().unwrap()),
            Err(HttpError::CrossSite)
        );
    }

    #[test]
    fn s22_data_is_not_given_to_other_sites_but_pages_may_be_linked_to() {
        let base = OURS.parse().unwrap();
        for (path, site, allowed) in [
            ("/palette.json", "cross-site", false),
            ("/palette.json", "same-site", false),
            ("/reports/access.csv", "cross-site", false),
            ("/events/changes", "cross-site", false),
            ("/palette.json", "same-origin", true),
            ("/reports/access.csv", "none", true),
            ("/accounts", "cross-site", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", site.parse().unwrap());
            assert_eq!(
                check(&Method::GET, path, &headers, &base).is_ok(),
                allowed,
                "{path} {site}"
            );
        }
        assert!(check(&Method::GET, "/palette.json", &HeaderMap::new(), &base).is_ok());
    }

    #[test]
    fn s42_methods_that_nothing_takes_are_refused() {
        for method in [
            "TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND",
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(
                check(&method, "/", &HeaderMap::new(), &OURS.parse().unwrap()),
                Err(HttpError::Method)
            );
        }
    }
}
