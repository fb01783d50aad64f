//! The two cookies: one identifies the session, the other binds a sign-in in progress to its browser.
//!
//! Both are `__Host-` cookies: Secure, no Domain, Path=/. Chromium accepts Secure cookies on `http://localhost` too, so
//! local use needs no weaker cookies. They are Lax and not Strict, because the response of Cognito arrives by a
//! navigation from another site.

use http::{HeaderMap, HeaderValue, header};

/// Identifies the session.
pub const SESSION: &str = "__Host-session";
/// Binds a sign-in in progress to its browser.
pub const SIGN_IN: &str = "__Host-sign-in";

/// Returns the value of a cookie that is present exactly once and has the form of our tokens: 43 characters of
/// base64url. A duplicate indicates tampering.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = found.next()?;
    (found.next().is_none() && is_token(value)).then_some(value)
}

fn is_token(value: &str) -> bool {
    value.len() == 43
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Returns the header that sets a cookie until the browser closes.
pub fn set(name: &str, token: &str) -> HeaderValue {
    header(&format!(
        "{name}={token}; Path=/; Secure; HttpOnly; SameSite=Lax"
    ))
}

/// Returns the header that sets a cookie for a number of seconds.
pub fn set_for(name: &str, token: &str, seconds: i64) -> HeaderValue {
    header(&format!(
        "{name}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
    ))
}

/// Returns the header that removes a cookie.
pub fn clear(name: &str) -> HeaderValue {
    set_for(name, "", 0)
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("names and tokens are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::COOKIE, value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_token_is_found_among_other_cookies() {
        let token = "a".repeat(43);
        assert_eq!(
            read(
                &with(&[&format!("theme=dark; {SESSION}={token}; x=y")]),
                SESSION
            ),
            Some(token.as_str())
        );
    }

    #[test]
    fn a_cookie_given_twice_or_of_another_shape_is_no_cookie() {
        let token = "a".repeat(43);
        let pair = format!("{SESSION}={token}");
        assert_eq!(read(&with(&[&pair, &pair]), SESSION), None);
        assert_eq!(read(&with(&[&format!("{SESSION}=short")]), SESSION), None);
        assert_eq!(
            read(&with(&[&format!("{SESSION}={}", "é".repeat(43))]), SESSION),
            None
        );
        assert_eq!(read(&with(&[&format!("session={token}")]), SESSION), None);
    }
}
