//! The local Cognito: a small but real OpenID provider over the pool of the sandbox, with the quirks that clients
//! of Cognito meet (reference: the AWS developer guide's pages on user pool endpoints and tokens).
//!
//! Issuer and endpoints are two addresses, unknown scopes vanish, access tokens name a client and no audience,
//! userInfo writes booleans as strings, and `/logout` is Cognito's own. It must never share code with the
//! client it is there to test, and never be reachable from another machine: nobody here has a password.

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
use crate::world::{self, SharedWorld};

pub use claims::AuthenticationContext;
pub use client::Client;
pub use misbehave::Misbehave;
pub use token::RefreshRotation;

use keys::PoolKeys;
use sessions::Sessions;
use subject::Subject;

/// How this provider plays Cognito. Everything about people and the app client comes from the world's pool.
#[derive(Clone, Debug)]
pub struct CognitoConfig {
    /// Scheme, host and port of the issuer, without a slash at the end; the pool's id follows it.
    /// A pool of the UPDATED form has another host here than its discovery document may be fetched from.
    pub issuer_url: String,
    /// Scheme, host and port of the domain endpoints, without a slash at the end.
    pub domain_url: String,
    /// Clients beside the pool's own one.
    pub more_clients: Vec<Client>,
    /// Where the signing key is kept; None = a new key at every start.
    pub key_file: Option<PathBuf>,
    pub authentication_context: AuthenticationContext,
    pub refresh_rotation: RefreshRotation,
    /// ID and access tokens, in milliseconds; Cognito allows 5 minutes to 1 day.
    pub token_lifetime_ms: i64,
    /// Refresh tokens, in milliseconds.
    pub refresh_lifetime_ms: i64,
    pub misbehave: Option<Misbehave>,
}

impl CognitoConfig {
    /// One origin for both, `http://localhost:<port>`, and Cognito's defaults: tokens live one hour, refresh
    /// tokens 30 days and are not rotated.
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

    /// The UPDATED issuer form: the issuer moves to a host of its own, `http://127.0.0.1:<port>`, while the
    /// document can still be fetched from the old one, where its `issuer` then differs from the address.
    #[must_use]
    pub fn with_updated_issuer(mut self, port: u16) -> Self {
        self.issuer_url = format!("http://127.0.0.1:{port}");
        self
    }
}

/// What all handlers share.
struct Provider {
    config: CognitoConfig,
    world: SharedWorld,
    clock: Clock,
    keys: PoolKeys,
    sessions: Mutex<Sessions>,
    misbehave: Mutex<Option<Misbehave>>,
    hits: Mutex<BTreeMap<String, u64>>,
}

/// The whole provider. Makes the signing key, or reads it, before it returns: give this a moment at first start.
pub fn router(config: CognitoConfig, world: SharedWorld) -> Router {
    let clock = world::lock(&world).clock.clone();
    let provider = Arc::new(Provider {
        clock,
        keys: PoolKeys::open(config.key_file.as_deref()),
        misbehave: Mutex::new(config.misbehave),
        config,
        world,
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
        world::lock(&self.world).pool.id.clone()
    }

    /// The `iss` of every token.
    fn issuer(&self) -> String {
        format!("{}/{}", self.config.issuer_url, self.pool_id())
    }

    /// The pool's client, as it is registered at this moment, and the configured others.
    fn clients(&self) -> Vec<Client> {
        let mut clients = vec![Client::of_pool(&world::lock(&self.world).pool.client)];
        clients.extend(self.config.more_clients.iter().cloned());
        clients
    }

    fn subject(&self, sub: &str) -> Option<Subject> {
        Subject::with_sub(&world::lock(&self.world).pool, sub)
    }

    fn subject_named(&self, name: &str) -> Option<Subject> {
        Subject::named(&world::lock(&self.world).pool, name)
    }

    /// The first people of the pool, as many as a page can show.
    fn people(&self) -> page::People {
        let world = world::lock(&self.world);
        let shown = Subject::all(&world.pool).take(page::SHOWN).collect();
        page::People {
            shown,
            total: world.pool.users.len(),
        }
    }

    /// Never hold this while taking the world's lock.
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
