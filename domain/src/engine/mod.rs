//! The reconciler and the sagas: decide which write comes next and interpret the response.
//!
//! Access is level-triggered: the reconciler keeps it in the desired state. Everything else that a change may contain is
//! carried out once, by a saga (`saga.rs`).
//!
//! Sans I/O: no async, no clock, no randomness, no SQL, no SDK. The *shell* (the server) executes the effects that
//! [`State::step`] returns and feeds the results back as [`Event`]s. The process may be killed at any instant; the
//! state is rebuilt from [`Rows`]. This module must never treat a missing response as a failure, an accepted request as
//! done, or anything as *verified* that a later complete read did not show.
//!
//! # The contract of the shell
//!
//! **Start.** Take the lease of the engine ([`lease`]), which increments the stored generation, and load [`Rows`] in a
//! transaction that holds this generation. Then call [`State::restore`] and
//! `step(Event::Tick)`. Then send `Event::Execute` for every change whose stored state is *approved* (known changes are
//! ignored), and again whenever a change becomes approved.
//!
//! **Order.** The shell runs one loop over one queue of events. Effects may be executed concurrently, with two
//! exceptions:
//! 1. `Commit`s are executed one after another by `number`, each in one transaction: check that the stored generation
//!    equals `Commit::generation` (otherwise stop this engine permanently), upsert `writes`, and write `events` to the
//!    ledger, the change state and the outbox. Then send `Event::Committed`.
//! 2. If a commit fails **or its outcome is unknown** (timeout, dropped future), discard this `State` and start again
//!    as above. Responses to earlier calls carry the earlier generation and are ignored.
//!
//! A `Call` is returned only by the step that handles the `Committed` of its intent:
//!
//! ```text
//! Execute ──► Commit{change queued} ──► Evaluate ──► Evaluated ──► Commit{windows, event applying}
//!       ──► Read ──► Observed(absent) ──► Commit{operation intended} ──► Call
//!       ──► Answered(accepted) ──► Commit{request id} ──► Poll ... Polled(succeeded)
//!       ──► Commit{relisting} ──► Read ──► Observed(present)
//!       ──► Commit{operation over, window delivered, event verified}
//! ```
//!
//! A step that commits returns only the `Commit`; its other effects follow after `Committed`.
//!
//! A saga reads its subject before its first step and after each step. The read after the last step verifies it:
//!
//! ```text
//! ReadSubject ──► SubjectRead(what the step starts from) ──► Commit{step intended} ──► CarryOut
//!       ──► CarriedOut ──► ReadSubject ──► SubjectRead(what the step leaves)
//!       ──► Commit{step done, event step; the next step intended, or event verified}
//! ```
//!
//! **Sagas.** `SubjectRead::as_of` is the instant at which the read began. `SubjectContent::Gone` is the answer only if a
//! complete read did not find the subject; every failure is `Unreadable`. `CarryOut` is answered once: with `NotSent`
//! after `not_after`, with `Refused` only if nothing was written, with `Unknown` whenever that is not certain, such as a
//! database transaction whose commit was not confirmed. A step is idempotent, is never retried by the shell, and compares
//! `CarryOut::from` in its own write wherever the subject can be compared; otherwise it takes effect within
//! [`Pacing::doubt_step`] of its intent or not at all. A missing answer is asked for again after
//! [`Pacing::answer_within`] (reads) or makes the outcome unknown after [`Pacing::deadline`] (steps).
//!
//! **Rows.** `Write::Change` comes when a change is accepted, begins and is over; in between, each result is in the
//! `Write::Progress` of its item. Both are loaded for every change that is not over. No row of a change is proven, so the
//! shell compares its sagas with the request ([`ChangeRow::as_requested`]); one of [`Rows::altered`] writes nothing more.
//!
//! **Calls.** SDK retries are off. The attempt timeout must be short enough that `Call::not_after` plus the timeout
//! ends within [`Pacing::doubt_delete`] of the intent. Map the result with [`AwsResponse::classify`]; anything other
//! than an error code with a 4xx status is unknown. Every `Call`, `Poll` and `Read` gets exactly one response event. A
//! missing response is requested again (reads, polls) or makes the outcome unknown after [`Pacing::deadline`] (calls).
//! A status that arrives with the acceptance is not used: poll.
//!
//! **Reads.** `Observation::as_of` is the instant at which the first page was requested. The crawl feeds its reads the
//! same way (`Listing::Pair`, `Listing::Group`); feeding an incomplete read is optional, since nothing is concluded
//! from it. [`CallPriority`] orders the shell's token bucket.
//!
//! **Sleep.** Without other events, send `Event::Tick` at [`State::next_wake`].
//!
//! **Alarms** are [`DomainEvent::Overdue`]. They are part of the transaction, and so of the outbox, and are raised once
//! each. If commits themselves fail, the shell must raise its own alarm.
//!
//! # Invariants
//!
//! - Desired = any valid window, or adopted. Windows are a set, so none of them cuts another off.
//! - Only access that Leastwise manages is written: through a window (from its first intent or delivery), an adoption
//!   or a removal. A window that failed before anything was written leaves no claim.
//! - A managed resource without a reason to exist is removed, whoever created it. Attempts continue without limit, at
//!   most 5 minutes apart. If AWS refuses because the principal no longer exists in the directory, the removals that
//!   wait for it fail after a few attempts, and the engine retries every hour.
//! - Access that disappears without a write of ours is reported ([`DomainEvent::Missing`]) and **not** restored,
//!   because the removal may be intentional. A second read that agrees, at least a minute later, ends its windows. The
//!   one exception is a delete of ours that took effect late.
//! - A removal change ends every reason of its resources at once when its verdict arrives. A grant of the same resource
//!   waits for it. A mixed change waits for its verdict as a whole. An access window that ends, and a removal that has
//!   started, need no verdict.
//! - A window begins when the new verdict arrives, not when AWS has finished, so access never exists before its window.
//! - A change with a start time asks for its verdict at that time, also if it only removes access, and its windows begin
//!   then. Until then it holds nothing else.
//! - A saga writes nothing after it saw a content that neither its request saw nor one of its steps leaves, and never
//!   carries out a step whose result it saw. Steps that are done stay done, and are told. Sagas of one subject run one
//!   after another. They use no slot of an AWS operation, so that no revocation waits for one.
//! - An event costs no more than the items that it concerns, however many a change has.
//! - After a create request of unknown outcome, the resource is only observed for [`Pacing::doubt_create`]; then it may
//!   be created again. The same applies after [`Pacing::deadline`] to an accepted request that does not end.
//!
//! # Example
//!
//! ```
//! use domain::{engine::*, ids::*, time::*};
//! # fn main() -> Result<(), InvalidId> {
//! let key = AccessResource::Membership {
//!     group: GroupId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b")?,
//!     user: UserId::parse("1e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b")?,
//! };
//! let change = ChangeId::parse("2e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b")?;
//! let now = Timestamp(0);
//! let mut ids = || OperationId::parse("3e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("a UUID");
//! let mut state = State::restore(Rows::default(), Generation(1), Pacing::default(), now);
//! let item = Item::Close { key: key.clone(), session: Duration::hours(1) };
//! let plan = Plan { change, items: vec![item], not_before: None };
//! let effects = state.step(Event::Execute(plan), now, &mut ids);
//! let [Effect::Commit(commit)] = effects.as_slice() else { panic!("first the intent") };
//! let effects = state.step(Event::Committed { number: commit.number }, now, &mut ids);
//! assert!(matches!(effects.as_slice(), [Effect::Evaluate { .. }]));
//! # Ok(())
//! # }
//! ```

mod admission;
mod advance;
mod backoff;
mod changes;
mod due;
mod effect;
mod event;
mod failure;
mod follow_up;
pub mod lease;
mod pacing;
mod queued;
mod resource;
mod resource_state;
mod responses;
mod rows;
mod saga;
mod settled;
mod start_dependency;
mod state;
mod verify;

pub use effect::{Call, Commit, DomainEvent, Effect, Poll};
pub use event::{
    AwsResponse, Coverage, Event, Listing, Observation, Plan, StartVerdict, WriteStatus,
};
pub use failure::{Refusal, RefusalKind};
pub use follow_up::{FollowUp, Lasting, follow_up};
pub use pacing::{Pacing, REREADS, alarm_after};
pub use resource::{AccessResource, CallPriority, OperationKind, ReadTarget};
pub use rows::{
    Cause, ChangePhase, ChangeRow, Delivery, FollowUpReads, Generation, Item, ItemResult, ItemRow,
    OperationOutcome, OperationRow, PendingRemoval, Phase, Presence, ReadResult, ResourceRow,
    RetryState, Rows, WindowRow, Write,
};
pub use saga::{
    exchange::{CarryOut, ReadSubject, Retry, StepAnswer, SubjectContent},
    rows::{ProgressRow, SagaStop, StepPhase, StepResult, StepRow},
};
pub use start_dependency::StartDependency;
pub use state::State;

use crate::time::Duration;

/// How long a delete of unknown outcome may still explain that access is missing. Covers the last re-read
/// ([`REREADS`]).
const DOUBT_LASTS: Duration = Duration::minutes(61);
