//! Jobs: attempts and their pauses, payloads of other versions, and leases that no time of day ends.

use std::{collections::BTreeSet, time::Duration as Elapsed};

use domain::{
    job::{
        AfterFailure, FARTHEST, JobFailure, JobKind, JobState, JobStop, LeaseSighting, LeaseWatch,
        PayloadVersion, is_due,
    },
    time::{Duration, Timestamp},
};
use proptest::prelude::*;

#[test]
fn the_stored_names_of_kinds_states_and_reasons_never_change() {
    let kinds: Vec<&str> = JobKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "crawl",
            "change_expiry",
            "sealing",
            "row_comparison",
            "pool_check"
        ]
    );
    let states = JobState::ALL.map(JobState::as_str);
    assert_eq!(
        states,
        [
            "waiting",
            "running",
            "done",
            "failed",
            "cancelled",
            "dismissed"
        ]
    );
    let reasons = JobFailure::ALL.map(JobFailure::as_str);
    assert_eq!(reasons.iter().collect::<BTreeSet<_>>().len(), reasons.len());
    for kind in JobKind::ALL {
        assert_eq!(JobKind::from_word(kind.as_str()), Some(*kind));
    }
    for state in JobState::ALL {
        assert_eq!(JobState::from_word(state.as_str()), Some(state));
    }
    for reason in JobFailure::ALL {
        assert_eq!(JobFailure::from_word(reason.as_str()), reason);
    }
}

#[test]
fn what_a_newer_version_wrote_is_not_read_as_something_else() {
    assert_eq!(JobKind::from_word("campaign"), None);
    assert_eq!(JobFailure::from_word("of_next_year"), JobFailure::Internal);
    for kind in JobKind::ALL {
        let rules = kind.rules();
        assert!(rules.oldest <= rules.version, "{kind:?}");
        let now = i64::from(rules.version);
        assert_eq!(kind.understands(now), PayloadVersion::Understood);
        assert_eq!(kind.understands(now + 1), PayloadVersion::Newer);
        let older = i64::from(rules.oldest) - 1;
        assert_eq!(kind.understands(older), PayloadVersion::TooOld);
    }
}

#[test]
fn people_stop_crawls_only_and_no_check_of_what_was_altered() {
    let may_stop = |kind: &JobKind| JobStop::of(Some(*kind)) == JobStop::Allowed;
    let stopped: Vec<JobKind> = JobKind::ALL.iter().copied().filter(may_stop).collect();
    assert_eq!(stopped, [JobKind::Crawl]);
    assert_eq!(JobStop::of(None), JobStop::Refused);
}

#[test]
fn a_dead_process_is_noticed_before_the_idle_limit_of_any_kind() {
    for kind in JobKind::ALL {
        assert!(kind.rules().idle_limit >= Duration::minutes(1), "{kind:?}");
        assert!(kind.rules().attempts >= 1, "{kind:?}");
    }
}

#[test]
fn a_job_that_was_planned_before_the_clock_was_set_back_runs_now() {
    let now = Timestamp(1_800_000_000_000);
    assert!(is_due(now, now));
    assert!(!is_due(now + Duration(1), now));
    assert!(!is_due(now + FARTHEST, now));
    assert!(is_due(now + FARTHEST + Duration(1), now));
}

fn sighting(beat: i64) -> (String, LeaseSighting) {
    let token = "token".to_owned();
    ("job".to_owned(), LeaseSighting { token, beat })
}

#[test]
fn a_lease_with_another_holder_is_another_lease() {
    let mut watch = LeaseWatch::default();
    let length = Elapsed::from_secs(8);
    assert!(
        watch
            .observe([sighting(5)], Elapsed::ZERO, length)
            .is_empty()
    );
    let (id, mut other) = sighting(5);
    "other".clone_into(&mut other.token);
    assert!(watch.observe([(id, other)], length, length).is_empty());
}

#[test]
fn a_lease_that_is_gone_and_comes_back_is_watched_anew() {
    let mut watch = LeaseWatch::default();
    let length = Elapsed::from_secs(8);
    assert!(
        watch
            .observe([sighting(5)], Elapsed::ZERO, length)
            .is_empty()
    );
    assert!(watch.observe([], length, length).is_empty());
    assert!(watch.observe([sighting(5)], length, length).is_empty());
}

proptest! {
    #[test]
    fn pauses_grow_up_to_their_limit_and_the_attempts_end(attempts in 1_u32..200, jitter in 0_u16..2_000) {
        for kind in JobKind::ALL {
            let rules = kind.rules();
            match kind.after_failure(attempts, jitter) {
                AfterFailure::GiveUp => prop_assert!(attempts >= rules.attempts),
                AfterFailure::Retry(pause) => {
                    prop_assert!(attempts < rules.attempts);
                    prop_assert!(pause.0 >= rules.first_pause.0 / 2);
                    prop_assert!(pause <= rules.longest_pause);
                }
            }
        }
    }

    /// The times are those of the watching process: whatever the polls and heartbeats, a lease is over exactly when its
    /// counter was seen to stand still for its length.
    #[test]
    fn a_lease_is_over_when_its_counter_stands_still_and_never_before(
        polls in prop::collection::vec((1_u64..5_000, any::<bool>()), 1..60),
    ) {
        let length = Elapsed::from_secs(8);
        let mut watch = LeaseWatch::default();
        let (mut at, mut beat) = (Elapsed::ZERO, 0);
        let mut since = at;
        prop_assert!(watch.observe([sighting(beat)], at, length).is_empty());
        for (pause, beats) in polls {
            at += Elapsed::from_millis(pause);
            if beats {
                (beat, since) = (beat + 1, at);
            }
            let over = !watch.observe([sighting(beat)], at, length).is_empty();
            prop_assert_eq!(over, at.saturating_sub(since) >= length);
        }
    }
}
