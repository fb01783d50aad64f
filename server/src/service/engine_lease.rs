//! Whether the engine runs in this process, until when, and under which generation. `engine/lease.rs` takes and renews the
//! lease; everything that may run in one process only, or write to AWS, asks here.
//!
//! Measures by a clock that nobody sets and that counts the time for which the machine was suspended. On SQLite the lease
//! has no end, because the lock of the operating system keeps other processes out.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::engine::{Generation, lease::LeaseLength};
use tokio::sync::watch;

use crate::clock::{self, Clock};

/// How long the engine may take for one turn of its loop. One that takes longer hangs, and loses the lease.
const TURN: Duration = Duration::from_secs(30);

/// The lease as this process holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HeldLease {
    generation: Generation,
    /// None if it has no end.
    until: Option<Duration>,
}

/// The engine lease, as this process knows it.
#[derive(Debug)]
pub struct EngineLease {
    owner: String,
    length: LeaseLength,
    clock: Clock,
    held: watch::Sender<Option<HeldLease>>,
    runs_here: watch::Sender<bool>,
    /// Set when the process stops: it takes the lease no more.
    is_closed: watch::Sender<bool>,
    /// The number of writes to AWS that were sent and not answered.
    in_flight: watch::Sender<u32>,
    /// When the loop of the engine began its turn; none while it waits for work.
    turn: Mutex<Option<Duration>>,
}

impl EngineLease {
    /// Returns a lease that is not held, for a process with a new id.
    pub fn new(length: LeaseLength) -> Self {
        Self::by_clock(length, Clock::System)
    }

    /// Returns a lease that is measured by this clock.
    pub fn by_clock(length: LeaseLength, clock: Clock) -> Self {
        Self {
            owner: clock::row_id(),
            length,
            clock,
            held: watch::Sender::new(None),
            runs_here: watch::Sender::new(false),
            is_closed: watch::Sender::new(false),
            in_flight: watch::Sender::new(0),
            turn: Mutex::default(),
        }
    }

    /// Returns the id of this process.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns how long a lease holds without a renewal.
    pub fn length(&self) -> LeaseLength {
        self.length
    }

    /// Returns the time by which the lease is measured.
    pub fn now(&self) -> Duration {
        self.clock.since_boot()
    }

    /// Tells whether the engine runs here, and each change of it. Loops that belong to the engine's process follow it.
    pub fn runs_here(&self) -> watch::Receiver<bool> {
        self.runs_here.subscribe()
    }

    /// Whether a write of this generation may be sent to AWS now.
    pub fn permits(&self, generation: Generation) -> bool {
        let held = *self.held.borrow();
        held.is_some_and(|held| held.generation == generation && self.is_in_time(held))
    }

    fn is_in_time(&self, held: HeldLease) -> bool {
        held.until.is_none_or(|until| self.now() < until)
    }

    /// Records that this process has taken the lease. `sent` is the time before the statement that took it was sent; none
    /// if the lease has no end.
    pub fn hold(&self, generation: Generation, sent: Option<Duration>) {
        if *self.is_closed.borrow() {
            return;
        }
        let until = sent.map(|sent| self.until(sent));
        self.held
            .send_replace(Some(HeldLease { generation, until }));
        self.runs_here.send_if_modified(|runs| {
            let begins = !*runs;
            *runs = true;
            begins
        });
    }

    /// Records that the lease was renewed by a statement that was sent at `sent`. Has no effect if this process has given up
    /// this generation meanwhile.
    pub fn renewed(&self, generation: Generation, sent: Duration) {
        let until = Some(self.until(sent));
        self.held.send_if_modified(|held| match held {
            Some(held) if held.generation == generation => {
                held.until = until;
                true
            }
            _ => false,
        });
    }

    fn until(&self, sent: Duration) -> Duration {
        if sent == Clock::UNKNOWN {
            return Duration::ZERO;
        }
        self.length.holds_until(sent)
    }

    /// Records that this process does not hold the lease.
    pub fn end(&self) {
        self.held.send_replace(None);
        self.runs_here.send_if_modified(std::mem::take);
    }

    /// Ends the lease for good, and waits until no write is in flight, at most for `within`.
    pub async fn close(&self, within: Duration) {
        self.is_closed.send_replace(true);
        self.end();
        let mut in_flight = self.in_flight.subscribe();
        // After that time the next holder lists what may have been written.
        let _ = tokio::time::timeout(within, in_flight.wait_for(|writes| *writes == 0)).await;
    }

    /// Whether the process stops.
    pub fn is_closed(&self) -> bool {
        *self.is_closed.borrow()
    }

    /// Completes when this process does not hold the lease of a generation any more.
    pub async fn ended(&self, generation: Generation) {
        let mut held = self.held.subscribe();
        loop {
            let current = *held.borrow_and_update();
            let Some(current) = current.filter(|held| held.generation == generation) else {
                return;
            };
            let Some(until) = current.until else {
                let _ = held.changed().await;
                continue;
            };
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                _ = held.changed() => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Counts a write to AWS as in flight until the result is dropped.
    pub fn write_begins(&self) -> WriteInFlight<'_> {
        self.in_flight.send_modify(|writes| *writes += 1);
        WriteInFlight(self)
    }

    /// Records that the loop of the engine begins a turn.
    pub fn turn_begins(&self) {
        *self.turn() = Some(self.now());
    }

    /// Records that the loop of the engine waits for work.
    pub fn turn_ends(&self) {
        *self.turn() = None;
    }

    /// Whether the loop of the engine has been in one turn for so long that it hangs.
    pub fn hangs(&self) -> bool {
        let began = *self.turn();
        began.is_some_and(|began| self.now().saturating_sub(began) > TURN)
    }

    fn turn(&self) -> MutexGuard<'_, Option<Duration>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write to AWS that is in flight.
pub struct WriteInFlight<'a>(&'a EngineLease);

impl Drop for WriteInFlight<'_> {
    fn drop(&mut self) {
        self.0
            .in_flight
            .send_modify(|writes| *writes = writes.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use domain::time::{Duration as Millis, Timestamp};

    use super::*;

    fn lease() -> (EngineLease, Clock) {
        let clock = Clock::manual(Timestamp(1_000_000));
        let lease = EngineLease::by_clock(LeaseLength::DEFAULT, clock.clone());
        (lease, clock)
    }

    #[test]
    fn a_write_is_permitted_only_under_its_generation_and_before_the_lease_ends() {
        let (lease, clock) = lease();
        let (first, second) = (Generation(1), Generation(2));
        assert!(!lease.permits(first), "nothing is held at the start");
        let sent = lease.now();
        clock.advance(Millis::seconds(3));
        // The answer took three seconds, which do not prolong the lease.
        lease.hold(first, Some(sent));
        assert!(lease.permits(first) && !lease.permits(second));
        clock.advance(Millis::seconds(5));
        assert!(lease.permits(first));
        clock.advance(Millis::seconds(1));
        assert!(
            !lease.permits(first),
            "a margin before the others take over"
        );
        lease.renewed(first, lease.now());
        assert!(lease.permits(first));
        lease.hold(second, Some(lease.now()));
        assert!(lease.permits(second) && !lease.permits(first));
        lease.end();
        lease.renewed(second, lease.now());
        assert!(
            !lease.permits(second),
            "an answer that arrives late revives nothing"
        );
        lease.hold(second, Some(Clock::UNKNOWN));
        assert!(!lease.permits(second), "nothing is known about the time");
    }

    #[test]
    fn a_lease_without_an_end_holds_until_it_is_given_up() {
        let (lease, clock) = lease();
        lease.hold(Generation(4), None);
        clock.advance(Millis::days(3));
        assert!(lease.permits(Generation(4)) && *lease.runs_here().borrow());
        lease.end();
        assert!(!lease.permits(Generation(4)) && !*lease.runs_here().borrow());
    }

    #[tokio::test]
    async fn a_process_that_stops_takes_no_lease_and_waits_for_its_writes() {
        let (lease, _) = lease();
        lease.hold(Generation(1), None);
        let write = lease.write_begins();
        let short = Duration::from_millis(1);
        lease.close(short).await;
        drop(write);
        lease.close(Duration::from_mins(1)).await;
        lease.hold(Generation(2), None);
        assert!(!lease.permits(Generation(2)) && lease.is_closed());
        lease.ended(Generation(2)).await;
    }

    #[test]
    fn an_engine_hangs_only_while_it_works() {
        let (lease, clock) = lease();
        lease.turn_begins();
        clock.advance(Millis::seconds(30));
        assert!(!lease.hangs());
        clock.advance(Millis::seconds(1));
        assert!(lease.hangs());
        lease.turn_ends();
        assert!(!lease.hangs());
    }
}
