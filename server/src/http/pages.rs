//! Mounts the tables of `app`: every page, every preview and every action, each with its required right.
//!
//! A page is rendered in one pass, so its status, title and policy are known before the response starts.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Backend, ChangeKind, Denied, EntryAuthenticity, EntryLeaf, FileFormat},
    routes::{ACTIONS, FILES, FileRoute, FormState, Kept, PAGES, PREVIEWS, PageRoute, Visit},
};
use axum::{
    Router,
    body::Body,
    extract::{Path, RawPathParams, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::authorize::{Action, Denial, may, writes};
use futures::{Stream, stream};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use tokio::task::JoinError;
use url::form_urlencoded;

use super::{
    actions::{act, appearance, preview},
    document::{address, draw, refused},
    router::Routes,
    saved_form,
    session::SignedIn,
    state::HttpState,
};
use crate::service::{Service, app_state::AppState, journal::EntryActor};

/// The shared state of page handlers.
#[derive(Clone)]
pub struct PageState {
    pub http: HttpState,
    pub app_state: Arc<AppState>,
}

/// Returns the routes of every page, every action, and the data that pages read.
pub fn routes(state: &PageState) -> Routes {
    let mut pages = Router::new();
    for route in PAGES {
        pages = pages.route(
            route.path,
            get(move |state, signed, params, uri, headers| {
                show(route, state, signed, params, uri, headers)
            }),
        );
    }
    for route in FILES {
        for format in [FileFormat::Csv, FileFormat::Json] {
            let (ending, _) = format.names();
            pages = pages.route(
                &format!("{}.{ending}", route.path),
                get(move |state, signed, params, uri| {
                    download(route, format, state, signed, params, uri)
                }),
            );
        }
    }
    let pages = pages
        .route("/palette.json", get(palette))
        .route("/changes/new/suggestions.json", get(suggestions))
        .route("/ledger/{seq}/leaf.json", get(leaf))
        .route("/events/changes/{id}", get(super::events::change))
        .route("/events/ledger", get(super::events::ledger))
        .route("/events/operations", get(super::events::operations))
        .fallback(nothing_here)
        .with_state(state.clone());
    let mut actions = Router::new();
    for route in ACTIONS {
        actions = actions.route(
            route.path,
            post(move |state, signed, params, headers, body| {
                act(route, state, signed, params, headers, body)
            }),
        );
    }
    for route in PREVIEWS {
        actions = actions.route(
            route.path,
            post(move |state, signed, uri, headers, body| {
                preview(route, state, signed, uri, headers, body)
            }),
        );
    }
    let actions = actions
        .route(app::shell::APPEARANCE_ACTION, post(appearance))
        .with_state(state.clone());
    Routes { pages, actions }
}

/// Checks whether an actor may perform an action. A refusal is recorded before the response.
pub(super) async fn permitted(
    state: &PageState,
    signed: &SignedIn,
    action: Action,
) -> Result<(), Denied> {
    let Err(denial) = may(&signed.actor, action) else {
        return Ok(());
    };
    let journal = &state.app_state.journal;
    let who = EntryActor::of(&signed.caller());
    if let Err(error) = journal
        .note(journal.access_denied(&who, action, denial.reason()))
        .await
    {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a refusal could not be recorded in the ledger"
        );
    }
    // To a suspended identity, pages that it may not see do not exist. A refused write is explained.
    Err(match denial {
        Denial::Suspended if !writes(action) => Denied::NotFound,
        _ => Denied::of(denial, action),
    })
}

/// Returns the ports, bound to the caller.
pub(super) fn bind(state: &PageState, signed: &SignedIn) -> Arc<dyn Backend> {
    Arc::new(Service::new(state.app_state.clone(), signed.caller()))
}

/// As [`bind`], for a page or an action that proposes: it sees what this process stored before.
pub(super) async fn bind_to_latest(state: &PageState, signed: &SignedIn) -> Arc<dyn Backend> {
    Arc::new(Service::of_latest(state.app_state.clone(), signed.caller()).await)
}

pub(super) fn params(raw: &RawPathParams) -> BTreeMap<String, String> {
    raw.iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

async fn show(
    route: &'static PageRoute,
    State(state): State<PageState>,
    signed: SignedIn,
    raw: RawPathParams,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let form = kept(&state, &signed, &uri).await;
    let backend = if matches!(route.action, Action::ProposeOwn | Action::Propose) {
        bind_to_latest(&state, &signed).await
    } else {
        bind(&state, &signed)
    };
    let answer = match permitted(&state, &signed, route.action).await {
        Ok(()) => (route.page)(visit(&backend, params(&raw), &uri, form)).await,
        Err(denied) => Err(denied),
    };
    draw(&state, &backend, answer, &uri, &headers).await
}

/// Returns the text that this person entered before the session ended.
async fn kept(state: &PageState, signed: &SignedIn, uri: &Uri) -> FormState {
    let query = query(uri);
    let Some(id) = query.get("draft") else {
        return FormState::default();
    };
    let lost = FormState {
        kept: Kept::Lost,
        ..FormState::default()
    };
    if id == saved_form::NOT_KEPT {
        return lost;
    }
    match saved_form::load(&state.http, signed, id, uri.path()).await {
        Ok(Some(fields)) => FormState {
            values: fields.into_iter().collect(),
            kept: if query.contains_key(saved_form::IN_PART) {
                Kept::RestoredInPart
            } else {
                Kept::Restored
            },
            ..FormState::default()
        },
        Ok(None) => lost,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a saved form could not be read"
            );
            lost
        }
    }
}

pub(super) fn visit(
    backend: &Arc<dyn Backend>,
    params: BTreeMap<String, String>,
    uri: &Uri,
    form: FormState,
) -> Visit {
    Visit {
        backend: backend.clone(),
        params,
        query: query(uri),
        url: address(uri),
        form,
    }
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

async fn nothing_here(
    State(state): State<PageState>,
    signed: SignedIn,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let backend = bind(&state, &signed);
    draw(&state, &backend, Err(Denied::NotFound), &uri, &headers).await
}

async fn palette(State(state): State<PageState>, signed: SignedIn) -> Response {
    match bind(&state, &signed).palette().await {
        Ok(entries) => axum::Json(entries).into_response(),
        Err(denied) => refused(&denied),
    }
}

/// Sends what the typed words of `q` may mean in the field `field` of a form of the kind `kind`.
async fn suggestions(State(state): State<PageState>, signed: SignedIn, uri: Uri) -> Response {
    let query = query(&uri);
    let of = |name: &str| query.get(name).map_or("", String::as_str);
    let Some(kind) = ChangeKind::parse(of("kind")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match bind(&state, &signed).suggestions(kind, of("field"), of("q")) {
        Ok(found) => axum::Json(found).into_response(),
        Err(denied) => refused(&denied),
    }
}

async fn download(
    route: &'static FileRoute,
    format: FileFormat,
    State(state): State<PageState>,
    signed: SignedIn,
    raw: RawPathParams,
    uri: Uri,
) -> Response {
    if let Err(denied) = permitted(&state, &signed, route.action).await {
        return refused(&denied);
    }
    let backend = bind(&state, &signed);
    let visit = visit(&backend, params(&raw), &uri, FormState::default());
    match (route.file)(visit, format).await {
        Ok(file) => {
            let name = attachment(&format!("attachment; filename=\"{}\"", file.name));
            let kind = HeaderValue::from_static(file.media_type);
            (
                [
                    (header::CONTENT_TYPE, kind),
                    (header::CONTENT_DISPOSITION, name),
                ],
                Body::from_stream(pieces(file.body)),
            )
                .into_response()
        }
        Err(denied) => refused(&denied),
    }
}

/// Returns the bytes of one ledger entry, to hash them independently of the page.
async fn leaf(
    State(state): State<PageState>,
    signed: SignedIn,
    Path(seq): Path<String>,
) -> Response {
    if let Err(denied) = permitted(&state, &signed, Action::SeeLedger).await {
        return refused(&denied);
    }
    let Ok(seq) = seq.parse::<u64>() else {
        return refused(&Denied::NotFound);
    };
    match bind(&state, &signed).leaf(seq).await {
        Ok(EntryLeaf {
            bytes,
            authenticity,
        }) => {
            let mark = match authenticity {
                EntryAuthenticity::Authentic => "",
                EntryAuthenticity::NotAuthentic => "-not-authentic",
            };
            let name = format!("attachment; filename=\"leastwise-entry-{seq}{mark}.json\"");
            let kind = HeaderValue::from_static("application/json");
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_DISPOSITION, attachment(&name)),
            ];
            (headers, bytes).into_response()
        }
        Err(denied) => refused(&denied),
    }
}

fn attachment(named: &str) -> HeaderValue {
    HeaderValue::from_str(named).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Produces one piece while the previous one is sent, on a blocking thread because it is CPU work.
fn pieces(
    body: Box<dyn Iterator<Item = Vec<u8>> + Send>,
) -> impl Stream<Item = Result<Vec<u8>, JoinError>> {
    stream::try_unfold(body, |mut body| async {
        let made = tokio::task::spawn_blocking(move || body.next().map(|piece| (piece, body)));
        made.await
    })
}
