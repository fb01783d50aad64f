//! Background work: the table of job kinds, the states of a job, and the decisions about attempts, pauses and leases.
//!
//! A kind is added by one row here and by its body in `server/src/jobs/registry.rs`. The name of a kind is stored and never
//! changes. Nothing here reads a clock: the caller passes the time, and the time of a lease is never the time of day.

mod lease;

pub use lease::{LeaseSighting, LeaseWatch};

use serde::{Deserialize, Serialize};

use crate::time::{Duration, Timestamp};

/// Where a job of a kind may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobPlace {
    /// Only in the process that runs the engine, because it replaces the read model or is to run beside the engine.
    WithEngine,
    /// In every process.
    Anywhere,
}

/// When jobs of a kind run without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobSchedule {
    /// At the start of the engine, and again an interval after the end of the last one.
    Interval,
    /// When its body finds work. Finding none writes nothing.
    WhenDue,
}

/// Whether people may keep jobs of a kind from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStop {
    /// They may skip the next one and cancel one that runs: pages say of when what was read is, so that this hides nothing.
    Allowed,
    /// Nobody may: it finds out whether somebody altered something, or does what is due, and who stops it could hide that.
    Refused,
}

impl JobStop {
    /// Returns the rule for a kind. One of a newer version may find out about alterations as well, so nobody stops its jobs.
    pub fn of(kind: Option<JobKind>) -> Self {
        kind.map_or(Self::Refused, |kind| kind.rules().stop)
    }
}

/// What holds for all jobs of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobRules {
    /// The name on pages.
    pub title: &'static str,
    /// The version of the payload that this version writes.
    pub version: u32,
    /// The oldest version of the payload that this version understands.
    pub oldest: u32,
    pub place: JobPlace,
    pub schedule: JobSchedule,
    pub stop: JobStop,
    /// How often a job is attempted before it counts as failed.
    pub attempts: u32,
    /// The pause after the first failed attempt, which doubles with each further one.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// How long a job may run without progress. A heartbeat alone does not show that a job still works.
    pub idle_limit: Duration,
    /// How long a job that is over is kept, unless it failed or is the last one of its kind that was done.
    pub keep: Duration,
}

macro_rules! job_kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal { $($field:ident: $value:expr),+ $(,)? })+) => {
        /// The kind of a job.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum JobKind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
        }

        impl JobKind {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the name as it is stored. Never changes.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            pub const fn rules(self) -> &'static JobRules {
                match self {
                    $(Self::$name => {
                        const RULES: JobRules = JobRules { $($field: $value),+ };
                        &RULES
                    })+
                }
            }
        }
    };
}

job_kinds! {
    /// Reads everything from AWS.
    Crawl = "crawl" {
        title: "Crawl of AWS", version: 1, oldest: 1,
        place: JobPlace::WithEngine, schedule: JobSchedule::Interval, stop: JobStop::Allowed,
        attempts: 3, first_pause: Duration::seconds(5), longest_pause: Duration::minutes(5),
        idle_limit: Duration::minutes(15), keep: Duration::days(7),
    }
    /// Expires changes that were not decided or not started in time.
    ChangeExpiry = "change_expiry" {
        title: "Expiry of changes", version: 1, oldest: 1,
        place: JobPlace::WithEngine, schedule: JobSchedule::WhenDue, stop: JobStop::Refused,
        attempts: 5, first_pause: Duration::seconds(5), longest_pause: Duration::minutes(1),
        idle_limit: Duration::minutes(5), keep: Duration::days(7),
    }
    /// Signs the new entries of the ledger.
    Sealing = "sealing" {
        title: "Sealing of the ledger", version: 1, oldest: 1,
        // Beside what runs the engine, because each signature needs all new entries to be read.
        place: JobPlace::WithEngine, schedule: JobSchedule::WhenDue, stop: JobStop::Refused,
        attempts: 3, first_pause: Duration::seconds(5), longest_pause: Duration::seconds(20),
        // There is one whenever entries were written: a day has thousands.
        idle_limit: Duration::minutes(5), keep: Duration::hours(1),
    }
    /// Compares all rows that need an entry with the ledger.
    RowComparison = "row_comparison" {
        title: "Comparison of records with the ledger", version: 1, oldest: 1,
        place: JobPlace::Anywhere, schedule: JobSchedule::Interval, stop: JobStop::Refused,
        attempts: 3, first_pause: Duration::seconds(10), longest_pause: Duration::minutes(5),
        idle_limit: Duration::minutes(5), keep: Duration::days(7),
    }
    /// Checks that the user pool still fits the configuration.
    PoolCheck = "pool_check" {
        title: "Check of the user pool", version: 1, oldest: 1,
        place: JobPlace::WithEngine, schedule: JobSchedule::Interval, stop: JobStop::Refused,
        attempts: 4, first_pause: Duration::seconds(10), longest_pause: Duration::minutes(2),
        idle_limit: Duration::minutes(5), keep: Duration::days(1),
    }
}

/// Whether this version understands a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadVersion {
    Understood,
    /// An earlier version wrote it, and this one no longer upgrades it: the job fails and says so.
    TooOld,
    /// A newer version wrote it: the job waits for a process of that version and never fails here.
    Newer,
}

impl JobKind {
    /// Finds a kind by its stored name. None for a kind of a newer version, whose jobs wait for a process that knows it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|kind| kind.as_str() == word).copied()
    }

    /// Returns whether this version understands a payload of `version`.
    pub fn understands(self, version: i64) -> PayloadVersion {
        let rules = self.rules();
        if version > i64::from(rules.version) {
            PayloadVersion::Newer
        } else if version < i64::from(rules.oldest) {
            PayloadVersion::TooOld
        } else {
            PayloadVersion::Understood
        }
    }

    /// Decides what follows a failed attempt. `attempts` counts it; `jitter`, from 0 to 999, spreads jobs that failed
    /// together over half of the pause.
    pub fn after_failure(self, attempts: u32, jitter: u16) -> AfterFailure {
        let rules = self.rules();
        if attempts >= rules.attempts {
            return AfterFailure::GiveUp;
        }
        let doubled = attempts.saturating_sub(1).min(20);
        let full = (rules.first_pause.0 << doubled).min(rules.longest_pause.0);
        AfterFailure::Retry(Duration(
            full / 2 + full * i64::from(jitter.min(999)) / 2_000,
        ))
    }
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// The next attempt begins after this pause.
    Retry(Duration),
    /// The attempts are used up: the job stays in the list of failed jobs until somebody retries or dismisses it.
    GiveUp,
}

/// How far in the future a job may be planned at most. A job beyond it was planned under a clock that was set back since.
pub const FARTHEST: Duration = Duration::days(31);

/// Whether a waiting job may begin. The clock may have been set back by any amount since the job was planned.
pub fn is_due(run_at: Timestamp, now: Timestamp) -> bool {
    run_at <= now || run_at.since(now) > FARTHEST
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It begins at its time.
    Waiting,
    /// A process holds its lease.
    Running,
    Done,
    /// Its attempts are used up.
    Failed,
    /// Somebody cancelled it, or another job of the same key replaced it.
    Cancelled,
    /// Somebody removed it from the list of failed jobs.
    Dismissed,
}

impl JobState {
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Dismissed,
    ];

    /// Returns the name in the database and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Dismissed => "dismissed",
        }
    }

    /// Parses the stored name of a state.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing happens to the job any more unless somebody retries it.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// Why an attempt failed. Errors of the database and of AWS are only in the log, with the id of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobFailure {
    /// The database was locked, full or not reachable.
    DatabaseUnavailable,
    /// The configuration leads to another Identity Center instance than the one that the database was read from.
    OtherInstance,
    /// The process that ran the job ended, or lost its connection to the database.
    ProcessEnded,
    /// It made no progress for longer than its kind may.
    NoProgress,
    /// An earlier version wrote the payload, and this one no longer understands it.
    PayloadTooOld,
    /// AWS answered nothing that a result needs. The log has the errors.
    NoAnswerFromAws,
    /// The user pool no longer fits the configuration. The log says how.
    PoolDiffers,
    /// Nothing could be signed. `/readyz` says why.
    NotSealed,
    /// An error of Leastwise. The log has it.
    Internal,
}

impl JobFailure {
    pub const ALL: [Self; 9] = [
        Self::DatabaseUnavailable,
        Self::OtherInstance,
        Self::ProcessEnded,
        Self::NoProgress,
        Self::PayloadTooOld,
        Self::NoAnswerFromAws,
        Self::PoolDiffers,
        Self::NotSealed,
        Self::Internal,
    ];

    /// Returns the stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DatabaseUnavailable => "database_unavailable",
            Self::OtherInstance => "other_instance",
            Self::ProcessEnded => "process_ended",
            Self::NoProgress => "no_progress",
            Self::PayloadTooOld => "payload_too_old",
            Self::NoAnswerFromAws => "no_answer_from_aws",
            Self::PoolDiffers => "pool_differs",
            Self::NotSealed => "not_sealed",
            Self::Internal => "internal",
        }
    }

    /// Parses a stored name. A reason of a newer version is not known here, and counts as an error of Leastwise.
    pub fn from_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == word);
        known.unwrap_or(Self::Internal)
    }

    /// Whether another attempt can succeed.
    pub const fn passes(self) -> bool {
        !matches!(self, Self::PayloadTooOld)
    }
}
