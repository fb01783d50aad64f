//! The HTTP layer between sockets and services: sign-in, sessions, browser security, limits.
//!
//! Uses only sessions and persons of `store`. Pages and actions are passed to [`router::router`] by the caller. Never
//! decides what a role may do.

pub mod actions;
pub mod assets;
pub mod client_ip;
mod concurrency;
pub mod connections;
pub mod cookie;
mod descriptors;
pub mod document;
pub mod error;
pub mod events;
mod form;
pub mod headers;
pub mod health;
mod identity_link;
pub mod limits;
pub mod log;
pub mod oidc;
pub mod origin;
pub mod pages;
mod plain_page;
pub mod rate;
pub mod request_id;
pub mod return_to;
mod role_revocation;
pub mod router;
pub mod saved_form;
pub mod seal;
pub mod secret;
pub mod serve;
pub mod session;
pub mod session_revalidation;
pub mod sign_in;
pub mod sign_out;
pub mod state;
pub mod target;
