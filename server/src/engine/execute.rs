//! Carries out one effect of the reconciler and sends the result. The only caller of AWS writes.

use std::sync::Arc;

use domain::{
    engine::{
        AccessResource, AwsResponse, Call, CallPriority, CarryOut, Coverage, Effect, Event,
        Listing, Observation, OperationKind, Poll, Presence, ReadSubject, ReadTarget, StartVerdict,
        StepAnswer, SubjectContent, WriteStatus,
    },
    ids::ChangeId,
    time::Timestamp,
};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    engine_permission::EnginePermission,
    failpoint,
    held_up::held_up,
    pending_starts::{NoteOutcome, StartDependency},
    reread::{self, RereadError},
    saga_steps,
    start::{self, NoVerdict},
    start_refusals::MISSING,
};
use crate::{
    aws::{
        Aws,
        call::NOT_SENT,
        error::{CallError, ErrorClass},
        fence::WritePermission,
        write::{WriteKind, WriteProgress},
    },
    service::{app_state::AppState, single_reads},
    store::{
        StoreError,
        change::{FoundChange, StoredChange},
    },
};

/// Begins an effect. The result is sent as an event. `loaded` is the change to evaluate, if it was just taken up.
pub fn begin(
    app_state: Arc<AppState>,
    effect: Effect,
    loaded: Option<StoredChange>,
    send: UnboundedSender<Event>,
) {
    // If the task panics, the outcome is unknown, and the reconciler receives that.
    let unknown = of_nobody_knows(&effect, app_state.clock.now());
    let work = tokio::spawn(async move { carry_out(&app_state, effect, loaded).await });
    tokio::spawn(async move {
        let event = match work.await {
            Ok(event) => event,
            Err(_) => unknown,
        };
        // Sending fails only after the reconciler restarted, and then the event is obsolete.
        let _ = event.map(|event| send.send(event));
    });
}

async fn carry_out(
    app_state: &Arc<AppState>,
    effect: Effect,
    loaded: Option<StoredChange>,
) -> Option<Event> {
    Some(match effect {
        // The loop itself stores commits, in order.
        Effect::Commit(_) => return None,
        Effect::Evaluate { change } => {
            let answer = fresh_verdict(app_state, &change, loaded).await;
            Event::Evaluated { change, answer }
        }
        Effect::Read { target, class } => read(app_state, &in_lane(app_state, class), target).await,
        Effect::Call(call) => {
            let answer = send_write(app_state, &call).await;
            Event::Answered {
                operation: call.operation,
                generation: call.generation,
                answer,
            }
        }
        Effect::Poll(poll) => {
            let status = ask(app_state, &poll).await;
            Event::Polled {
                operation: poll.operation,
                generation: poll.generation,
                status,
            }
        }
        Effect::ReadSubject(read) => {
            let as_of = app_state.clock.now();
            let content = saga_steps::read(app_state, &read.key).await;
            subject_read(&read, content, as_of)
        }
        Effect::CarryOut(step) => {
            let answer = saga_steps::carry_out(app_state, &step).await;
            carried_out(&step, answer)
        }
    })
}

fn subject_read(read: &ReadSubject, content: SubjectContent, as_of: Timestamp) -> Event {
    Event::SubjectRead {
        change: read.change.clone(),
        index: read.index,
        content,
        as_of,
    }
}

fn carried_out(step: &CarryOut, answer: StepAnswer) -> Event {
    Event::CarriedOut {
        change: step.change.clone(),
        index: step.index,
        number: step.number,
        attempt: step.attempt,
        generation: step.generation,
        answer,
    }
}

/// Returns the event for an effect that produced no result.
fn of_nobody_knows(effect: &Effect, now: Timestamp) -> Option<Event> {
    const WHY: &str = "the task failed while it was carried out";
    Some(match effect {
        Effect::Commit(_) => return None,
        Effect::Evaluate { change } => Event::Evaluated {
            change: change.clone(),
            answer: StartVerdict::Unanswered,
        },
        Effect::Read { target, .. } => Event::Unreadable {
            target: target.clone(),
            error: WHY.into(),
        },
        Effect::Call(call) => Event::Answered {
            operation: call.operation.clone(),
            generation: call.generation,
            answer: AwsResponse::classify(None, None, WHY),
        },
        Effect::Poll(poll) => Event::Polled {
            operation: poll.operation.clone(),
            generation: poll.generation,
            status: WriteStatus::Unreadable(WHY.into()),
        },
        Effect::ReadSubject(read) => {
            subject_read(read, SubjectContent::Unreadable(WHY.into()), now)
        }
        Effect::CarryOut(step) => carried_out(step, StepAnswer::Unknown(WHY.into())),
    })
}

/// Evaluates an approved change again, against what AWS holds now. If AWS, the user pool or the database does not
/// respond, the evaluation is retried, and the page of the change shows what it waits for.
async fn fresh_verdict(
    app_state: &Arc<AppState>,
    change: &ChangeId,
    loaded: Option<StoredChange>,
) -> StartVerdict {
    match try_fresh_verdict(app_state, change, loaded).await {
        Ok(answer) => {
            app_state.waiting.forget(change);
            answer
        }
        Err(awaited) => {
            let now = app_state.clock.now();
            if app_state.waiting.note(change, awaited, now) == NoteOutcome::New {
                // Sending fails if no page is open.
                let _ = app_state.moved.send(change.clone());
            }
            match awaited {
                StartDependency::Crawl
                | StartDependency::IdentityAlarm
                | StartDependency::PeopleOfTheAlarm => StartVerdict::Held,
                StartDependency::Aws
                | StartDependency::Pool
                | StartDependency::PeopleUnclear
                | StartDependency::Store => StartVerdict::Unanswered,
            }
        }
    }
}

async fn try_fresh_verdict(
    app_state: &Arc<AppState>,
    change: &ChangeId,
    loaded: Option<StoredChange>,
) -> Result<StartVerdict, StartDependency> {
    let loaded = match loaded {
        Some(loaded) => loaded,
        None => match start::load(app_state, change).await {
            Err(error) => return Err(not_evaluated(change, &error)),
            Ok(None) => return Ok(StartVerdict::Refused(MISSING.into())),
            Ok(Some(FoundChange::Unreadable(_))) => return Ok(StartVerdict::NoLongerWanted),
            Ok(Some(FoundChange::Known(stored))) => *stored,
        },
    };
    // Whatever AWS answers, a change that these hold up does not start.
    let held_up = held_up(app_state, &**app_state, &loaded).await;
    held_up.map_err(|missing| awaited(change, missing))?;
    match reread::reread(app_state, &loaded).await {
        Ok(()) => {}
        // Not an error: retried every few seconds until a crawl completes.
        Err(RereadError::NotCrawled) => {
            tracing::info!(%change, "an approved change waits for a complete crawl");
            return Err(StartDependency::Crawl);
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %change,
                "the data that an approved change depends on could not be read"
            );
            return Err(match error {
                RereadError::Store(_) | RereadError::NotShown(_) => StartDependency::Store,
                RereadError::Aws(_) | RereadError::NotCrawled => StartDependency::Aws,
            });
        }
    }
    let verdict = start::fresh_verdict(app_state, &**app_state, &loaded).await;
    verdict.map_err(|missing| awaited(change, missing))
}

fn awaited(change: &ChangeId, missing: NoVerdict) -> StartDependency {
    match missing {
        NoVerdict::PeopleNotRead => StartDependency::Pool,
        NoVerdict::PeopleUnclear => StartDependency::PeopleUnclear,
        NoVerdict::Stopped => StartDependency::IdentityAlarm,
        NoVerdict::PeopleOfTheAlarm => StartDependency::PeopleOfTheAlarm,
        NoVerdict::Store(error) => not_evaluated(change, &error),
    }
}

fn not_evaluated(change: &ChangeId, error: &StoreError) -> StartDependency {
    tracing::error!(
        error = error as &dyn std::error::Error,
        %change,
        "an approved change could not be evaluated"
    );
    StartDependency::Store
}

/// Returns the clients whose calls wait in the lane of a priority: no grant, crawl or request delays a revocation.
fn in_lane(app_state: &AppState, class: CallPriority) -> Aws {
    match class {
        CallPriority::Revoke => app_state.aws.for_revocations(),
        CallPriority::Grant | CallPriority::Watch => app_state.aws.clone(),
    }
}

async fn read(app_state: &Arc<AppState>, aws: &Aws, target: ReadTarget) -> Event {
    let as_of = app_state.clock.now();
    let listing = match &target {
        ReadTarget::Pair(pair) => {
            aws.assignments(&app_state.instance, pair)
                .await
                .map(|principals| Listing::Pair {
                    pair: pair.clone(),
                    principals,
                })
        }
        ReadTarget::Membership { group, user } => aws
            .is_member(&app_state.instance, group, user)
            .await
            .map(|there| {
                let presence = if there {
                    Presence::Present
                } else {
                    Presence::Absent
                };
                Listing::Membership {
                    group: group.clone(),
                    user: user.clone(),
                    presence,
                }
            }),
    };
    match listing {
        Ok(listing) => {
            point(&listing);
            single_reads::note(app_state, &listing, as_of).await;
            Event::Observed(Observation {
                listing,
                as_of,
                coverage: Coverage::Complete,
            })
        }
        Err(error) => Event::Unreadable {
            target,
            error: error.to_string(),
        },
    }
}

/// A failpoint: tests may kill the process before the reconciler receives the observation.
fn point(listing: &Listing) {
    if let Listing::Pair { principals, .. } = listing {
        failpoint::reached(if principals.is_empty() {
            "observed-before"
        } else {
            "observed-after"
        });
    }
}

async fn send_write(app_state: &AppState, call: &Call) -> AwsResponse {
    let engine_lease = &app_state.engine_lease;
    let permission: Arc<dyn WritePermission> = Arc::new(EnginePermission::of(app_state, call));
    let _in_flight = engine_lease.write_begins();
    tokio::select! {
        biased;
        // Also without an answer: nobody in this process waits for one any more.
        () = engine_lease.ended(call.generation) => {
            AwsResponse::classify(None, None, "another process runs the engine now")
        }
        answer = write(app_state, call, &permission) => answer,
    }
}

async fn write(
    app_state: &AppState,
    call: &Call,
    permission: &Arc<dyn WritePermission>,
) -> AwsResponse {
    let (aws, instance) = (
        in_lane(app_state, call.kind.priority()),
        &app_state.instance,
    );
    let sent = match (&call.key, call.kind) {
        (AccessResource::Assignment(what), OperationKind::Create) => aws
            .create_assignment(instance, what, permission)
            .await
            .map(AwsResponse::Accepted),
        (AccessResource::Assignment(what), OperationKind::Delete) => aws
            .delete_assignment(instance, what, permission)
            .await
            .map(AwsResponse::Accepted),
        (AccessResource::Membership { group, user }, OperationKind::Create) => aws
            .add_member(instance, group, user, permission)
            .await
            .map(|()| AwsResponse::Done),
        (AccessResource::Membership { group, user }, OperationKind::Delete) => aws
            .remove_member(instance, group, user, permission)
            .await
            .map(|()| AwsResponse::Done),
    };
    sent.unwrap_or_else(|error| refused(&error))
}

fn refused(error: &CallError) -> AwsResponse {
    if error.code == NOT_SENT {
        return AwsResponse::NotSent;
    }
    // Only a response with a code and a 4xx status proves that nothing was done.
    let status = (error.class != ErrorClass::Unknown).then_some(400);
    AwsResponse::classify(Some(&error.code), status, &error.message)
}

async fn ask(app_state: &AppState, poll: &Poll) -> WriteStatus {
    let kind = match poll.kind {
        OperationKind::Create => WriteKind::Create,
        OperationKind::Delete => WriteKind::Delete,
    };
    match in_lane(app_state, poll.kind.priority())
        .progress(&app_state.instance, kind, &poll.request)
        .await
    {
        Ok(WriteProgress::InProgress) => WriteStatus::InProgress,
        Ok(WriteProgress::Succeeded) => WriteStatus::Succeeded,
        Ok(WriteProgress::Failed(reason)) => WriteStatus::Failed(reason),
        Err(error) if error.class == ErrorClass::NotFound => WriteStatus::Lost,
        Err(error) => WriteStatus::Unreadable(error.to_string()),
    }
}

/// Returns the observation of a listing from the crawl. `as_of` is the start of the read.
pub(super) fn observation(listing: Listing, as_of: Timestamp) -> Observation {
    Observation {
        listing,
        as_of,
        coverage: Coverage::Complete,
    }
}
