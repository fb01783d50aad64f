//! Changes through the ports, on a fresh database for each test and a small hand-built organization:
//! requested, evaluated, decided, withdrawn, expired and started.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

mod adding_up;
mod approved_content;
mod bad_input;
mod classify;
mod classify_forms;
mod comments;
mod decide;
mod decision_context;
mod decision_reads;
mod differences;
mod follow_ups;
mod forged;
mod items;
mod large_groups;
mod lifecycle;
mod mismatch;
mod misstated;
mod moved_accounts;
mod narrower;
mod own_requests;
mod own_scope;
mod pages;
mod preview;
mod proof;
mod refused;
mod refused_start;
mod removals;
mod report_difference;
mod review_date;
mod rules_in_force;
mod saga_items;
mod sentences;
mod serialized;
mod starts_later;
mod statements;
mod stored_now;
mod stored_plans;
mod stored_texts;
mod stored_versions;
pub mod support;
mod two_steps;
mod ways_out;
