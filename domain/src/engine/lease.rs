//! The engine lease: which process of several runs the engine, and until when it may write to AWS.
//!
//! The holder raises a counter. Another process takes over when it saw the same mark for the length of the lease, and the
//! holder stops a margin earlier. Each measures time by its own monotonic clock: wall clocks of two machines are never
//! compared, so a clock that is set changes nothing.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    time::Duration,
};

use super::Generation;

/// How long a lease holds after its last renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseLength(Duration);

impl LeaseLength {
    /// Long enough for a slow database, and short enough that access which ends is removed within its minute.
    pub const DEFAULT: Self = Self(Duration::from_secs(10));

    /// Returns a length; none below 1 or above 60 seconds.
    pub fn of(length: Duration) -> Option<Self> {
        let range = Duration::from_secs(1)..=Duration::from_mins(1);
        range.contains(&length).then_some(Self(length))
    }

    /// Returns the length.
    pub fn get(self) -> Duration {
        self.0
    }

    /// Returns how often the holder renews.
    pub fn renewal(self) -> Duration {
        self.0 / 5
    }

    /// Returns how often another process looks.
    pub fn poll(self) -> Duration {
        self.0 / 20
    }

    /// Returns how long a transaction may wait for its process: shorter than the lease, so that the locks of a stopped
    /// process are gone when another takes over.
    pub fn idle_transaction(self) -> Duration {
        self.0 * 4 / 5
    }

    /// Returns until when a process holds a lease whose renewal it began at `sent`. The renewal counts from before it was
    /// sent, because others saw its mark later. The tenth that is left out is for clocks that run at different speeds.
    pub fn holds_until(self, sent: Duration) -> Duration {
        sent.saturating_add(self.0 * 9 / 10)
    }
}

/// The mark of a lease: it differs after each renewal and after each change of the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseMark {
    pub generation: Generation,
    /// Raised by each renewal.
    pub counter: u64,
}

/// Since when each of several marks is unchanged, by the clock of the process that looks.
#[derive(Debug)]
pub struct UnchangedMarks<K, M>(HashMap<K, (M, Duration)>);

impl<K, M> Default for UnchangedMarks<K, M> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash, M: PartialEq> UnchangedMarks<K, M> {
    /// Records a mark that was read, and returns for how long it was seen unchanged. `now` is the time after the read.
    pub fn note(&mut self, key: K, mark: M, now: Duration) -> Duration {
        match self.0.entry(key) {
            Entry::Occupied(mut known) => {
                if known.get().0 != mark {
                    known.insert((mark, now));
                }
                now.saturating_sub(known.get().1)
            }
            Entry::Vacant(unknown) => {
                unknown.insert((mark, now));
                Duration::ZERO
            }
        }
    }

    /// Forgets the marks of all other keys.
    pub fn retain(&mut self, is_wanted: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| is_wanted(key));
    }
}

/// What a process does beside serving pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessRole {
    /// It runs the engine and reads everything of AWS.
    Engine,
    /// It serves pages and waits for the engine lease. It reads single items of AWS.
    Standby,
}

/// Returns how many calls a second a process may make of those that are configured for all. `processes` are alive, this
/// one included. A standby has a small share, because the engine needs the rate for its reads and writes; together they
/// have at most half.
pub fn share_of_calls(calls_per_second: f64, processes: u32, role: ProcessRole) -> f64 {
    let others = f64::from(processes.max(1) - 1);
    let standby = |standbys: f64| (calls_per_second / 20.0).min(calls_per_second / 2.0 / standbys);
    match role {
        ProcessRole::Engine if others > 0.0 => calls_per_second - others * standby(others),
        ProcessRole::Engine => calls_per_second,
        ProcessRole::Standby => standby(others.max(1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_as_unchanged_from_when_it_was_first_seen() {
        let mut marks = UnchangedMarks::default();
        let at = Duration::from_secs;
        assert_eq!(marks.note("a", 1, at(100)), Duration::ZERO);
        assert_eq!(marks.note("a", 1, at(104)), at(4));
        assert_eq!(marks.note("b", 1, at(105)), Duration::ZERO);
        assert_eq!(marks.note("a", 2, at(109)), Duration::ZERO);
        assert_eq!(marks.note("a", 2, at(110)), at(1));
        marks.retain(|key| *key == "b");
        assert_eq!(marks.note("a", 2, at(120)), Duration::ZERO);
        assert_eq!(marks.note("b", 1, at(120)), at(15));
    }

    #[test]
    fn the_shares_of_all_processes_are_never_more_than_the_whole() {
        for processes in 1..40 {
            let engine = share_of_calls(10.0, processes, ProcessRole::Engine);
            let standby = share_of_calls(10.0, processes, ProcessRole::Standby);
            let all = engine + f64::from(processes - 1) * standby;
            assert!(all <= 10.000_001, "{processes}: {all}");
            assert!(engine >= 5.0 && standby > 0.0, "{processes}: {engine}");
        }
        assert!((share_of_calls(10.0, 1, ProcessRole::Engine) - 10.0).abs() < 1e-9);
        assert!((share_of_calls(10.0, 2, ProcessRole::Engine) - 9.5).abs() < 1e-9);
    }
}
