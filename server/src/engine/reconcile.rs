//! The loop of the reconciler: events in, effects out, one step at a time.
//!
//! `domain::engine` defines the contract. If a commit fails or its outcome is unknown, the state in memory is dropped
//! and rebuilt from the rows, under a new generation.

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration as StdDuration};

use domain::{
    change::State as ChangeState,
    engine::{Effect, Event, Generation, OperationRow, Pacing, Phase, Plan, State, Write},
    ids::ChangeId,
    ledger::projection::{ChangeMismatch, Lifecycle},
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{commit, execute, failpoint, lease, start};
use crate::{
    clock,
    service::app_state::AppState,
    store::{
        self, StoreError,
        change::{FoundChange, StoredChange},
    },
};

/// The approved changes that the engine was given since it started, or that only a newer version of Leastwise can start,
/// each with the version of its row. A change that was sent back and approved again has another version.
type TakenUp = HashMap<ChangeId, i64>;

/// The pause before a restart, which gives the database time to recover.
const PAUSE: StdDuration = StdDuration::from_millis(500);

/// The longest sleep. Then approved changes are looked for, because the notification about one may have been lost with the
/// process that sent it.
const NAP: StdDuration = StdDuration::from_secs(5);

/// Runs forever: waits for the engine lease, and runs the engine as long as this process holds it.
pub async fn run(app_state: Arc<AppState>, pacing: Pacing) {
    loop {
        if let Err(error) = under_lease(&app_state, &pacing).await {
            // Revocations are delayed from now on, and only the log can record it while the database is unavailable.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the engine lost the database and restarts"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn under_lease(app_state: &Arc<AppState>, pacing: &Pacing) -> Result<(), StoreError> {
    let held = lease::take(app_state).await?;
    tokio::select! {
        // Dropped wherever it waits: everything in memory is forgotten, and no commit of this generation succeeds later.
        result = live(app_state, pacing, held.generation) => result,
        () = app_state.engine_lease.ended(held.generation) => {
            if !app_state.engine_lease.is_closed() {
                tracing::warn!("this process lost the engine lease and runs the engine no more");
            }
            Ok(())
        }
    }
}

async fn live(
    app_state: &Arc<AppState>,
    pacing: &Pacing,
    generation: Generation,
) -> Result<(), StoreError> {
    app_state.engine_lease.turn_begins();
    let rows = begin(app_state, generation).await?;
    let mut state = State::restore(rows, generation, pacing.clone(), app_state.clock.now());
    let (send, mut events) = unbounded_channel();
    let mut observations = app_state.observations.subscribe();
    let mut taken_up = TakenUp::new();
    post(&send, Event::Tick);
    take_up_approved(app_state, &mut state, &mut taken_up, &send).await?;
    let mut look = pin!(tokio::time::sleep(NAP));
    loop {
        let now = app_state.clock.now();
        let nap = state
            .next_wake(now)
            .map_or(Duration::minutes(1), |at| at.since(now));
        let nap = StdDuration::from_millis(u64::try_from(nap.0.max(10)).unwrap_or(10)).min(NAP);
        app_state.engine_lease.turn_ends();
        let work = tokio::select! {
            biased;
            Some(event) = events.recv() => Some(event),
            () = app_state.wake_engine.notified() => None,
            () = &mut look => None,
            Ok(observation) = observations.recv() => Some(Event::Observed(observation)),
            () = tokio::time::sleep(nap) => Some(Event::Tick),
        };
        app_state.engine_lease.turn_begins();
        let event = if let Some(event) = work {
            event
        } else {
            take_up_approved(app_state, &mut state, &mut taken_up, &send).await?;
            look.set(tokio::time::sleep(NAP));
            Event::Tick
        };
        step(app_state, &mut state, event, None, &send).await?;
    }
}

/// Loads what the process before left. On a large database this takes longer than a lease, so it has a transaction of its
/// own.
async fn begin(
    app_state: &AppState,
    generation: Generation,
) -> Result<domain::engine::Rows, StoreError> {
    let mut tx = app_state.store.write().await?;
    store::engine::hold(&mut tx, generation).await?;
    let rows = store::engine::restore(&mut tx, app_state.clock.now()).await?;
    tx.commit().await?;
    tracing::info!(generation = generation.0, "the engine started");
    Ok(rows)
}

/// Runs one step, and the steps that its commits trigger, without another event in between. `loaded` is the change that
/// the event takes up.
async fn step(
    app_state: &Arc<AppState>,
    state: &mut State,
    event: Event,
    mut loaded: Option<StoredChange>,
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
                other => {
                    let evaluated = loaded.take_if(|loaded| {
                        matches!(&other, Effect::Evaluate { change } if *change == loaded.change.id)
                    });
                    execute::begin(app_state.clone(), other, evaluated, send.clone());
                }
            }
        }
    }
    Ok(())
}

/// Gives the engine every approved change that it does not have yet. Bypasses the queue: after a queued event that sends
/// a change back or ends it, its plan would count as a new one.
async fn take_up_approved(
    app_state: &Arc<AppState>,
    state: &mut State,
    taken_up: &mut TakenUp,
    send: &UnboundedSender<Event>,
) -> Result<(), StoreError> {
    let approved = match approved(app_state).await {
        Ok(approved) => approved,
        Err(error) => {
            // Work in progress, revocations above all, must continue although a new change cannot be read.
            unreadable(&error);
            return Ok(());
        }
    };
    let before = std::mem::take(taken_up);
    for (change, version) in approved {
        if before.get(&change) == Some(&version) {
            taken_up.insert(change, version);
            continue;
        }
        let stored = match start::load(app_state, &change).await {
            Ok(Some(FoundChange::Known(stored))) => *stored,
            // Whether a change that is not understood gives access is not known, so a newer version has to start it.
            Ok(Some(FoundChange::Unreadable(row))) => {
                if row.altered.is_none() {
                    taken_up.insert(change, version);
                }
                continue;
            }
            Ok(None) => continue,
            // One bad row must not delay all other changes, removals in particular. The change itself cannot start.
            Err(error) => {
                unreadable(&error);
                continue;
            }
        };
        if stored.change.state != ChangeState::Approved || !to_be_carried(&stored) {
            continue;
        }
        taken_up.insert(change, stored.version);
        take_up(app_state, state, stored, send).await?;
    }
    Ok(())
}

fn unreadable(error: &StoreError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "approved changes could not be read, so they do not start"
    );
}

async fn take_up(
    app_state: &Arc<AppState>,
    state: &mut State,
    stored: StoredChange,
    send: &UnboundedSender<Event>,
) -> Result<(), StoreError> {
    let read_model = app_state.read_model();
    let plan = Plan::new(
        stored.change.id.clone(),
        &stored.change.proposal.operations,
        stored.change.proposal.not_before,
        clock::grant_id,
        |operation| crate::service::app_state::session_of(&read_model, operation),
    );
    failpoint::reached("approved");
    step(app_state, state, Event::Execute(plan), Some(stored), send).await
}

/// Returns whether a plan may be made from a row. The row must match the request in the ledger; whether the change may
/// start is evaluated later. A change that only removes access needs an intact effect only if it needs approvals, which
/// that evaluation decides.
fn to_be_carried(stored: &StoredChange) -> bool {
    let may_wait = stored.change.may_be_delayed();
    if !may_wait && stored.lifecycle != Lifecycle::NotStarted {
        // It was carried out or withdrawn. A change that may be delayed is evaluated instead, which refuses it with a
        // reason.
        return false;
    }
    match stored.altered {
        None => true,
        Some(ChangeMismatch::DifferentEffect) => !may_wait,
        Some(ChangeMismatch::NeverSubmitted | ChangeMismatch::DifferentRequest) => false,
    }
}

async fn approved(app_state: &AppState) -> Result<Vec<(ChangeId, i64)>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    store::change::versions(&mut conn, ChangeState::Approved).await
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
