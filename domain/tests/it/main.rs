//! The tests of the domain in one program: each program would link every dependency again.

mod approval;
mod classification;
mod declared;
mod delay;
mod diff;
mod drift;
mod engine_cost;
mod engine_lease;
mod engine_rows;
mod engine_simulation;
mod engine_verdicts;
mod expected_state;
mod identity;
mod identity_link;
mod job;
mod ledger;
mod policy_scenarios;
mod preview_cost;
mod report_difference;
mod roles;
