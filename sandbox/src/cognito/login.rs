//! `/login`: asks for the username, then for the second-factor code, then redirects to the client. Programs post the
//! same two fields, `username` and `code`. It must never sign in a disabled user.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rand::Rng as _;
use subtle::ConstantTimeEq as _;

use super::authorize;
use super::params::Params;
use super::request::AuthorizationRequest;
use super::sessions::{Authentication, Challenge, SESSION_MS};
use super::subject::{Factor, NextStep, Subject};
use super::{Provider, page};

const COOKIE: &str = "cognito";
/// The number of wrong codes after which the sign-in ends.
const WRONG_CODES: u8 = 5;

const REFUSED: &str = "Incorrect username or password.";
const STALE: &str = "This sign-in page has expired. Go back to the application and sign in again.";

/// Shows the page of a sign-in in progress or, given the parameters of `/oauth2/authorize`, starts a new sign-in.
pub(super) async fn show(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
) -> Response {
    let id = Params::parse(query.as_deref().unwrap_or_default())
        .ok()
        .and_then(|params| params.get("signin").map(str::to_owned));
    match id {
        Some(id) => current_step(&provider, &id, None),
        None => match AuthorizationRequest::read(&provider.clients(), query.as_deref()) {
            Ok(request) => authorize::open_sign_in(&provider, request),
            Err(rejection) => rejection.into_response(),
        },
    }
}

/// Handles one step: a `username` (or the `person` of a button), otherwise a `code`.
pub(super) async fn submit(State(provider): State<Arc<Provider>>, body: String) -> Response {
    let Ok(params) = Params::parse(&body) else {
        return page::problem(StatusCode::BAD_REQUEST, "A field was sent more than once.");
    };
    let id = params.get("signin").unwrap_or_default();
    if provider.sessions().sign_in(id, provider.now_ms()).is_none() {
        return page::problem(StatusCode::BAD_REQUEST, STALE);
    }
    match (
        params.get("username").or(params.get("person")),
        params.get("code"),
    ) {
        (Some(name), _) => identify(&provider, id, name),
        (None, Some(code)) => check_code(&provider, id, code),
        (None, None) => current_step(&provider, id, Some("Choose a person or enter a username.")),
    }
}

fn identify(provider: &Provider, id: &str, name: &str) -> Response {
    let Some(subject) = provider.subject_named(name) else {
        return current_step(provider, id, Some(REFUSED));
    };
    match subject.next_step {
        NextStep::Disabled => current_step(provider, id, Some("User is disabled.")),
        NextStep::NotEnrolled => current_step(
            provider,
            id,
            Some("This pool requires a second factor, and this person has not enrolled one."),
        ),
        NextStep::Done(factor) => finish(provider, id, &subject, factor),
        NextStep::Code(_) => {
            let code = format!("{:06}", rand::rngs::OsRng.gen_range(0..1_000_000));
            let challenge = Challenge {
                sub: subject.sub,
                code,
                wrong_answers: 0,
            };
            if let Some(sign_in) = provider.sessions().sign_in(id, provider.now_ms()) {
                sign_in.challenge = Some(challenge);
            }
            current_step(provider, id, None)
        }
    }
}

fn check_code(provider: &Provider, id: &str, given: &str) -> Response {
    let answered = {
        let mut sessions = provider.sessions();
        let Some(challenge) = sessions
            .sign_in(id, provider.now_ms())
            .and_then(|sign_in| sign_in.challenge.as_mut())
        else {
            drop(sessions);
            return current_step(provider, id, Some("Enter your username first."));
        };
        let right = bool::from(challenge.code.as_bytes().ct_eq(given.trim().as_bytes()));
        challenge.wrong_answers += u8::from(!right);
        if challenge.wrong_answers >= WRONG_CODES {
            sessions.end_sign_in(id);
            drop(sessions);
            return page::problem(
                StatusCode::UNAUTHORIZED,
                "Too many wrong codes. Sign in again.",
            );
        }
        right.then(|| challenge.sub.clone())
    };
    let Some(sub) = answered else {
        return current_step(provider, id, Some("Invalid code."));
    };
    // Read again: the person may have been disabled, or have lost the factor, since the page was rendered.
    match provider.subject(&sub) {
        Some(subject) => match subject.next_step {
            NextStep::Code(factor) | NextStep::Done(factor) => {
                finish(provider, id, &subject, factor)
            }
            NextStep::Disabled | NextStep::NotEnrolled => current_step(provider, id, Some(REFUSED)),
        },
        None => current_step(provider, id, Some(REFUSED)),
    }
}

fn finish(provider: &Provider, id: &str, subject: &Subject, factor: Factor) -> Response {
    let Some(sign_in) = provider.sessions().end_sign_in(id) else {
        return page::problem(StatusCode::BAD_REQUEST, STALE);
    };
    let authentication = Authentication {
        sub: subject.sub.clone(),
        at_ms: provider.now_ms(),
        factor,
    };
    let session = provider.sessions().open_browser(authentication.clone());
    let mut response = sign_in.request.answer_with_code(provider, authentication);
    set_cookie(&mut response, &session, SESSION_MS / 1000);
    response
}

/// Returns the page of the current step, with status 401 if there is a problem.
fn current_step(provider: &Provider, id: &str, problem: Option<&str>) -> Response {
    let status = if problem.is_some() {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::OK
    };
    let Some((challenge, hint)) =
        provider
            .sessions()
            .sign_in(id, provider.now_ms())
            .map(|sign_in| {
                (
                    sign_in.challenge.clone(),
                    sign_in.request.login_hint.clone(),
                )
            })
    else {
        return page::problem(StatusCode::BAD_REQUEST, STALE);
    };
    let challenged = challenge.and_then(|challenge| {
        provider
            .subject(&challenge.sub)
            .map(|subject| (subject, challenge.code))
    });
    match challenged {
        Some((subject, code)) => page::second_step(status, id, &subject, &code, problem),
        None => page::first_step(status, id, &provider.people(), hint.as_deref(), problem),
    }
}

/// Returns the browser session ID of a request, if any.
pub(super) fn session_id(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// Sets the session cookie. Unlike Cognito's, it is not `Secure`, because the sandbox serves plain HTTP on the local
/// machine.
pub(super) fn set_cookie(response: &mut Response, value: &str, max_age_seconds: i64) {
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax");
    let cookie = HeaderValue::from_str(&cookie).expect("an opaque id is visible ASCII");
    response.headers_mut().append(header::SET_COOKIE, cookie);
}
