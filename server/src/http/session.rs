//! The session of a request. A cookie of 256 random bits refers to a row that Leastwise can end at any time. Tokens of
//! Cognito are never used as the session, because they remain valid after revocation.
//!
//! Roles are evaluated for each request: a role counts if the ledger grants it *and* the person is in its Cognito
//! group. Removing either has an immediate effect and does not end the session.

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{
    authorize::{Actor, IdentityState, Role},
    ids::{PersonId, UserId},
    person::{Subject, without_directory_user},
    time::{Duration, Timestamp},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use std::{collections::BTreeSet, net::IpAddr};

use super::{
    cookie,
    error::HttpError,
    limits::ClientIp,
    origin, request_id,
    return_to::ReturnTo,
    saved_form,
    secret::{Secret, digest},
    session_revalidation::{Confirmation, revalidate},
    state::HttpState,
};
use crate::{
    service::{
        caller::{BrowserRequest, Caller, CallingPerson},
        sign_in::{SignInEntry, SignInEvent},
    },
    store::{
        Moment, identity, person,
        session::{self as rows, Ending, Session},
    },
};

/// How often the last use of a session is stored. A session may end earlier by this time, never later.
const NOTE_EVERY: Duration = Duration::minutes(1);

/// The tolerated clock difference between two replicas.
const SKEW: Duration = Duration::minutes(1);

/// A signed-in person, as of this request.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The actor for authorization and policies.
    pub actor: Actor,
    /// The public id of the session, for the ledger. Not the cookie.
    pub session: String,
    /// The person. `actor` contains it only if it is linked to an Identity Center user.
    pub person: PersonId,
    /// The linked user.
    pub user: Option<UserId>,
    /// The subject of the sign-in.
    pub subject: Subject,
    /// The directory's name of the person, or the marked name of a sign-in without a directory user.
    pub name: String,
    /// The name that the sign-in states, which the person may write. Only shown beside `name`.
    pub self_reported: Option<String>,
    /// The displayed e-mail address.
    pub email: Option<String>,
    /// The name of the sign-in in the user pool (`cognito:username`).
    pub username: String,
    /// The time of the last authentication at Cognito.
    pub authenticated_at: Timestamp,
    /// The latest end of the session.
    pub ends_at: Timestamp,
    /// The address of the client, for the ledger.
    pub client_ip: Option<IpAddr>,
    /// The moment at which the request began.
    began: Moment,
    cookie: Secret,
}

impl SignedIn {
    /// Returns the caller of services, without the cookie. Called within the request, whose id it contains.
    pub fn caller(&self) -> Caller {
        let person = CallingPerson {
            actor: self.actor.clone(),
            person: self.person.clone(),
            user: self.user.clone(),
            subject: self.subject.clone(),
            name: self.name.clone(),
            self_reported: self.self_reported.clone(),
        };
        let request = BrowserRequest {
            id: request_id::current(),
            session: self.session.clone(),
            client_ip: self.client_ip,
            authenticated_at: self.authenticated_at,
            began: self.began,
        };
        Caller::Browser(person, request)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = HttpError;

    /// Reads the value that [`require`] set. Other routes have none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(HttpError::NotSignedIn)
    }
}

/// The result of looking up a cookie.
pub(super) enum CookieLookup {
    Signed(Box<SignedIn>, Confirmation),
    /// The session has ended.
    Ended(Subject),
    Nobody,
}

/// Whether an access extends the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionUse {
    /// A request by the person.
    Request,
    /// A stream, which does not prove that the person is present.
    Stream,
}

/// Requires a session. Other requests are redirected to sign-in, and the text of their form is saved.
pub async fn require(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let look = if request.uri().path().starts_with("/events/") {
        SessionUse::Stream
    } else {
        SessionUse::Request
    };
    match find(&state, request.headers(), client(&request), look).await {
        Ok(CookieLookup::Signed(_, Confirmation::Stale)) if request.method() == Method::POST => {
            HttpError::Unconfirmed.into_response()
        }
        Ok(CookieLookup::Signed(signed, _)) => {
            request.extensions_mut().insert(*signed);
            next.run(request).await
        }
        Ok(CookieLookup::Ended(subject)) => turn_away(&state, request, Some(&subject)).await,
        Ok(CookieLookup::Nobody) => turn_away(&state, request, None).await,
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
        Method::POST => match saved_form::keep(state, request, ended).await {
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
        format!("/sign-in?return_to={}", query_value(&return_to))
    };
    see_other(&target)
}

/// Redirects to a sign-in at which Cognito has to ask the person again.
pub(super) fn sign_in_again(return_to: &ReturnTo) -> Response {
    see_other(&format!(
        "/sign-in?fresh=1&return_to={}",
        query_value(return_to)
    ))
}

fn query_value(return_to: &ReturnTo) -> String {
    url::form_urlencoded::byte_serialize(return_to.as_str().as_bytes()).collect()
}

/// Returns a 303 redirect, after which the browser sends a GET.
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
    look: SessionUse,
) -> Result<CookieLookup, HttpError> {
    match cookie::read(headers, cookie::SESSION) {
        Some(cookie) => resolve(state, cookie, client_ip, look).await,
        None => Ok(CookieLookup::Nobody),
    }
}

async fn resolve(
    state: &HttpState,
    cookie: &str,
    client_ip: Option<IpAddr>,
    look: SessionUse,
) -> Result<CookieLookup, HttpError> {
    let began = Moment::now();
    let Some(session) = rows::by_token_hash(&state.store, &digest(cookie)).await? else {
        return Ok(CookieLookup::Nobody);
    };
    let now = state.clock.now();
    if let Some(ended_at) = session.ended_at {
        // A cookie of long ago must not write forms that nobody will be shown.
        let is_recent = now.since(ended_at) < rows::KEEP_SAVED_FORM;
        return Ok(if is_recent {
            CookieLookup::Ended(session.subject)
        } else {
            CookieLookup::Nobody
        });
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
        return Ok(CookieLookup::Ended(session.subject));
    }
    let subject = session.subject.clone();
    let Some((session, confirmed)) = revalidate(state, cookie, session).await? else {
        return Ok(CookieLookup::Ended(subject));
    };
    if look == SessionUse::Request && now.since(session.last_used) >= NOTE_EVERY {
        let mut tx = state.store.write().await?;
        rows::touch(&mut tx, &session.id, now).await?;
        tx.commit().await?;
    }
    let actor = actor(state, &session, began).await?;
    let listed = session.user.as_ref();
    let listed = listed.and_then(|user| state.ports.users.display_name(user));
    Ok(CookieLookup::Signed(
        Box::new(SignedIn {
            actor,
            session: session.id,
            person: session.person,
            user: session.user,
            subject: session.subject,
            name: listed.unwrap_or_else(|| without_directory_user(&session.remembered.username)),
            self_reported: Some(session.remembered.name),
            email: session.remembered.email,
            username: session.remembered.username,
            authenticated_at: session.remembered.authenticated_at,
            ends_at: session.ends_at,
            client_ip,
            began,
            cookie: Secret::new(cookie),
        }),
        confirmed,
    ))
}

async fn actor(state: &HttpState, session: &Session, began: Moment) -> Result<Actor, HttpError> {
    let by_group: BTreeSet<Role> = session
        .remembered
        .groups
        .iter()
        .filter_map(|group| state.settings.roles.get(group).copied())
        .collect();
    let (suspension, granted) = {
        let mut conn = state.store.connection_since(began).await?;
        let suspension = identity::suspension(&mut conn, &session.person).await?;
        let granted = person::roles_of(&mut conn, &session.person).await?;
        (suspension, granted)
    };
    let held = granted
        .iter()
        .filter(|grant| by_group.contains(&grant.role));
    Ok(Actor {
        // A person without a linked user is read-only.
        person: session.user.is_some().then(|| session.person.clone()),
        roles: held.clone().map(|grant| grant.role).collect(),
        approver_since: held
            .filter(|grant| grant.role == Role::Approver)
            .map(|grant| grant.granted_at)
            .max(),
        mfa: session.remembered.mfa,
        identity: match suspension {
            Some(_) => IdentityState::Suspended,
            None => IdentityState::Active,
        },
    })
}

/// Returns the age of a time in a row. A future time counts as infinitely old, so that a row cannot extend itself by
/// its date.
pub(super) fn since(at: Timestamp, now: Timestamp) -> Duration {
    if at > now + SKEW {
        Duration(i64::MAX)
    } else {
        now.since(at)
    }
}

/// Ends a session and records it once.
pub(super) async fn end(
    state: &HttpState,
    session: &Session,
    why: Ending,
    client_ip: Option<IpAddr>,
) -> Result<(), HttpError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if rows::end(&mut tx, &session.id, why, now).await? {
        let entry = SignInEntry {
            event: SignInEvent::Ended(why),
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

/// Returns whether the session that opened a stream is still valid. Does not extend the session.
pub async fn still_signed(state: &HttpState, signed: &SignedIn) -> bool {
    let found = resolve(
        state,
        signed.cookie.expose(),
        signed.client_ip,
        SessionUse::Stream,
    )
    .await;
    matches!(found, Ok(CookieLookup::Signed(..)))
}
