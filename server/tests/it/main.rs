//! The tests of the server in one program: each program would link the whole AWS SDK again.

mod access;
mod architecture;
mod changes;
mod database;
mod ledger;
mod sandboxed;
mod sign_in;
