//! Who is asking. A cookie of 256 random bits names a row that we can end at any moment; no token of
//! Cognito's is ever the session, because those stay valid after they are revoked.
//!
//! Roles are put together at every request: those that the ledger granted *and* whose Cognito group
//! the person is in. Taking either away works at once, without ending the session.

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{
    approval::Mfa,
    authorize::{Actor, Role},
    ids::{PersonId, UserId},
    person::Subject,
    time::{Duration, Timestamp},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use std::{collections::BTreeSet, net::IpAddr};

use super::{
    cookie, draft,
    error::HttpError,
    limits::ClientIp,
    origin,
    ports::{Entry, Event},
    recheck::{Confirmed, recheck},
    request_id,
    return_to::ReturnTo,
    secret::{Secret, digest},
    state::HttpState,
};
use crate::store::{
    person,
    session::{self as rows, Ending, Session},
};

/// How often the last use of a session is written down. It may end so much earlier, never later.
const NOTE_EVERY: Duration = Duration::minutes(1);

/// How far the clocks of two replicas may be apart.
const SKEW: Duration = Duration::minutes(1);

/// Somebody who is signed in, as of this request.
#[derive(Debug, Clone)]
pub struct Signed {
    /// What the rules see.
    pub actor: Actor,
    /// The session's public name, for the ledger. Not the cookie.
    pub session: String,
    /// Their person. It is in `actor` only if it is joined to an Identity Center user.
    pub person: PersonId,
    /// That user.
    pub user: Option<UserId>,
    /// Their sign-in.
    pub subject: Subject,
    /// Shown name.
    pub name: String,
    /// Shown address.
    pub email: Option<String>,
    /// When they last proved who they are, by Cognito.
    pub authenticated_at: Timestamp,
    /// When the session ends at the latest.
    pub ends_at: Timestamp,
    /// From where, for the ledger.
    pub client_ip: Option<IpAddr>,
    cookie: Secret,
}

impl Signed {
    /// Somebody who acts without a browser: there is no cookie, so no stream stays open for them.
    pub fn without_cookie(
        actor: Actor,
        person: PersonId,
        user: Option<UserId>,
        subject: Subject,
        name: String,
        now: Timestamp,
    ) -> Self {
        Self {
            actor,
            session: String::new(),
            person,
            user,
            subject,
            name,
            email: None,
            authenticated_at: now,
            ends_at: now,
            client_ip: None,
            cookie: Secret::new(""),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Signed {
    type Rejection = HttpError;

    /// Put there by [`require`]; a route outside of it has nobody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(HttpError::NotSignedIn)
    }
}

/// What a cookie turned out to be.
pub(super) enum Found {
    Signed(Box<Signed>, Confirmed),
    /// It was a session once.
    Ended(Subject),
    Nobody,
}

/// Whether looking at a session keeps it alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Somebody asked for something.
    Use,
    /// A stream, which nobody may be looking at.
    Glance,
}

/// Only who is signed in comes through. Everybody else is sent to sign in, and their text is kept.
pub async fn require(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let look = if request.uri().path().starts_with("/events/") {
        Look::Glance
    } else {
        Look::Use
    };
    match find(&state, request.headers(), client(&request), look).await {
        Ok(Found::Signed(_, Confirmed::NotLately)) if request.method() == Method::POST => {
            HttpError::Unconfirmed.into_response()
        }
        Ok(Found::Signed(signed, _)) => {
            request.extensions_mut().insert(*signed);
            next.run(request).await
        }
        Ok(Found::Ended(subject)) => turn_away(&state, request, Some(&subject)).await,
        Ok(Found::Nobody) => turn_away(&state, request, None).await,
        Err(error) => error.into_response(),
    }
}

fn client(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ClientIp>().map(|ip| ip.0)
}

async fn turn_away(state: &HttpState, request: Request, ended: Option<&Subject>) -> Response {
    let navigates = request
        .headers()
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate");
    let return_to = match *request.method() {
        Method::POST => match draft::keep(state, request, ended).await {
            Ok(return_to) => return_to,
            Err(error) => return error.into_response(),
        },
        // A script or a stream cannot follow a redirect to a page.
        _ if origin::is_data(request.uri().path()) && !navigates => {
            return HttpError::NotSignedIn.into_response();
        }
        _ => ReturnTo::parse(
            request
                .uri()
                .path_and_query()
                .map_or("/", |path| path.as_str()),
        ),
    };
    let target = if return_to == ReturnTo::home() {
        "/sign-in".to_owned()
    } else {
        let query: String =
            url::form_urlencoded::byte_serialize(return_to.as_str().as_bytes()).collect();
        format!("/sign-in?return_to={query}")
    };
    see_other(&target)
}

/// 303: whatever it was, the next request is a GET.
pub(super) fn see_other(target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(target) => (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response(),
        Err(_) => HttpError::Internal.into_response(),
    }
}

pub(super) async fn find(
    state: &HttpState,
    headers: &HeaderMap,
    client_ip: Option<IpAddr>,
    look: Look,
) -> Result<Found, HttpError> {
    match cookie::read(headers, cookie::SESSION) {
        Some(cookie) => resolve(state, cookie, client_ip, look).await,
        None => Ok(Found::Nobody),
    }
}

async fn resolve(
    state: &HttpState,
    cookie: &str,
    client_ip: Option<IpAddr>,
    look: Look,
) -> Result<Found, HttpError> {
    let Some(session) = rows::by_token_hash(&state.store, &digest(cookie)).await? else {
        return Ok(Found::Nobody);
    };
    let now = state.clock.now();
    if session.ended_at.is_some() {
        return Ok(Found::Ended(session.subject));
    }
    let over = if now >= session.ends_at {
        Some(Ending::Absolute)
    } else if since(session.last_used, now) >= state.settings.idle {
        Some(Ending::Idle)
    } else {
        None
    };
    if let Some(why) = over {
        end(state, &session, why, client_ip).await?;
        return Ok(Found::Ended(session.subject));
    }
    let subject = session.subject.clone();
    let Some((session, confirmed)) = recheck(state, cookie, session).await? else {
        return Ok(Found::Ended(subject));
    };
    if look == Look::Use && now.since(session.last_used) >= NOTE_EVERY {
        let mut tx = state.store.write().await?;
        rows::touch(&mut tx, &session.id, now).await?;
        tx.commit().await?;
    }
    let actor = actor(state, &session).await?;
    Ok(Found::Signed(
        Box::new(Signed {
            actor,
            session: session.id,
            person: session.person,
            user: session.user,
            subject: session.subject,
            name: session.remembered.name,
            email: session.remembered.email,
            authenticated_at: session.remembered.authenticated_at,
            ends_at: session.ends_at,
            client_ip,
            cookie: Secret::new(cookie),
        }),
        confirmed,
    ))
}

async fn actor(state: &HttpState, session: &Session) -> Result<Actor, HttpError> {
    let by_group: BTreeSet<Role> = session
        .remembered
        .groups
        .iter()
        .filter_map(|group| state.settings.roles.get(group).copied())
        .collect();
    let granted = person::roles_of(&state.store, &session.person).await?;
    let held = granted
        .iter()
        .filter(|grant| by_group.contains(&grant.role));
    Ok(Actor {
        // Who is not joined to the directory only reads.
        person: session.user.is_some().then(|| session.person.clone()),
        roles: held.clone().map(|grant| grant.role).collect(),
        approver_since: held
            .filter(|grant| grant.role == Role::Approver)
            .map(|grant| grant.granted_at)
            .max(),
        mfa: session.remembered.mfa,
    })
}

/// How long ago something was that a row says. What has not come yet never was: a row must not keep itself
/// alive by a date.
pub(super) fn since(at: Timestamp, now: Timestamp) -> Duration {
    if at > now + SKEW {
        Duration(i64::MAX)
    } else {
        now.since(at)
    }
}

/// Ends a session and writes it down, once.
pub(super) async fn end(
    state: &HttpState,
    session: &Session,
    why: Ending,
    client_ip: Option<IpAddr>,
) -> Result<(), HttpError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if rows::end(&mut tx, &session.id, why, now).await? {
        let entry = Entry {
            event: Event::Ended(why),
            at: now,
            subject: Some(session.subject.clone()),
            person: Some(session.person.clone()),
            session: Some(session.id.clone()),
            client_ip,
            request: request_id::current(),
        };
        state.ports.journal.record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// For streams: whether the session that opened it is still good. Ask every 15 seconds and close
/// when it says no. It never keeps a session alive.
pub async fn still_signed(state: &HttpState, signed: &Signed) -> bool {
    let found = resolve(
        state,
        signed.cookie.expose(),
        signed.client_ip,
        Look::Glance,
    )
    .await;
    matches!(found, Ok(Found::Signed(..)))
}

/// Whether a second factor was proven when this session began.
pub(super) fn mfa(proven: bool) -> Mfa {
    if proven { Mfa::Proven } else { Mfa::NotProven }
}
