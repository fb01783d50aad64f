//! The tests of the server in one program: each program would link the whole AWS SDK again.

mod access;
mod app_states;
mod architecture;
mod changes;
mod command_line;
mod database;
mod engines;
mod ledger;
mod ports;
mod prepared;
mod sandboxed;
mod sign_in;
mod store;
mod wait;
