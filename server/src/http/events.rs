//! Server-sent events: the progress of a change and of jobs, and the size of the ledger. A stream does not extend the
//! session. It is closed after less than a minute, so that the reconnect checks the session again. A session has a limited
//! number of streams.

use std::{convert::Infallible, time::Duration};

use app::{
    backend::{Denied, LiveChange, LiveOperations},
    components::{live_words, running_words},
};
use axum::{
    extract::{Path, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::ids::ChangeId;
use futures::{Stream, StreamExt as _};

use super::{error::HttpError, limits::StreamPermit, pages::PageState, session::SignedIn};
use crate::service::Service;

/// The maximum duration of a stream: an ended session must close it within a minute.
const LONGEST: Duration = Duration::from_secs(50);

/// The time after which a stream without messages sends a comment, so that proxies keep it open.
const KEPT_ALIVE: Duration = Duration::from_secs(15);

/// Sends two lines per message: the state, and its meaning.
pub async fn change(
    State(state): State<PageState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let id = ChangeId::parse(&id).map_err(|_| HttpError::NotFound)?;
    let (place, service) = begin(&state, &signed)?;
    let changes = service.change_events(&id).await.map_err(refused)?;
    Ok(stream(place, changes, |LiveChange { key, progress }| {
        format!("{key}\n{}", live_words(&progress))
    }))
}

/// Sends two lines per message: the key of the state, and what runs.
pub async fn operations(
    State(state): State<PageState>,
    signed: SignedIn,
) -> Result<Response, HttpError> {
    let (place, service) = begin(&state, &signed)?;
    let states = service.operations_events().map_err(refused)?;
    Ok(stream(place, states, |LiveOperations { key, running }| {
        format!("{key}\n{}", running_words(&running))
    }))
}

/// Sends the number of entries of the ledger.
pub async fn ledger(
    State(state): State<PageState>,
    signed: SignedIn,
) -> Result<Response, HttpError> {
    let (place, service) = begin(&state, &signed)?;
    let sizes = service.ledger_events().map_err(refused)?;
    Ok(stream(place, sizes, |size| size.to_string()))
}

/// Takes a place among the streams of the session.
fn begin(state: &PageState, signed: &SignedIn) -> Result<(StreamPermit, Service), HttpError> {
    let place = state.http.limiter.stream(&signed.session)?;
    let service = Service::new(state.app_state.clone(), signed.caller());
    Ok((place, service))
}

/// What a person may not see is reported as missing.
fn refused(denied: Denied) -> HttpError {
    match denied {
        Denied::Unavailable => HttpError::Unavailable,
        Denied::LedgerNotAuthentic => HttpError::LedgerNotAuthentic,
        _ => HttpError::NotFound,
    }
}

/// Sends each message in words. The place is free again when the stream ends.
fn stream<T>(
    place: StreamPermit,
    messages: impl Stream<Item = T> + Send + 'static,
    words: impl Fn(T) -> String + Send + 'static,
) -> Response {
    let events = messages
        .take_until(tokio::time::sleep(LONGEST))
        .map(move |message| {
            let _held = &place;
            Ok::<_, Infallible>(Event::default().data(words(message)))
        });
    let keep_alive = KeepAlive::new().interval(KEPT_ALIVE);
    Sse::new(events).keep_alive(keep_alive).into_response()
}
