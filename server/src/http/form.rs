//! Parses submitted forms.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use percent_encoding::percent_decode;
use url::form_urlencoded;

/// Returns the fields of a form. Returns `None` if the body is not a form, or if it names a field twice, because two
/// readers could use different values.
pub(super) fn fields(headers: &HeaderMap, body: &[u8]) -> Option<BTreeMap<String, String>> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let mut fields = BTreeMap::new();
    for (name, value) in pairs(body)? {
        if fields.insert(name, value).is_some() {
            return None;
        }
    }
    Some(fields)
}

/// Returns the names and values of a query or a form, or `None` if one of them is not UTF-8 or contains NUL, which
/// PostgreSQL cannot store. `form_urlencoded` replaces what is not UTF-8, so that two different values become one.
pub(super) fn pairs(encoded: &[u8]) -> Option<Vec<(String, String)>> {
    let is_text = |part: &[u8]| {
        let decoded: Vec<u8> = percent_decode(part).collect();
        std::str::from_utf8(&decoded).is_ok() && !decoded.contains(&0)
    };
    let pairs = form_urlencoded::parse(encoded).into_owned();
    is_text(encoded).then(|| pairs.collect())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(kind: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers
    }

    #[test]
    fn a_form_that_names_a_field_twice_is_refused() {
        let headers = headers("application/x-www-form-urlencoded");
        assert!(fields(&headers, b"a=1&a=2").is_none());
        assert_eq!(fields(&headers, b"a=1&b=2").unwrap().len(), 2);
    }

    #[test]
    fn a_form_that_is_not_text_is_refused() {
        let headers = headers("application/x-www-form-urlencoded");
        for body in [
            &b"reason=%ff"[..],
            b"reason=\xff",
            b"%c3=1",
            b"reason=a%00b",
        ] {
            assert!(fields(&headers, body).is_none(), "{body:?}");
        }
        let read = fields(&headers, "reason=%E2%82%AC+x&é=100%".as_bytes()).unwrap();
        assert_eq!(
            (read["reason"].as_str(), read["é"].as_str()),
            ("€ x", "100%")
        );
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let headers = headers("application/json");
        assert!(fields(&headers, b"{}").is_none());
        assert!(fields(&HeaderMap::new(), b"a=1").is_none());
        assert_eq!(fields(&HeaderMap::new(), b"").unwrap().len(), 0);
    }
}
