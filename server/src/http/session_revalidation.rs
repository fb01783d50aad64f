//! Checks regularly with Cognito whether a signed-in person may still use the session.
//!
//! A session is checked at most every 30 seconds, when it is used or a stream checks it. The refresh token is used for
//! two reasons: only it reveals a global sign-out, and the response contains the current groups. The pool is queried as
//! well. Any denial ends the session; a group that the person left ends its role. If neither responds, changes are
//! refused after one minute and reads after five.

use std::sync::{Arc, PoisonError};

use domain::time::{Duration, Timestamp};

use super::{
    error::HttpError, oidc::Refreshed, request_id, role_revocation, seal, secret::Secret,
    secret::digest, session::since, state::HttpState,
};
use crate::{
    service::sign_in::{PoolStatus, SignInEntry, SignInEvent},
    store::session::{self as rows, Ending, Session},
};

const EVERY: Duration = Duration::seconds(30);
/// The time without confirmation after which changes are refused.
const GOOD_FOR: Duration = Duration::minutes(1);
/// The time without confirmation after which reads are refused.
const GRACE: Duration = Duration::minutes(5);

/// Whether Cognito confirmed a session recently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// Within the last minute.
    Recent,
    /// Not recently: reads only.
    Stale,
}

/// Checks a session with Cognito if due, and returns it, or `None` if it has ended.
pub(super) async fn revalidate(
    state: &HttpState,
    cookie: &str,
    session: Session,
) -> Result<Option<(Session, Confirmation)>, HttpError> {
    let session = if since(session.asked_at, state.clock.now()) < EVERY {
        session
    } else {
        // Runs as a separate task: a disconnected browser must not cancel the work between the rotation of a refresh
        // token and its storage.
        let (state, cookie, request) = (state.clone(), cookie.to_owned(), request_id::current());
        let asked =
            tokio::spawn(async move { one_at_a_time(&state, &cookie, session, request).await });
        match asked.await.map_err(|_| HttpError::Internal)?? {
            Some(session) => session,
            None => return Ok(None),
        }
    };
    let age = since(session.checked_at, state.clock.now());
    if age > GRACE {
        return Err(HttpError::Unconfirmed);
    }
    let confirmed = if age > GOOD_FOR {
        Confirmation::Stale
    } else {
        Confirmation::Recent
    };
    Ok(Some((session, confirmed)))
}

async fn one_at_a_time(
    state: &HttpState,
    cookie: &str,
    session: Session,
    request: String,
) -> Result<Option<Session>, HttpError> {
    let id = session.id.clone();
    let gate = {
        let mut checks = state.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.entry(id.clone()).or_default().clone()
    };
    let outcome = {
        let _turn = gate.lock().await;
        ask_if_still_needed(state, cookie, request).await
    };
    let mut checks = state.checks.lock().unwrap_or_else(PoisonError::into_inner);
    if Arc::strong_count(&gate) <= 2 {
        checks.remove(&id);
    }
    outcome
}

async fn ask_if_still_needed(
    state: &HttpState,
    cookie: &str,
    request: String,
) -> Result<Option<Session>, HttpError> {
    // Read again: the previous holder of the lock may have checked the session.
    let hash = digest(cookie);
    let Some(mut session) = rows::by_token_hash(&state.store, &hash).await? else {
        return Ok(None);
    };
    let now = state.clock.now();
    if session.ended_at.is_some() {
        return Ok(None);
    }
    if since(session.asked_at, now) < EVERY {
        return Ok(Some(session));
    }
    match ask(state, cookie, &mut session).await? {
        RevalidationOutcome::Ended => {
            end(state, &session, request).await?;
            return Ok(None);
        }
        RevalidationOutcome::Confirmed => {
            let mut tx = state.store.write().await?;
            rows::confirm(
                &mut tx,
                &session.id,
                &session.remembered,
                session.refresh.as_deref(),
                now,
            )
            .await?;
            let seen = role_revocation::ObservedGroups {
                subject: &session.subject,
                person: &session.person,
                groups: &session.remembered.groups,
            };
            for event in role_revocation::end_roles(&state.settings, &mut tx, &seen, now).await? {
                let ended = entry(&session, event, now, request.clone());
                state.ports.journal.record(&mut tx, &ended).await?;
            }
            tx.commit().await?;
            (session.asked_at, session.checked_at) = (now, now);
        }
        RevalidationOutcome::Silence => {
            let mut tx = state.store.write().await?;
            rows::note_asked(&mut tx, &session.id, now).await?;
            tx.commit().await?;
            session.asked_at = now;
        }
    }
    Ok(Some(session))
}

enum RevalidationOutcome {
    Confirmed,
    Ended,
    Silence,
}

async fn ask(
    state: &HttpState,
    cookie: &str,
    session: &mut Session,
) -> Result<RevalidationOutcome, HttpError> {
    let (refreshed, pool) = tokio::join!(
        refresh(state, cookie, session),
        state.ports.pool.status(&session.remembered.username)
    );
    let refreshed = refreshed?;
    let pool_groups = match pool {
        PoolStatus::Disabled | PoolStatus::Gone => return Ok(RevalidationOutcome::Ended),
        PoolStatus::Active {
            signed_out_at: Some(at),
            ..
        } if at >= session.started_at => return Ok(RevalidationOutcome::Ended),
        PoolStatus::Active { groups, .. } => Some(groups),
        PoolStatus::Unknown => None,
    };
    match refreshed {
        Some(Refreshed::Ended) => return Ok(RevalidationOutcome::Ended),
        Some(Refreshed::Active(identity, rotated)) => {
            session.remembered.groups = identity.groups;
            if let Some(rotated) = rotated {
                session.refresh = Some(seal::seal(cookie, &session.id, rotated.expose()));
            }
        }
        // The pool alone cannot reveal a global sign-out, so it does not replace a refresh token without a response,
        // only a missing refresh token.
        Some(Refreshed::Unknown) => return Ok(RevalidationOutcome::Silence),
        None if pool_groups.is_none() => return Ok(RevalidationOutcome::Silence),
        None => {}
    }
    if let Some(Some(groups)) = pool_groups {
        session.remembered.groups = groups;
    }
    Ok(RevalidationOutcome::Confirmed)
}

/// Returns `None` if the session has no refresh token.
async fn refresh(
    state: &HttpState,
    cookie: &str,
    session: &Session,
) -> Result<Option<Refreshed>, HttpError> {
    let Some(sealed) = &session.refresh else {
        return Ok(None);
    };
    let Some(answer) = refresh_with(state, cookie, session, sealed).await else {
        return Ok(Some(Refreshed::Unknown));
    };
    if !matches!(answer, Refreshed::Ended) {
        return Ok(Some(answer));
    }
    // Another replica may have rotated the token during the request with the old one.
    let now = rows::by_token_hash(&state.store, &digest(cookie))
        .await?
        .and_then(|session| session.refresh);
    match now {
        Some(newer) if newer != *sealed => Ok(refresh_with(state, cookie, session, &newer).await),
        _ => Ok(Some(answer)),
    }
}

async fn refresh_with(
    state: &HttpState,
    cookie: &str,
    session: &Session,
    sealed: &str,
) -> Option<Refreshed> {
    let token = Secret::new(seal::open(cookie, &session.id, sealed)?);
    Some(
        state
            .oidc
            .refresh(&token, &session.subject.sub, state.clock.now())
            .await,
    )
}

async fn end(state: &HttpState, session: &Session, request: String) -> Result<(), HttpError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if rows::end(&mut tx, &session.id, Ending::Revoked, now).await? {
        let ended = entry(session, SignInEvent::Ended(Ending::Revoked), now, request);
        state.ports.journal.record(&mut tx, &ended).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn entry(session: &Session, event: SignInEvent, at: Timestamp, request: String) -> SignInEntry {
    SignInEntry {
        event,
        at,
        subject: Some(session.subject.clone()),
        person: Some(session.person.clone()),
        session: Some(session.id.clone()),
        client_ip: None,
        request,
    }
}
