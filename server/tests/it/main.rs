//! The tests of the server in one program: each program would link the whole AWS SDK again.

// A test that starts the server is one future of many layers, and its size is computed recursively.
#![recursion_limit = "256"]

mod access;
mod app_states;
mod architecture;
mod callers;
mod changes;
mod command_line;
mod database;
mod deployment;
mod engines;
mod entries;
mod fixtures;
mod jobs;
mod ledger;
mod lint;
mod lists;
mod ports;
mod prepared;
mod sandboxed;
mod sign_in;
mod starts;
mod store;
mod wait;
