//! Security headers of all responses.
//!
//! The policy of a page contains the nonce of that page, so pages set it themselves ([`Csp::html`]). The layer adds
//! missing headers and never loosens existing ones.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use url::Url;

use super::state::HttpState;

/// The path to which browsers report policy violations.
pub const REPORT_PATH: &str = "/csp-report";

/// The policy of responses that are not pages: allows nothing.
const NOTHING: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The value of `Retry-After` of a 503 that states none, in seconds.
const RETRY_AFTER: u16 = 5;

/// The content security policy of pages.
#[derive(Debug, Clone)]
pub struct Csp {
    /// Sign-out is a form whose response redirects to Cognito, and browsers apply `form-action` to redirects of forms.
    /// The same applies to a form whose session has ended.
    form_action: String,
}

impl Csp {
    /// Returns the policy for a Cognito domain.
    pub fn new(cognito: &Url) -> Self {
        Self {
            form_action: format!("'self' {}", cognito.origin().ascii_serialization()),
        }
    }

    /// Returns the policy of one page. `nonce` must be new for each page.
    pub fn html(&self, nonce: &str) -> HeaderValue {
        let form_action = &self.form_action;
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self'; font-src 'self'; connect-src 'self'; form-action {form_action}; base-uri 'none'; \
             frame-ancestors 'none'; report-uri {REPORT_PATH}; report-to csp"
        );
        // An invalid nonce would result in a page without a policy. No script at all is safer.
        HeaderValue::from_str(&policy).unwrap_or(NOTHING)
    }
}

/// Adds the headers that a response lacks.
pub async fn layer(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    let headers = response.headers_mut();
    let mut fill = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    fill(header::CONTENT_SECURITY_POLICY, NOTHING);
    fill(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    fill(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    fill(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    fill(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fill(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    fill(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    fill(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(PERMISSIONS),
    );
    fill(
        HeaderName::from_static("reporting-endpoints"),
        HeaderValue::from_static("csp=\"/csp-report\""),
    );
    if state.settings.public_base.scheme() == "https" {
        fill(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers
            .entry(header::RETRY_AFTER)
            .or_insert(HeaderValue::from(RETRY_AFTER));
    }
    headers.remove(header::SERVER);
    response
}

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), \
    fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), usb=(), \
    xr-spatial-tracking=()";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s18_the_policy_of_a_page_names_its_nonce_and_the_cognito_domain_as_form_target_only() {
        let csp = Csp::new(
            &"https://acme.auth.eu-central-1.amazoncognito.com/oauth2"
                .parse()
                .unwrap(),
        );
        let policy = csp.html("abc");
        let policy = policy.to_str().unwrap();
        assert!(policy.starts_with(
            "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval';"
        ));
        assert!(
            policy.contains("form-action 'self' https://acme.auth.eu-central-1.amazoncognito.com;")
        );
        assert_eq!(policy.matches("amazoncognito").count(), 1);
        for needed in [
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "style-src 'self'",
            "connect-src 'self'",
        ] {
            assert!(policy.contains(needed), "{needed}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    }

    #[test]
    fn a_nonce_that_is_no_header_text_allows_nothing() {
        let csp = Csp::new(&"https://cognito.example/".parse().unwrap());
        assert_eq!(csp.html("a\nb"), NOTHING);
    }
}
