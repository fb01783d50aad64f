//! The engine lease among processes that are stopped, slow, and whose clocks run at different speeds: at no time do two
//! of them consider themselves its holder.

use std::time::Duration;

use domain::engine::{
    Generation,
    lease::{LeaseLength, LeaseMark, UnchangedMarks},
};
use proptest::prelude::*;

const LENGTH: LeaseLength = LeaseLength::DEFAULT;
const STEP: u64 = 20;
const STEPS: u64 = END / STEP;
const END: u64 = 240_000;
/// After this time nothing is stopped and nothing is slow.
const QUIET: u64 = 180_000;

/// The row in the database.
struct Row {
    mark: LeaseMark,
}

/// A statement on its way: what it does when the database executes it, and the time of its process when it was sent.
struct Statement {
    executed_at: u64,
    answered_at: u64,
    sent: Duration,
    kind: Kind,
    progress: Progress,
}

enum Progress {
    Sent,
    /// With the mark of the row afterwards.
    Executed(LeaseMark),
    /// Its condition did not hold.
    NotExecuted,
}

#[derive(Clone, Copy)]
enum Kind {
    Read,
    TakeOver(LeaseMark),
    Renew(Generation),
}

struct Process {
    /// Thousandths: how fast its clock runs.
    speed: u64,
    stopped_until: u64,
    held: Option<(Generation, Duration)>,
    seen: UnchangedMarks<(), LeaseMark>,
    statement: Option<Statement>,
    next_at: u64,
}

impl Process {
    fn clock(&self, now: u64) -> Duration {
        Duration::from_micros(now * self.speed)
    }

    fn holds(&self, now: u64) -> bool {
        self.held.is_some_and(|(_, until)| self.clock(now) < until)
    }

    fn send(&mut self, kind: Kind, now: u64, slow: u64) {
        self.statement = Some(Statement {
            executed_at: now + slow / 2,
            answered_at: now + slow,
            sent: self.clock(now),
            kind,
            progress: Progress::Sent,
        });
    }

    fn answered(&mut self, now: u64) {
        let Some(statement) = self.statement.take_if(|one| one.answered_at <= now) else {
            return;
        };
        let result = match statement.progress {
            Progress::Executed(mark) => Some(mark),
            Progress::Sent | Progress::NotExecuted => None,
        };
        let until = LENGTH.holds_until(statement.sent);
        self.next_at = now + 500;
        match (statement.kind, result) {
            (Kind::TakeOver(_), Some(mark)) => self.held = Some((mark.generation, until)),
            (Kind::Renew(generation), Some(_)) => self.held = Some((generation, until)),
            (Kind::Renew(_), None) => self.held = None,
            (Kind::TakeOver(_) | Kind::Read, None) => {}
            (Kind::Read, Some(mark)) => {
                let now = self.clock(now);
                if self.seen.note((), mark, now) >= LENGTH.get() {
                    self.next_at = 0;
                    self.wants(mark);
                }
            }
        }
    }

    /// Remembers that the next statement takes over the lease with this mark.
    fn wants(&mut self, mark: LeaseMark) {
        self.statement = Some(Statement {
            executed_at: u64::MAX,
            answered_at: u64::MAX,
            sent: Duration::MAX,
            kind: Kind::TakeOver(mark),
            progress: Progress::Sent,
        });
    }
}

fn execute(row: &mut Row, kind: Kind) -> Option<LeaseMark> {
    match kind {
        Kind::Read => {}
        Kind::TakeOver(seen) => {
            if row.mark != seen {
                return None;
            }
            row.mark.generation.0 += 1;
            row.mark.counter += 1;
        }
        Kind::Renew(generation) => {
            if row.mark.generation != generation {
                return None;
            }
            row.mark.counter += 1;
        }
    }
    Some(row.mark)
}

/// Returns how often the lease changed its holder.
fn run(speeds: &[u64], mut random: impl FnMut(u64) -> u64) -> u64 {
    let mut row = Row {
        mark: LeaseMark {
            generation: Generation(1),
            counter: 0,
        },
    };
    let mut processes: Vec<Process> = speeds
        .iter()
        .map(|&speed| Process {
            speed,
            stopped_until: 0,
            held: None,
            seen: UnchangedMarks::default(),
            statement: None,
            next_at: 0,
        })
        .collect();
    for step in 0..STEPS {
        let now = step * STEP;
        for process in &mut processes {
            // The database executes what was sent, also if its process is stopped.
            if let Some(statement) = &mut process.statement
                && statement.executed_at <= now
                && matches!(statement.progress, Progress::Sent)
            {
                let mark = execute(&mut row, statement.kind);
                statement.progress = mark.map_or(Progress::NotExecuted, Progress::Executed);
            }
            if now < QUIET && random(2_000) == 0 {
                process.stopped_until = now + random(30_000);
            }
            if now < process.stopped_until {
                continue;
            }
            process.answered(now);
            let slow = if now < QUIET && random(10) == 0 {
                STEP + random(9_000)
            } else {
                STEP
            };
            match &process.statement {
                Some(statement) if statement.executed_at == u64::MAX => {
                    process.send(statement.kind, now, slow);
                }
                Some(_) => {}
                None if now < process.next_at => {}
                None => match process.held {
                    Some((generation, _)) => process.send(Kind::Renew(generation), now, slow),
                    None => process.send(Kind::Read, now, slow),
                },
            }
        }
        let holders = processes.iter().filter(|one| one.holds(now)).count();
        assert!(holders <= 1, "{holders} holders at {now}");
    }
    let holders = processes.iter().filter(|one| one.holds(END - STEP));
    assert_eq!(
        holders.count(),
        1,
        "nobody holds the lease after a quiet minute"
    );
    row.mark.generation.0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_two_processes_hold_the_lease_whatever_stops_or_slows_them(
        seed in 1_u64..u64::MAX,
        speeds in prop::collection::vec(970_u64..1_030, 2..4),
    ) {
        let mut state = seed;
        let random = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let generations = run(&speeds, random);
        prop_assert!(generations > 1);
    }
}

#[test]
fn a_lease_that_is_renewed_in_time_is_never_taken_over() {
    // Nothing is stopped and nothing is slow: the first process that waited long enough keeps the lease.
    assert_eq!(run(&[1_000, 1_000, 1_000], |below| below - 1), 2);
}
