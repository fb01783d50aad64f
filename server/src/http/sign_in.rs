//! Sign-in at Cognito and back.
//!
//! The browser carries a state and a nonce. A cookie, whose hash is stored in the database, proves that the same
//! browser returns. Each sign-in can be used once and expires after ten minutes. A session starts in the transaction
//! that records it, and always with a new cookie, so a planted cookie never becomes a session.

mod entries;
mod evidence;
mod login_hint;

use axum::{
    extract::{RawQuery, Request, State},
    response::{IntoResponse as _, Response},
};
use domain::{
    approval::Mfa,
    person::link::LinkKeys,
    second_factor::{Authentication, second_factor},
    time::{Duration, Timestamp},
};
use http::{HeaderMap, header};
use std::{collections::BTreeMap, net::IpAddr};

use super::{
    cookie,
    error::HttpError,
    identity_link,
    limits::ClientIp,
    oidc::{Identity, Prompt, SignInFailure},
    request_id,
    return_to::ReturnTo,
    role_revocation, seal,
    secret::{Secret, digest},
    session::{self, CookieLookup, SessionUse, see_other},
    state::HttpState,
};
use crate::{
    clock,
    service::sign_in::{SignInEntry, SignInEvent},
    store::{
        identity,
        person::{SignInClaims, resolve_at_sign_in},
        session::{self as rows, Ending, NewSession, SessionDocument, SignIn},
    },
};

/// Starts a sign-in: `?return_to=PATH`, `?fresh=1` to authenticate again, and `?account=other` to do so as somebody else.
pub const PATH: &str = "/sign-in";
/// The path that Cognito redirects to.
pub const CALLBACK_PATH: &str = "/sign-in/callback";

/// The time limit of a sign-in.
const GOOD_FOR: Duration = Duration::minutes(10);
/// The tolerated delay of Cognito's clock.
const LEEWAY: Duration = Duration::seconds(60);

/// `GET /sign-in`
pub async fn begin(
    State(state): State<HttpState>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let (from, headers) = (client(&request), request.into_parts().0.headers);
    match redirect_to_provider(&state, query.as_deref().unwrap_or_default(), &headers, from).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn redirect_to_provider(
    state: &HttpState,
    query: &str,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Response, HttpError> {
    let query = parameters(query).ok_or(HttpError::Malformed)?;
    let return_to = query
        .get("return_to")
        .map_or_else(ReturnTo::home, |path| ReturnTo::parse(path));
    let prompt = if query.contains_key("fresh") {
        Prompt::Always
    } else {
        Prompt::IfNeeded
    };
    let found = session::find(state, headers, from, SessionUse::Stream).await;
    if prompt == Prompt::IfNeeded && matches!(found, Ok(CookieLookup::Signed(..))) {
        return Ok(see_other(return_to.as_str()));
    }
    let hint = login_hint::of(&state.settings, &found, &query);
    let now = state.clock.now();
    // An existing cookie is kept, so that two tabs can sign in at the same time.
    let browser = cookie::read(headers, cookie::SIGN_IN).map_or_else(clock::token, str::to_owned);
    let (secret, nonce, verifier) = (clock::token(), clock::token(), clock::token());
    let sign_in = SignIn {
        state_hash: digest(&secret),
        browser_hash: digest(&browser),
        nonce: nonce.clone(),
        verifier: verifier.clone(),
        return_to: return_to.as_str().to_owned(),
        started_at: now,
        fresh_after: (prompt == Prompt::Always).then(|| now - LEEWAY),
    };
    let mut tx = state.store.write().await?;
    rows::begin_sign_in(&mut tx, &sign_in, now - Duration::hours(1)).await?;
    rows::forget_old(&mut tx, now).await?;
    tx.commit().await?;
    let oidc = &state.oidc;
    let url = oidc.authorize_url(&secret, &nonce, &verifier, prompt, hint.as_deref());
    let mut response = see_other(url.as_str());
    let bound = cookie::set_for(cookie::SIGN_IN, &browser, GOOD_FOR.as_seconds());
    response.headers_mut().append(header::SET_COOKIE, bound);
    Ok(response)
}

/// `GET /sign-in/callback`
pub async fn finish(
    State(state): State<HttpState>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let (from, headers) = (client(&request), request.into_parts().0.headers);
    match finished(&state, query.as_deref().unwrap_or_default(), &headers, from).await {
        Ok(response) => response,
        Err(Refusal::Error(error)) => error.into_response(),
        Err(Refusal::Unknown(reason)) => {
            // Not recorded: nothing proves that Leastwise started it, so anyone could cause any number of entries.
            tracing::info!(reason, "a callback without a matching sign-in");
            HttpError::SignInRefused(reason).into_response()
        }
        Err(Refusal::Person(reason)) => {
            let entry = SignInEntry {
                event: SignInEvent::Refused(reason),
                at: state.clock.now(),
                subject: None,
                person: None,
                session: None,
                client_ip: from,
                request: request_id::current(),
            };
            state.ports.journal.refused(&entry).await;
            HttpError::SignInRefused(reason).into_response()
        }
    }
}

enum Refusal {
    /// The callback does not belong to a sign-in of this browser.
    Unknown(&'static str),
    /// The response failed a check.
    Person(&'static str),
    Error(HttpError),
}

impl<E: Into<HttpError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl From<SignInFailure> for Refusal {
    fn from(failure: SignInFailure) -> Self {
        match failure {
            SignInFailure::Refused(reason) => Self::Person(reason),
            SignInFailure::Unreachable => Self::Error(HttpError::ProviderDown),
        }
    }
}

async fn finished(
    state: &HttpState,
    query: &str,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Response, Refusal> {
    let query = parameters(query).ok_or(Refusal::Unknown("parameter_twice"))?;
    let sign_in = take(state, &query, headers).await?;
    if query
        .get("iss")
        .is_some_and(|issuer| !state.oidc.accepts_issuer(issuer))
    {
        return Err(Refusal::Person("issuer_of_answer"));
    }
    if query.contains_key("error") {
        return Err(Refusal::Person("refused_by_cognito"));
    }
    let code = query.get("code").ok_or(Refusal::Person("no_code"))?;
    let now = state.clock.now();
    let (identity, refresh) = state
        .oidc
        .sign_in(
            code,
            &sign_in.verifier,
            &sign_in.nonce,
            sign_in.started_at,
            now,
        )
        .await?;
    let ends_at = identity.authenticated_at.min(now) + state.settings.absolute;
    if ends_at <= now
        || sign_in
            .fresh_after
            .is_some_and(|after| identity.authenticated_at < after)
    {
        return Err(Refusal::Person("not_fresh"));
    }
    let pool = evidence::pool_answer(state, &identity).await?;
    let authentication = if identity.authenticated_at >= sign_in.started_at - LEEWAY {
        Authentication::Fresh
    } else {
        Authentication::Reused
    };
    let by = evidence::authenticator(&state.settings, &identity, pool.as_ref());
    let mfa = second_factor(identity.evidence, by, authentication);
    let keys = evidence::link_keys(&state.settings, &identity, pool);
    let before = session::find(state, headers, from, SessionUse::Stream).await;
    let welcome = SignInSuccess {
        identity,
        keys,
        refresh,
        mfa,
        ends_at,
        now,
        from,
    };
    let token = open(state, &welcome, before.ok()).await?;

    let mut response = see_other(&sign_in.return_to);
    response
        .headers_mut()
        .append(header::SET_COOKIE, cookie::set(cookie::SESSION, &token));
    response
        .headers_mut()
        .append(header::SET_COOKIE, cookie::clear(cookie::SIGN_IN));
    Ok(response)
}

/// Takes the sign-in of this callback. Succeeds once.
async fn take(
    state: &HttpState,
    query: &BTreeMap<String, String>,
    headers: &HeaderMap,
) -> Result<SignIn, Refusal> {
    let browser = cookie::read(headers, cookie::SIGN_IN).ok_or(Refusal::Unknown("no_cookie"))?;
    let secret = query.get("state").ok_or(Refusal::Unknown("no_state"))?;
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let taken = rows::take_sign_in(
        &mut tx,
        &digest(secret),
        &digest(browser),
        now,
        now - GOOD_FOR,
    )
    .await?;
    tx.commit().await?;
    taken.ok_or(Refusal::Unknown("state"))
}

struct SignInSuccess {
    identity: Identity,
    keys: LinkKeys,
    refresh: Option<Secret>,
    mfa: Mfa,
    ends_at: Timestamp,
    now: Timestamp,
    from: Option<IpAddr>,
}

/// Starts the session and records it. The previous session of this browser ends with it.
async fn open(
    state: &HttpState,
    who: &SignInSuccess,
    before: Option<CookieLookup>,
) -> Result<String, HttpError> {
    let SignInSuccess { identity, now, .. } = who;
    state.ports.readiness.restored().await;
    let link = state.ports.users.link(&who.keys);
    let name = identity
        .name
        .clone()
        .or_else(|| identity.email.clone())
        .unwrap_or_else(|| identity.username.clone());
    let (token, id) = (clock::token(), clock::row_id());
    let token_hash = digest(&token);
    let remembered = SessionDocument {
        username: identity.username.clone(),
        name,
        email: identity.email.clone(),
        groups: identity.groups.clone(),
        mfa: who.mfa,
        authenticated_at: identity.authenticated_at,
    };
    let refresh = who
        .refresh
        .as_ref()
        .map(|refresh| seal::seal(&token, &id, refresh.expose()));
    let mut tx = state.store.write().await?;
    let introduction = SignInClaims {
        keys: &who.keys,
        name: &remembered.name,
        username: Some(&identity.username),
        link: &link,
        new_id: clock::person_id(),
        at: *now,
    };
    let known = resolve_at_sign_in(&mut tx, &introduction).await?;
    let record = identity::record(tx.conn(), &known.person).await?;
    let linking = entries::linking(&known, &link, &who.keys, &record);
    let subject = Some(identity.subject.clone());
    // First, because the roles that a link moved are looked for in the ledger.
    for event in linking {
        let entry = entries::entry(who, event, &known.person, &id, subject.clone());
        state.ports.journal.record(&mut tx, &entry).await?;
    }
    let seen = role_revocation::ObservedGroups {
        subject: &identity.subject,
        person: &known.person,
        groups: &identity.groups,
    };
    let ended = role_revocation::end_roles(&state.settings, &mut tx, &seen, *now).await?;
    let mut events: Vec<SignInEvent> = ended.into_iter().collect();
    events.extend(identity_link::record(state, &mut tx, &known, &introduction, &record).await?);
    let new = NewSession {
        token_hash: &token_hash,
        id: &id,
        subject: &identity.subject,
        remembered: &remembered,
        refresh: refresh.as_deref(),
        started_at: *now,
        ends_at: who.ends_at,
    };
    rows::open(&mut tx, &new).await?;
    events.push(entries::began(who, &known, &new));
    if let Some(CookieLookup::Signed(old, _)) = before
        && rows::end(&mut tx, &old.session, Ending::Replaced, *now).await?
    {
        let ended = entries::entry(
            who,
            SignInEvent::Ended(Ending::Replaced),
            &old.person,
            &old.session,
            Some(old.subject.clone()),
        );
        state.ports.journal.record(&mut tx, &ended).await?;
    }
    for event in events {
        let entry = entries::entry(who, event, &known.person, &id, subject.clone());
        state.ports.journal.record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    state.ports.users.check(&known.person).await;
    Ok(token)
}

fn client(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ClientIp>().map(|ip| ip.0)
}

/// Returns `None` if a parameter occurs twice, because two readers could use different values.
fn parameters(query: &str) -> Option<BTreeMap<String, String>> {
    let mut map = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if map.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(map)
}
