//! Parses submitted forms.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
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
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        if fields.insert(name, value).is_some() {
            return None;
        }
    }
    Some(fields)
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
    fn what_is_no_form_is_refused() {
        let headers = headers("application/json");
        assert!(fields(&headers, b"{}").is_none());
        assert!(fields(&HeaderMap::new(), b"a=1").is_none());
        assert_eq!(fields(&HeaderMap::new(), b"").unwrap().len(), 0);
    }
}
