//! Sign-in, sessions and the browser's boundary, through the real router, over real HTTP to the local
//! Cognito, on a fresh database for each test. Tests carry the numbers of the requirements they prove.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

mod boundary;
mod forged;
mod identity_linking;
mod limits;
mod oidc;
mod session;
mod sockets;
mod support;
