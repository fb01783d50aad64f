//! Server-sent events: the progress of a change and of jobs, and the size of the ledger. A stream does not extend the session. It is closed after less than a
//! minute, so that the reconnect checks the session again. A session has a limited number of streams.

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
use futures::StreamExt as _;
use http::StatusCode;

use super::{error::HttpError, pages::PageState, session::SignedIn};
use crate::service::Service;

/// The maximum duration of a stream: an ended session must close it within a minute.
const LONGEST: Duration = Duration::from_secs(50);

/// Sends two lines per message: the state, and its meaning.
pub async fn change(
    State(state): State<PageState>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = ChangeId::parse(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Held by the stream, so that the place is free when the stream ends.
    let place = match state.http.limiter.stream(&signed.session) {
        Ok(place) => place,
        Err(error) => return error.into_response(),
    };
    let service = Service::new(state.app_state.clone(), signed.caller());
    // A change that the person may not see is reported as missing.
    let changes = match service.change_events(&id).await {
        Ok(changes) => changes,
        Err(Denied::Unavailable) => return HttpError::Unavailable.into_response(),
        Err(Denied::LedgerNotAuthentic) => return HttpError::LedgerNotAuthentic.into_response(),
        Err(_) => return StatusCode::NOT_FOUND.into_response(),
    };
    let events =
        changes
            .take_until(tokio::time::sleep(LONGEST))
            .map(move |LiveChange { key, progress }| {
                let _held = &place;
                let words = live_words(&progress);
                Ok::<_, Infallible>(Event::default().data(format!("{key}\n{words}")))
            });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(keep_alive).into_response()
}

/// Sends two lines per message: the key of the state, and what runs.
pub async fn operations(State(state): State<PageState>, signed: SignedIn) -> Response {
    let place = match state.http.limiter.stream(&signed.session) {
        Ok(place) => place,
        Err(error) => return error.into_response(),
    };
    let service = Service::new(state.app_state.clone(), signed.caller());
    let Ok(events) = service.operations_events() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let events = events.take_until(tokio::time::sleep(LONGEST)).map(
        move |LiveOperations { key, running }| {
            let _held = &place;
            let words = running_words(&running);
            Ok::<_, Infallible>(Event::default().data(format!("{key}\n{words}")))
        },
    );
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(keep_alive).into_response()
}

/// Sends the number of entries of the ledger.
pub async fn ledger(State(state): State<PageState>, signed: SignedIn) -> Response {
    let place = match state.http.limiter.stream(&signed.session) {
        Ok(place) => place,
        Err(error) => return error.into_response(),
    };
    let service = Service::new(state.app_state.clone(), signed.caller());
    let Ok(sizes) = service.ledger_events() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let events = sizes
        .take_until(tokio::time::sleep(LONGEST))
        .map(move |size| {
            let _held = &place;
            Ok::<_, Infallible>(Event::default().data(size.to_string()))
        });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(keep_alive).into_response()
}
