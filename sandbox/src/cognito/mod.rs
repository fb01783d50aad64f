//! The local Cognito: a small OpenID provider on the user pool of the sandbox, with the peculiarities of Cognito
//! (reference: the AWS developer guide on user pool endpoints and tokens).
//!
//! Issuer and endpoints have different base URLs, unknown scopes are ignored, access tokens have `client_id` and no
//! `aud`, userInfo writes booleans as strings, and `/logout` is specific to Cognito. It must never share code with the
//! client that it tests, and never be reachable from another machine, because its users have no passwords.

mod authorize;
mod claims;
mod client;
mod discovery;
mod keys;
mod login;
mod logout;
mod misbehave;
mod oauth_error;
mod page;
mod params;
mod probe;
mod request;
mod revoke;
mod sessions;
mod subject;
mod token;
mod userinfo;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::clock::Clock;
use crate::state::{self, SharedState};

pub use claims::AuthenticationContext;
pub use client::Client;
pub use misbehave::Misbehave;
pub use token::RefreshRotation;

use keys::PoolKeys;
use sessions::Sessions;
use subject::Subject;

/// The configuration of the provider. Users and the app client come from the user pool of the sandbox.
#[derive(Clone, Debug)]
pub struct CognitoConfig {
    /// Scheme, host and port of the issuer, without a trailing slash; the pool ID follows. For a pool with the UPDATED
    /// issuer form, the host differs from the one where the discovery document may be fetched.
    pub issuer_url: String,
    /// Scheme, host and port of the domain endpoints, without a trailing slash.
    pub domain_url: String,
    /// Clients in addition to the pool's own.
    pub more_clients: Vec<Client>,
    /// The file of the signing key. `None` generates a new key at every start.
    pub key_file: Option<PathBuf>,
    pub authentication_context: AuthenticationContext,
    pub refresh_rotation: RefreshRotation,
    /// Lifetime of ID and access tokens in milliseconds. Cognito allows 5 minutes to 1 day.
    pub token_lifetime_ms: i64,
    /// Lifetime of refresh tokens in milliseconds.
    pub refresh_lifetime_ms: i64,
    pub misbehave: Option<Misbehave>,
}

impl CognitoConfig {
    /// Returns a configuration with one origin for issuer and endpoints, `http://localhost:<port>`, and Cognito's
    /// defaults: tokens are valid for one hour, refresh tokens for 30 days and without rotation.
    pub fn local(port: u16) -> Self {
        let origin = format!("http://localhost:{port}");
        Self {
            issuer_url: origin.clone(),
            domain_url: origin,
            more_clients: Vec::new(),
            key_file: None,
            authentication_context: AuthenticationContext::Written,
            refresh_rotation: RefreshRotation::Off,
            token_lifetime_ms: 60 * 60 * 1000,
            refresh_lifetime_ms: 30 * 24 * 60 * 60 * 1000,
            misbehave: None,
        }
    }

    /// Switches to the UPDATED issuer form: the issuer moves to its own host, `http://127.0.0.1:<port>`. The discovery
    /// document can still be fetched from the old host, where its `issuer` then differs from the URL.
    #[must_use]
    pub fn with_updated_issuer(mut self, port: u16) -> Self {
        self.issuer_url = format!("http://127.0.0.1:{port}");
        self
    }
}

/// The state shared by all handlers.
struct Provider {
    config: CognitoConfig,
    sandbox: SharedState,
    clock: Clock,
    keys: PoolKeys,
    sessions: Mutex<Sessions>,
    misbehave: Mutex<Option<Misbehave>>,
    hits: Mutex<BTreeMap<String, u64>>,
}

/// Returns the router of the provider. Reads or generates the signing key first; generating it takes a moment.
pub fn router(config: CognitoConfig, sandbox: SharedState) -> Router {
    let clock = state::lock(&sandbox).clock.clone();
    let provider = Arc::new(Provider {
        clock,
        keys: PoolKeys::open(config.key_file.as_deref()),
        misbehave: Mutex::new(config.misbehave),
        config,
        sandbox,
        sessions: Mutex::default(),
        hits: Mutex::default(),
    });
    Router::new()
        .route(
            "/{pool_id}/.well-known/openid-configuration",
            get(discovery::openid_configuration),
        )
        .route("/{pool_id}/.well-known/jwks.json", get(discovery::jwks))
        .route("/oauth2/authorize", get(authorize::authorize))
        .route("/login", get(login::show).post(login::submit))
        .route("/oauth2/token", post(token::token))
        .route(
            "/oauth2/userInfo",
            get(userinfo::user_info).post(userinfo::user_info),
        )
        .route("/oauth2/revoke", post(revoke::revoke))
        .route("/logout", get(logout::logout))
        .route(
            "/_sandbox/misbehave",
            get(probe::get_misbehave).post(probe::set_misbehave),
        )
        .route("/_sandbox/elsewhere", get(probe::elsewhere))
        .route("/_sandbox/hits", get(probe::hits))
        .route_layer(from_fn_with_state(Arc::clone(&provider), probe::count))
        .with_state(provider)
}

impl Provider {
    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn pool_id(&self) -> String {
        state::lock(&self.sandbox).pool.id.clone()
    }

    /// Returns the `iss` of every token.
    fn issuer(&self) -> String {
        format!("{}/{}", self.config.issuer_url, self.pool_id())
    }

    /// Returns the pool's client as currently registered, and the additional clients.
    fn clients(&self) -> Vec<Client> {
        let mut clients = vec![Client::of_pool(&state::lock(&self.sandbox).pool.client)];
        clients.extend(self.config.more_clients.iter().cloned());
        clients
    }

    fn subject(&self, sub: &str) -> Option<Subject> {
        Subject::with_sub(&state::lock(&self.sandbox).pool, sub)
    }

    fn subject_named(&self, name: &str) -> Option<Subject> {
        Subject::named(&state::lock(&self.sandbox).pool, name)
    }

    /// Returns the first users of the pool, up to [`page::SHOWN`], and their total number.
    fn people(&self) -> page::People {
        let sandbox = state::lock(&self.sandbox);
        let shown = Subject::all(&sandbox.pool).take(page::SHOWN).collect();
        page::People {
            shown,
            total: sandbox.pool.users.len(),
        }
    }

    /// Locks the sessions. Never hold this lock while taking the lock on the sandbox state.
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn misbehaves(&self) -> Option<Misbehave> {
        *self
            .misbehave
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn set_misbehave(&self, fault: Option<Misbehave>) {
        *self
            .misbehave
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn hits(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.hits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
