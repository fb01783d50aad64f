//! Refuses requests that cannot be read the same way everywhere: an address or form that is not UTF-8 or contains NUL,
//! two hosts, and addresses and headers that are too long. Handlers, the database and logs receive text only.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Uri, header, uri::Authority};
use percent_encoding::percent_decode;

use super::{error::HttpError, form::pairs};

/// Longer than any link of Leastwise, in bytes.
const LONGEST_ADDRESS: usize = 8 * 1_024;
/// More headers than browsers send.
const MOST_HEADERS: usize = 100;
/// More than browsers send, in bytes.
const HEADER_BYTES: usize = 24 * 1_024;

/// Refuses a request whose address or headers cannot be read.
pub async fn layer(request: Request, next: Next) -> Response {
    match check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), HttpError> {
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > LONGEST_ADDRESS {
        return Err(HttpError::AddressTooLong);
    }
    let size =
        |(name, value): (&http::HeaderName, &http::HeaderValue)| name.as_str().len() + value.len();
    if headers.len() > MOST_HEADERS || headers.iter().map(size).sum::<usize>() > HEADER_BYTES {
        return Err(HttpError::HeadersTooLarge);
    }
    let path = percent_decode(uri.path().as_bytes()).decode_utf8();
    let is_text = path.is_ok_and(|path| !path.chars().any(char::is_control));
    let mut hosts = headers.get_all(header::HOST).iter();
    let names_one_host = hosts
        .next()
        .is_none_or(|host| Authority::try_from(host.as_bytes()).is_ok())
        && hosts.next().is_none();
    if is_text && pairs(query.as_bytes()).is_some() && names_one_host {
        Ok(())
    } else {
        Err(HttpError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(address: &str, hosts: &[&str]) -> Result<(), HttpError> {
        let hosts = hosts
            .iter()
            .map(|host| (header::HOST, host.parse().unwrap()));
        check(&address.parse().unwrap(), &hosts.collect())
    }

    #[test]
    fn an_address_that_is_not_text_is_malformed() {
        for address in [
            "/changes/%ff",
            "/%c3%28",
            "/people/a%00b",
            "/a%0ab",
            "/?q=%ff",
            "/?%fe=1",
            "/?q=a%00",
        ] {
            assert_eq!(
                checked(address, &[]),
                Err(HttpError::Malformed),
                "{address}"
            );
        }
        for address in [
            "/",
            "/ledger?q=100%",
            "/people/%C3%A9t%C3%A9",
            "/?q=%E2%82%AC+a&q=b",
            "/?a",
        ] {
            assert_eq!(checked(address, &["localhost:3000"]), Ok(()), "{address}");
        }
    }

    #[test]
    fn a_request_for_two_hosts_or_none_that_exists_is_malformed() {
        for hosts in [&["a", "b"][..], &["a b"], &["a/b"], &[""]] {
            assert_eq!(checked("/", hosts), Err(HttpError::Malformed), "{hosts:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_named() {
        let long = format!("/?q={}", "x".repeat(LONGEST_ADDRESS));
        assert_eq!(checked(&long, &[]), Err(HttpError::AddressTooLong));
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "x".repeat(HEADER_BYTES).parse().unwrap());
        assert_eq!(
            check(&Uri::from_static("/"), &headers),
            Err(HttpError::HeadersTooLarge)
        );
        let many = (0..=MOST_HEADERS).map(|number| {
            let name: http::HeaderName = format!("x-{number}").parse().unwrap();
            (name, http::HeaderValue::from_static("1"))
        });
        assert_eq!(
            check(&Uri::from_static("/"), &many.collect()),
            Err(HttpError::HeadersTooLarge)
        );
    }
}
