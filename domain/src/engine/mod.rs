//! The reconciler: which write to AWS comes next, and what its answer means.
//!
//! Sans I/O: no async, no clock, no randomness, no SQL, no SDK. The shell executes what
//! [`State::step`] returns and feeds the results back as [`Event`]s. It may be killed at any
//! instant; everything is rebuilt from [`Rows`]. This module must never call AWS's silence *no*,
//! its acceptance *done*, or anything *verified* that a later complete read did not show.
//!
//! # The contract of the shell
//!
//! **Start.** In one transaction: raise the stored generation by one, load [`Rows`]. Then
//! [`State::restore`] and `step(Event::Woke)`. Then `Event::Carry` for every change whose stored
//! state is *approved* (what is already known is ignored), and again whenever one becomes so.
//!
//! **Order.** The shell runs one loop over one queue of events; effects may be executed
//! concurrently, with two exceptions:
//! 1. `Commit`s are executed one after another by `number`, each in one transaction: check that
//!    the stored generation still is `Commit::generation` (else stop this engine for good), upsert
//!    `writes`, and put `tells` into ledger, change state and outbox in the same transaction. Then
//!    `Event::Committed`.
//! 2. If a commit fails, **or is unknown** (time-out, dropped future), nothing more may be done
//!    with this `State`: drop it and start again as above. Answers to older calls carry the older
//!    generation and are ignored.
//!
//! `Call`s only ever come out of the step that handles the `Committed` of their intent. So:
//!
//! ```text
//! Carry ──► Commit{change queued} ──► Judge ──► Judged ──► Commit{windows, tell applying}
//!       ──► Read ──► Observed(absent) ──► Commit{operation intended} ──► Call
//!       ──► Answered(accepted) ──► Commit{request id} ──► Poll ... Polled(succeeded)
//!       ──► Commit{relisting} ──► Read ──► Observed(present)
//!       ──► Commit{operation over, window delivered, tell verified}
//! ```
//!
//! A step that commits returns the `Commit` alone; everything else it wants follows after
//! `Committed`.
//!
//! **Calls.** SDK retries off; an attempt time-out such that `Call::not_after` plus it ends within
//! [`Pacing::doubt_delete`] of the intent. Map the result by [`Answer::classify`]; whatever is not
//! a code with a 4xx status is unknown. Every `Call`, `Poll` and `Read` gets exactly one answer
//! event; what never comes is asked again (reads, polls) or becomes doubt after
//! [`Pacing::deadline`] (calls). A status that came with the acceptance is not used: poll.
//!
//! **Reads.** `Observation::as_of` is when the first page was asked for. Reads of the crawl are
//! fed in the same way (`Listing::Pair`, `Listing::Group`); an incomplete one may be fed or not,
//! nothing is concluded from it. [`Class`] orders the shell's token bucket.
//!
//! **Sleep.** When nothing else comes, `Event::Woke` at [`State::next_wake`].
//!
//! **Alarms** are [`Tell::Overdue`]: they are in the transaction, hence in the outbox, and come
//! once each. If commits themselves fail, the shell must alarm by itself.
//!
//! # What holds
//!
//! - Desired = any valid window, or adopted. Windows are a set, so none cuts another off.
//! - Only what was ever ours is written: a window (from its first intent or delivery), an
//!   adoption, or a removal. A window that failed before anything was written leaves no claim.
//! - A key of ours without a reason to exist is removed, for ever trying (at most 5 minutes
//!   between tries), whoever put it there. Where AWS refuses because the principal is gone from the
//!   directory, the removals that wait for it fail after a few tries and it is tried every hour.
//! - What is gone without our doing is told ([`Tell::Missing`]) and **not** put back: somebody may have
//!   meant it. A second read a minute later that agrees ends its windows. The one exception is a delete
//!   of our own that came true late.
//! - A removal change ends every reason of its keys at once and never waits for a verdict; a grant
//!   on the same key waits behind it. A mixed change waits for its verdict as a whole.
//! - A window begins when the fresh verdict arrives, not when AWS is done: no access is ever there
//!   before its window.
//! - After a create of unknown outcome the key is only observed for [`Pacing::doubt_create`];
//!   then it may be created again. The same for an accepted one without an end, after
//!   [`Pacing::deadline`].
//!
//! # Example
//!
//! ```
//! use domain::{engine::*, ids::*, time::*};
//! # fn main() -> Result<(), InvalidId> {
//! let key = Key::Membership {
//!     group: GroupId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b")?,
//!     user: UserId::parse("1e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b")?,
//! };
//! let change = ChangeId::parse("2e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b")?;
//! let now = Timestamp(0);
//! let mut ids = || OperationId::parse("3e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("a UUID");
//! let mut state = State::restore(Rows::default(), Generation(1), Pacing::default(), now);
//! let item = Item::Close { key: key.clone(), session: Duration::hours(1) };
//! let plan = Plan { change, items: vec![item] };
//! let effects = state.step(Event::Carry(plan), now, &mut ids);
//! let [Effect::Commit(commit)] = effects.as_slice() else { panic!("first the intent") };
//! let effects = state.step(Event::Committed { number: commit.number }, now, &mut ids);
//! assert!(matches!(effects.as_slice(), [Effect::Read { .. }]));
//! # Ok(())
//! # }
//! ```

mod answers;
mod backoff;
mod changes;
mod due;
mod effect;
mod event;
mod failure;
mod key;
mod pacing;
mod proceed;
mod rows;
mod settled;
mod state;
mod track;
mod verify;

pub use effect::{Call, Commit, Effect, Poll, Tell};
pub use event::{Answer, Coverage, Event, Fresh, Listing, Observation, Plan, Status};
pub use failure::{Refusal, Why};
pub use key::{Class, Key, Kind, Target};
pub use pacing::{Pacing, REREADS, alarm_after};
pub use rows::{
    ChangePhase, ChangeRow, Closing, Delivery, Ending, Generation, How, Item, ItemResult, ItemRow,
    KeyRow, OperationRow, Phase, Presence, Rows, Sight, Tries, Watch, WindowRow, Write,
};
pub use state::State;

use crate::time::Duration;

/// How long a delete of unknown outcome may still explain that something is gone: as long as the
/// last of the later looks.
const DOUBT_LASTS: Duration = Duration::minutes(61);
