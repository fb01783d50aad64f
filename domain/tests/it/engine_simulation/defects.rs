//! Checks that the simulation detects known defects of such engines: each is injected and must be found within a few
//! hundred seeds.

use super::{generator::run, simulation::Defect};

/// The violated invariant must be the matching one. A violation of another invariant does not show that this one is
/// checked.
fn caught(defect: Defect, words: &[&str]) {
    for seed in 1..=1_500 {
        if let Err(violation) = run(seed, defect) {
            println!("{defect:?} caught by seed {seed}: {violation}");
            if words.iter().any(|word| violation.contains(word)) {
                return;
            }
        }
    }
    panic!("1,500 seeds did not detect {defect:?}");
}

#[test]
fn an_engine_that_believes_succeeded_without_reading_back_is_caught() {
    caught(Defect::SkipsTheRelist, &["I10"]);
}

#[test]
fn an_engine_that_creates_without_looking_first_is_caught() {
    caught(Defect::CreatesBlindly, &["without a prior read"]);
}

#[test]
fn an_engine_that_lets_one_window_cut_another_off_is_caught() {
    caught(Defect::ForgetsTheReferenceCount, &["I3"]);
}

#[test]
fn an_engine_that_takes_an_unknown_outcome_for_a_refusal_is_caught() {
    caught(Defect::TakesUnknownForFailed, &["I4"]);
}

#[test]
fn an_engine_that_believes_a_list_with_pages_missing_is_caught() {
    caught(Defect::TrustsIncompleteReads, &["I10"]);
}

#[test]
fn an_engine_that_believes_an_old_list_is_caught() {
    caught(Defect::TrustsStaleReads, &["I10"]);
}

#[test]
fn an_engine_that_calls_without_a_stored_intent_is_caught() {
    caught(Defect::ForgetsTheIntent, &["I5"]);
}

#[test]
fn an_engine_that_starts_a_change_that_became_wider_is_caught() {
    caught(Defect::IgnoresTheVerdict, &["I9"]);
}

#[test]
fn an_engine_that_keeps_a_late_removal_to_itself_is_caught() {
    caught(Defect::KeepsSilent, &["I2"]);
}

#[test]
fn an_engine_that_writes_a_subject_without_looking_first_is_caught() {
    caught(Defect::WritesWithoutLooking, &["S2"]);
}

#[test]
fn an_engine_that_believes_the_answer_to_a_step_is_caught() {
    caught(Defect::TrustsStepAnswers, &["S6"]);
}

#[test]
fn an_engine_that_writes_over_what_somebody_else_wrote_is_caught() {
    caught(Defect::IgnoresForeignContent, &["S3"]);
}
