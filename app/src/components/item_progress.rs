//! How far an item of a change is, in words. They never claim more than a read has shown.

use domain::{
    change::State,
    engine::{Cause, OperationOutcome, Phase, StartDependency, StepPhase},
};

use crate::backend::{
    Direction, GrantEnd, ItemProgress, LiveProgress, SagaStepProgress, SessionsLeft, WriteProgress,
    state_words,
};

/// Returns the words of the line that follows a change live.
pub fn live_words(live: &LiveProgress) -> String {
    match live {
        LiveProgress::State(state) => state_words(*state).to_owned(),
        LiveProgress::Item(only) => progress_words(only),
        LiveProgress::Items { busy, done, total } => {
            format!("{} ({done} of {total} done)", progress_words(busy))
        }
    }
}

/// Returns the words of the badge of an item.
pub fn progress_words(progress: &ItemProgress) -> String {
    match progress {
        ItemProgress::AwaitsStart { awaited, since } => {
            format!("{}. Since {} UTC", awaited_words(*awaited), since.second())
        }
        ItemProgress::NeverStarts => "Not started: the change does not match the ledger".to_owned(),
        ItemProgress::NotStarted(state) => not_started(*state).to_owned(),
        ItemProgress::Queued => "Queued: will be evaluated again before it starts".to_owned(),
        ItemProgress::AtWork { direction, write } => at_work(*direction, write.as_ref()),
        ItemProgress::SagaAtWork { step, steps } => saga_at_work(step.as_ref(), *steps),
        ItemProgress::Granted { how, end, .. } => granted(*how, *end),
        ItemProgress::Removed {
            how,
            last_use,
            sessions,
            ..
        } => {
            let gone = match how {
                Cause::OurWrite => "Removed",
                Cause::AlreadySo => "Already removed",
            };
            match sessions {
                SessionsLeft::Possible => {
                    format!("{gone}, sessions may last until {} UTC", last_use.minute())
                }
                SessionsLeft::None => format!(
                    "Ended: {}, and no session can be active",
                    gone.to_lowercase()
                ),
            }
        }
        ItemProgress::Carried { how, .. } => match how {
            Cause::OurWrite => "Carried out and verified",
            Cause::AlreadySo => "Already so, verified",
        }
        .to_owned(),
        ItemProgress::Stopped { stop, done: 0 } => format!("Not carried out: {stop}"),
        ItemProgress::Stopped { stop, done } => {
            format!("Carried out up to step {done}, then stopped: {stop}")
        }
        ItemProgress::Failed { reason } => format!("Not carried out: {reason}"),
    }
}

const fn awaited_words(awaited: StartDependency) -> &'static str {
    match awaited {
        StartDependency::Crawl => {
            "Waiting for the next complete read of AWS: the last read is too old or incomplete"
        }
        StartDependency::Aws => {
            "Waiting for AWS: a required read failed and is retried within a minute"
        }
        StartDependency::Pool => {
            "Waiting for the user pool and the directory to confirm the people of this change: it is retried within a minute"
        }
        StartDependency::IdentityAlarm => {
            "Waiting for an administrator: many identities differ from the directory at once, and nothing starts in production PCI until somebody has looked at them"
        }
        StartDependency::PeopleOfTheAlarm => {
            "Waiting for an administrator: the requester or an approver of this change is one of many identities that differ from the directory at once, and nobody has confirmed them yet"
        }
        StartDependency::PeopleUnclear => {
            "Waiting: it is not clear that the requester or an approver of this change still is the Identity Center user of their identity. They have to sign in again, or an administrator has to correct the user pool or the directory"
        }
        StartDependency::Store => {
            "Waiting for the database: a query failed and is retried within a minute"
        }
    }
}

const fn not_started(state: State) -> &'static str {
    match state {
        State::Waiting => "Waiting for approval",
        State::Approved => "Starts within seconds",
        State::Applying => "Applying",
        State::Verified => "Carried out and verified",
        State::Refused | State::Declined | State::Expired | State::Withdrawn | State::Failed => {
            "Not carried out"
        }
    }
}

fn at_work(direction: Direction, write: Option<&WriteProgress>) -> String {
    let doing = match direction {
        Direction::Granting => "Granting",
        Direction::Removing => "Removing",
    };
    let Some(write) = write else {
        return format!("{doing}: reading the current state from AWS");
    };
    match write.phase {
        Phase::Intended => format!("{doing}: sending to AWS"),
        Phase::Accepted => format!("{doing}: accepted by AWS, waiting for completion"),
        Phase::Relisting => format!("{doing}: AWS reported success, verifying"),
        Phase::InDoubt => format!("{doing}: no response from AWS, reading the current state"),
        Phase::Over(OperationOutcome::Verified) => format!("{doing}: verified"),
        Phase::Over(OperationOutcome::NotSent) => format!("{doing}: not sent yet, retrying"),
        Phase::Over(
            OperationOutcome::NotSeen | OperationOutcome::Refused | OperationOutcome::Failed,
        ) => match &write.error {
            Some(error) => format!(
                "{doing}: attempt {} failed ({error}), retrying",
                write.attempt
            ),
            None => format!("{doing}: attempt {} failed, retrying", write.attempt),
        },
    }
}

fn saga_at_work(step: Option<&SagaStepProgress>, steps: usize) -> String {
    let Some(step) = step else {
        return "Reading what it is now".to_owned();
    };
    let of = match steps {
        0 | 1 => String::new(),
        all => format!(" step {} of {all}", step.number),
    };
    match (step.phase, &step.error) {
        (StepPhase::Intended, _) => format!("Carrying out{of}"),
        (StepPhase::NotDone, Some(error)) => {
            format!("Not carried out yet{of} ({error}), retrying")
        }
        (StepPhase::NotDone, None) => format!("Not carried out yet{of}, retrying"),
        (StepPhase::Done, _) => format!("Carried out and verified{of}"),
        (StepPhase::Failed, _) => format!("Not carried out{of}"),
    }
}

fn granted(how: Cause, end: GrantEnd) -> String {
    let seen = match how {
        Cause::OurWrite => "Granted, verified in AWS",
        Cause::AlreadySo => "Already existed, verified in AWS",
    };
    match end {
        GrantEnd::Standing => seen.to_owned(),
        GrantEnd::Until(stops) => format!("{seen}, until {} UTC", stops.minute()),
        GrantEnd::Ending(stops) => format!("Ended at {} UTC, being removed", stops.minute()),
        GrantEnd::Removed(over) => format!(
            "Granted and removed again, verified at {} UTC",
            over.minute()
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;
    use crate::backend::OperationStatus;

    const NOW: Timestamp = Timestamp(1_795_425_245_000);

    #[test]
    fn what_a_change_waits_for_is_said_with_its_time_and_is_no_progress() {
        for awaited in [
            StartDependency::Crawl,
            StartDependency::Aws,
            StartDependency::Pool,
            StartDependency::IdentityAlarm,
            StartDependency::PeopleOfTheAlarm,
            StartDependency::Store,
        ] {
            let far = ItemProgress::AwaitsStart {
                awaited,
                since: NOW,
            };
            assert_eq!(
                (far.status(), far.verified()),
                (OperationStatus::Waiting, None)
            );
            let words = progress_words(&far);
            assert!(words.starts_with("Waiting for "), "{words}");
            assert!(words.ends_with("Since 2026-11-23 09:14:05 UTC"), "{words}");
        }
    }

    #[test]
    fn what_aws_only_accepted_is_never_called_done() {
        for phase in [
            Phase::Intended,
            Phase::Accepted,
            Phase::Relisting,
            Phase::InDoubt,
        ] {
            for direction in [Direction::Granting, Direction::Removing] {
                let far = ItemProgress::AtWork {
                    direction,
                    write: Some(WriteProgress {
                        phase,
                        attempt: 1,
                        error: None,
                    }),
                };
                assert_eq!(far.verified(), None);
                let words = progress_words(&far);
                let says = |word: &str| words.contains(word);
                assert!(
                    !says("Granted") && !says("Removed") && !says("Ended") && !says("erified"),
                    "{words}"
                );
            }
        }
    }

    #[test]
    fn a_removal_is_ended_only_when_no_session_can_be_left() {
        let far = |sessions| ItemProgress::Removed {
            verified_at: NOW,
            how: Cause::OurWrite,
            last_use: NOW,
            sessions,
        };
        let during = far(SessionsLeft::Possible);
        assert_eq!(during.status(), OperationStatus::Waiting);
        let words = progress_words(&during);
        assert!(
            words.starts_with("Removed, sessions may last until "),
            "{words}"
        );
        assert!(progress_words(&far(SessionsLeft::None)).starts_with("Ended"));
    }
}
