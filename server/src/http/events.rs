//! Server-sent events: how far a change has come. A stream never keeps a session alive, and is cut
//! before a minute is over, so that the browser's next one looks at the session anew.

use std::{convert::Infallible, time::Duration};

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

use super::{pages::PageState, request_id, session::Signed};
use crate::service::Service;

/// How long one stream lives: an ended session must close it within a minute.
const LONGEST: Duration = Duration::from_secs(50);

/// Two lines a message: the state's word, and what it means now.
pub async fn change(
    State(state): State<PageState>,
    signed: Signed,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = ChangeId::parse(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let service = Service::new(state.core.clone(), signed, request_id::current());
    // What one may not see is not there.
    let Ok(words) = service.change_events(&id).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let events = words
        .take_until(tokio::time::sleep(LONGEST))
        .map(|words| Ok::<_, Infallible>(Event::default().data(words)));
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(keep_alive).into_response()
}
