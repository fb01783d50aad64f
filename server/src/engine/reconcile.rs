//! The loop of the reconciler: events in, effects out, one step at a time.
//!
//! `domain::engine` defines the contract. If a commit fails or its outcome is unknown, the state in memory is dropped
//! and rebuilt from the rows, under a new generation.

use std::{sync::Arc, time::Duration as StdDuration};

use domain::{
    change::State as ChangeState,
    engine::{Effect, Event, Generation, OperationRow, Pacing, Phase, Plan, State, Write},
    ids::ChangeId,
    ledger::projection::{ChangeMismatch, Lifecycle},
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{commit, execute, failpoint};
use crate::{
    clock,
    service::app_state::AppState,
    store::{self, StoreError},
};

/// The pause before a restart, which gives the database time to recover.
const PAUSE: StdDuration = StdDuration::from_millis(500);

/// Runs forever.
pub async fn run(app_state: Arc<AppState>, pacing: Pacing) {
    loop {
        if let Err(error) = live(&app_state, &pacing).await {
            // Revocations are delayed from now on, and only the log can record it while the database is unavailable.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the engine lost the database and restarts"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn live(app_state: &Arc<AppState>, pacing: &Pacing) -> Result<(), StoreError> {
    let (generation, rows) = begin(app_state).await?;
    let mut state = State::restore(rows, generation, pacing.clone(), app_state.clock.now());
    let (send, mut events) = unbounded_channel();
    let mut observations = app_state.observations.subscribe();
    post(&send, Event::Tick);
    carry_approved(app_state, &mut state, &send).await?;
    loop {
        let now = app_state.clock.now();
        let nap = state
            .next_wake(now)
            .map_or(Duration::minutes(1), |at| at.since(now));
        let nap = StdDuration::from_millis(u64::try_from(nap.0.clamp(10, 60_000)).unwrap_or(10));
        let event = tokio::select! {
            biased;
            Some(event) = events.recv() => event,
            () = app_state.wake_engine.notified() => {
                carry_approved(app_state, &mut state, &send).await?;
                Event::Tick
            }
            Ok(observation) = observations.recv() => Event::Observed(observation),
            () = tokio::time::sleep(nap) => Event::Tick,
        };
        step(app_state, &mut state, event, &send).await?;
    }
}

async fn begin(app_state: &AppState) -> Result<(Generation, domain::engine::Rows), StoreError> {
    let mut tx = app_state.store.write().await?;
    let generation = store::engine::begin(&mut tx).await?;
    let rows = store::engine::restore(&mut tx, app_state.clock.now()).await?;
    tx.commit().await?;
    tracing::info!(generation = generation.0, "the engine started");
    Ok((generation, rows))
}

/// Runs one step, and the steps that its commits trigger, without another event in between.
async fn step(
    app_state: &Arc<AppState>,
    state: &mut State,
    event: Event,
    send: &UnboundedSender<Event>,
) -> Result<(), StoreError> {
    point_before(&event);
    let mut next = Some(event);
    while let Some(event) = next.take() {
        let effects = state.step(event, app_state.clock.now(), &mut clock::operation_id);
        for effect in effects {
            match effect {
                Effect::Commit(one) => {
                    let number = one.number;
                    let point = point_of(&one.writes, &one.events);
                    commit::store(app_state, one).await?;
                    if let Some(point) = point {
                        failpoint::reached(point);
                    }
                    next = Some(Event::Committed { number });
                }
                other => execute::start(app_state.clone(), other, send.clone()),
            }
        }
    }
    Ok(())
}

/// Passes every approved change to the engine, which ignores those it already knows. Bypasses the queue: after a queued
/// event that sends a change back or ends it, its plan would count as a new one.
async fn carry_approved(
    app_state: &Arc<AppState>,
    state: &mut State,
    send: &UnboundedSender<Event>,
) -> Result<(), StoreError> {
    let approved = match approved(app_state).await {
        Ok(approved) => approved,
        Err(error) => {
            // Work in progress, revocations above all, must continue although a new change cannot be read.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the approved changes could not be read, so none of them starts"
            );
            return Ok(());
        }
    };
    let read_model = app_state.read_model();
    for stored in approved {
        let change = &stored.change;
        if !to_be_carried(&stored) {
            continue;
        }
        let plan = Plan::new(
            change.id.clone(),
            &change.proposal.operations,
            clock::grant_id,
            |operation| crate::service::app_state::session_of(&read_model, operation),
        );
        failpoint::reached("approved");
        step(app_state, state, Event::Execute(plan), send).await?;
    }
    Ok(())
}

/// Returns whether a plan may be made from a row. The row must match the request in the ledger; whether the change may
/// start is evaluated later. A change that only removes access needs an intact effect only if it needs approvals, which
/// that evaluation decides.
fn to_be_carried(stored: &store::change::StoredChange) -> bool {
    let gives = !stored.change.proposal.only_removes();
    if !gives && stored.lifecycle != Lifecycle::NotStarted {
        // It was carried out or withdrawn. A change that grants access is evaluated instead, which refuses it with a
        // reason.
        return false;
    }
    match stored.altered {
        None => true,
        Some(ChangeMismatch::DifferentEffect) => !gives,
        Some(ChangeMismatch::NeverSubmitted | ChangeMismatch::DifferentRequest) => false,
    }
}

async fn approved(app_state: &AppState) -> Result<Vec<store::change::StoredChange>, StoreError> {
    let mut conn = app_state.store.read().acquire().await?;
    store::change::in_states(&mut conn, &[ChangeState::Approved]).await
}

fn post(send: &UnboundedSender<Event>, event: Event) {
    // The receiver exists as long as this run. Later, the event is obsolete.
    let _ = send.send(event);
}

/// Marks the failpoint at which an event arrives.
fn point_before(event: &Event) {
    match event {
        Event::Evaluated { .. } => failpoint::reached("judged"),
        Event::Answered { .. } => failpoint::reached("called"),
        Event::Polled {
            status: domain::engine::WriteStatus::Succeeded,
            ..
        } => failpoint::reached("polled"),
        Event::SubjectRead { .. } => failpoint::reached("subject-read"),
        Event::CarriedOut { .. } => failpoint::reached("step-answered"),
        _ => {}
    }
}

/// Returns the failpoint that a commit made durable.
fn point_of(writes: &[Write], events: &[domain::engine::DomainEvent]) -> Option<&'static str> {
    use domain::engine::{ChangePhase, DomainEvent, StepPhase};
    let phase = writes.iter().find_map(|write| match write {
        Write::Operation(OperationRow { phase, .. }) => Some(*phase),
        _ => None,
    });
    let change = writes.iter().find_map(|write| match write {
        Write::Change(row) => Some(row.phase),
        _ => None,
    });
    let step = writes.iter().find_map(|write| match write {
        Write::Progress(row) => row.steps.last().map(|step| step.phase),
        _ => None,
    });
    match (phase, change) {
        (Some(Phase::Intended), _) => Some("intended"),
        (Some(Phase::Accepted), _) => Some("accepted"),
        (Some(Phase::Relisting), _) => Some("relisting"),
        _ if events
            .iter()
            .any(|event| matches!(event, DomainEvent::Verified { .. })) =>
        {
            Some("verified")
        }
        _ if step == Some(StepPhase::Intended) => Some("step-intended"),
        _ if step == Some(StepPhase::Done) => Some("step-done"),
        (_, Some(ChangePhase::Queued)) => Some("queued"),
        (_, Some(ChangePhase::Applying)) => Some("applying"),
        _ => None,
    }
}

/// Notifies live pages that a change moved.
pub(super) fn moved(app_state: &AppState, change: &ChangeId) {
    // Sending fails if no page is open.
    let _ = app_state.moved.send(change.clone());
}
