//! The server on the local AWS and Cognito, end to end: what the crawl stores, what the engine applies
//! despite faults of AWS, the response of every route to every persona, and that all forms of a report agree.

#![expect(
    clippy::unwrap_used,
    clippy::match_bool,
    clippy::match_same_arms,
    clippy::unused_async,
    clippy::format_collect,
    reason = "tests unwrap what they set up themselves, and are written to be read from top to bottom"
)]

mod agreed_links;
mod agreements;
mod check_config;
mod classify;
mod controllers;
mod crawl;
mod engine_shell;
mod forged;
mod identities;
mod identity_alarm;
mod kept_form;
mod late_link;
mod link_keys;
mod malformed;
mod matrix;
mod missing;
mod outside_accounts;
mod outside_changes;
mod recreated_users;
mod refused_claims;
mod removals;
mod replicas;
mod reports;
mod requester_view;
pub mod sandbox_server;
mod site;
mod startup;
mod statements;
mod step_up;
mod suspended_identity;
mod sync_command;
mod takeover;
mod unread;
mod upgrade;
