//! Carries out one effect of the reconciler and sends the result. The only caller of AWS writes.

use std::sync::Arc;

use domain::{
    engine::{
        Answer, Call, Coverage, Effect, Event, Fresh, Key, Kind, Listing, Observation, Poll,
        Presence, Status, Target,
    },
    ids::ChangeId,
    time::Timestamp,
};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    failpoint,
    fresh::{self, NotRead},
    observe,
};
use crate::{
    aws::{
        call::NOT_SENT,
        error::{CallError, Class},
        write::{self, Progress},
    },
    service::{
        changes,
        core::Core,
        waiting::{Awaited, Noted},
    },
};

/// Starts an effect. The result is sent as an event.
pub fn start(core: Arc<Core>, effect: Effect, send: UnboundedSender<Event>) {
    // If the task panics, the outcome is unknown, and the reconciler receives that.
    let unknown = of_nobody_knows(&effect);
    let work = tokio::spawn(async move { carry_out(&core, effect).await });
    tokio::spawn(async move {
        let event = match work.await {
            Ok(event) => event,
            Err(_) => unknown,
        };
        // Sending fails only after the reconciler restarted, and then the event is obsolete.
        let _ = event.map(|event| send.send(event));
    });
}

async fn carry_out(core: &Arc<Core>, effect: Effect) -> Option<Event> {
    Some(match effect {
        // The loop itself stores commits, in order.
        Effect::Commit(_) => return None,
        Effect::Judge { change } => {
            let answer = judge(core, &change).await;
            Event::Judged { change, answer }
        }
        Effect::Read { target, .. } => read(core, target).await,
        Effect::Call(call) => {
            let answer = send_write(core, &call).await;
            Event::Answered {
                operation: call.operation,
                generation: call.generation,
                answer,
            }
        }
        Effect::Poll(poll) => {
            let status = ask(core, &poll).await;
            Event::Polled {
                operation: poll.operation,
                generation: poll.generation,
                status,
            }
        }
    })
}

/// Returns the event for an effect that produced no result.
fn of_nobody_knows(effect: &Effect) -> Option<Event> {
    const WHY: &str = "the task failed while it was carried out";
    Some(match effect {
        Effect::Commit(_) => return None,
        Effect::Judge { change } => Event::Judged {
            change: change.clone(),
            answer: Fresh::Unanswered,
        },
        Effect::Read { target, .. } => Event::Unreadable {
            target: target.clone(),
            error: WHY.into(),
        },
        Effect::Call(call) => Event::Answered {
            operation: call.operation.clone(),
            generation: call.generation,
            answer: Answer::classify(None, None, WHY),
        },
        Effect::Poll(poll) => Event::Polled {
            operation: poll.operation.clone(),
            generation: poll.generation,
            status: Status::Unreadable(WHY.into()),
        },
    })
}

/// Evaluates an approved change again, against what AWS holds now. If AWS, the user pool or the database does not
/// respond, the evaluation is retried, and the page of the change shows what it waits for.
async fn judge(core: &Arc<Core>, change: &ChangeId) -> Fresh {
    match try_judge(core, change).await {
        Ok(answer) => {
            core.waiting.forget(change);
            answer
        }
        Err(awaited) => {
            let now = core.clock.now();
            if core.waiting.note(change, awaited, now) == Noted::New {
                // Sending fails if no page is open.
                let _ = core.moved.send(change.clone());
            }
            Fresh::Unanswered
        }
    }
}

async fn try_judge(core: &Arc<Core>, change: &ChangeId) -> Result<Fresh, Awaited> {
    match fresh::reread(core, change).await {
        Ok(()) => {}
        // Not an error: retried every few seconds until a crawl completes.
        Err(NotRead::NotCrawled) => {
            tracing::info!(%change, "an approved change waits for a complete crawl");
            return Err(Awaited::Crawl);
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %change,
                "the data that an approved change depends on could not be read"
            );
            return Err(match error {
                NotRead::Store(_) => Awaited::Store,
                NotRead::Aws(_) | NotRead::NotCrawled => Awaited::Aws,
            });
        }
    }
    match changes::fresh_verdict(core, &**core, change).await {
        Ok(Fresh::Unanswered) => Err(Awaited::Pool),
        Ok(answer) => Ok(answer),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an approved change could not be evaluated"
            );
            Err(Awaited::Store)
        }
    }
}

async fn read(core: &Arc<Core>, target: Target) -> Event {
    let as_of = core.clock.now();
    let listing = match &target {
        Target::Pair(pair) => core
            .aws
            .assignments(&core.instance, pair)
            .await
            .map(|principals| Listing::Pair {
                pair: pair.clone(),
                principals,
            }),
        Target::Membership { group, user } => core
            .aws
            .is_member(&core.instance, group, user)
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
            observe::note(core, &listing, as_of).await;
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

async fn send_write(core: &Core, call: &Call) -> Answer {
    // A delayed write could take effect after a newer decision.
    let on_time = || core.clock.now() <= call.not_after;
    let (aws, instance) = (&core.aws, &core.instance);
    let sent = match (&call.key, call.kind) {
        (Key::Assignment(what), Kind::Create) => aws
            .create_assignment(instance, what, &on_time)
            .await
            .map(Answer::Accepted),
        (Key::Assignment(what), Kind::Delete) => aws
            .delete_assignment(instance, what, &on_time)
            .await
            .map(Answer::Accepted),
        (Key::Membership { group, user }, Kind::Create) => aws
            .add_member(instance, group, user, &on_time)
            .await
            .map(|()| Answer::Done),
        (Key::Membership { group, user }, Kind::Delete) => aws
            .remove_member(instance, group, user, &on_time)
            .await
            .map(|()| Answer::Done),
    };
    sent.unwrap_or_else(|error| refused(&error))
}

fn refused(error: &CallError) -> Answer {
    if error.code == NOT_SENT {
        return Answer::NotSent;
    }
    // Only a response with a code and a 4xx status proves that nothing was done.
    let status = (error.class != Class::Unknown).then_some(400);
    Answer::classify(Some(&error.code), status, &error.message)
}

async fn ask(core: &Core, poll: &Poll) -> Status {
    let kind = match poll.kind {
        Kind::Create => write::Kind::Create,
        Kind::Delete => write::Kind::Delete,
    };
    match core.aws.progress(&core.instance, kind, &poll.request).await {
        Ok(Progress::InProgress) => Status::InProgress,
        Ok(Progress::Succeeded) => Status::Succeeded,
        Ok(Progress::Failed(reason)) => Status::Failed(reason),
        Err(error) if error.class == Class::NotFound => Status::Lost,
        Err(error) => Status::Unreadable(error.to_string()),
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
