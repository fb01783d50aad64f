//! The shared state of all HTTP handlers, and their settings.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use domain::{authorize::Role, time::Duration};
use ipnet::IpNet;
use tokio::sync::Semaphore;
use url::Url;

use super::{
    headers::Csp,
    limits::{Limiter, Limits},
    oidc::Oidc,
    secret::Secret,
};
use crate::{
    clock::Clock,
    service::{
        readiness::Readiness,
        sign_in::{PoolCheck, SignInJournal, UserLookup},
    },
    store::Store,
};

/// The settings of the HTTP layer.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The public URL: scheme, host, port. `http` only for localhost.
    pub public_base: Url,
    /// The role of each Cognito group, such as `leastwise-administrators`.
    pub roles: BTreeMap<String, Role>,
    /// The issuer of the directory's external ids for each identity provider of the pool.
    pub identity_providers: BTreeMap<String, String>,
    /// The identity providers that require a second factor of everybody, according to the configuration.
    pub mfa_providers: BTreeSet<String>,
    /// The attribute of the pool that holds the id of the Identity Center user.
    pub identity_attribute: Option<String>,
    /// The time without requests after which a session ends; at most 15 minutes (PCI DSS 8.2.8).
    pub idle: Duration,
    /// The maximum age of a session, counted from the authentication at Cognito; at most 8 hours.
    pub absolute: Duration,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Sizes, times and rates.
    pub limits: Limits,
    /// The bearer token that allows reading `/metrics` from other machines.
    pub metrics_token: Option<Secret>,
}

impl HttpSettings {
    /// Returns the default settings for a public URL.
    pub fn new(public_base: Url) -> Self {
        Self {
            public_base,
            roles: [Role::Administrator, Role::Approver, Role::Auditor]
                .map(|role| (role.group().to_owned(), role))
                .into(),
            identity_providers: BTreeMap::new(),
            mfa_providers: BTreeSet::new(),
            identity_attribute: None,
            idle: Duration::minutes(15),
            absolute: Duration::hours(8),
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            metrics_token: None,
        }
    }
}

/// The adapters that sign-in and sessions use.
#[derive(Clone)]
pub struct Ports {
    pub pool: Arc<dyn PoolCheck>,
    pub users: Arc<dyn UserLookup>,
    pub journal: Arc<dyn SignInJournal>,
    pub readiness: Arc<dyn Readiness>,
}

/// The shared state of all handlers. Cheap to clone.
#[derive(Clone)]
pub struct HttpState {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) settings: Arc<HttpSettings>,
    pub(super) oidc: Arc<Oidc>,
    pub(super) ports: Ports,
    pub(super) csp: Csp,
    pub(super) limiter: Arc<Limiter>,
    pub(super) room: Arc<Semaphore>,
    /// One lock per session, so that concurrent requests of a session cause one check at Cognito.
    pub(super) checks: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

impl HttpState {
    pub fn new(
        store: Store,
        clock: Clock,
        settings: HttpSettings,
        oidc: Oidc,
        ports: Ports,
    ) -> Self {
        Self {
            limiter: Arc::new(Limiter::new(&settings.limits, &clock)),
            store,
            clock,
            csp: Csp::new(oidc.domain_url()),
            room: Arc::new(Semaphore::new(settings.limits.at_once)),
            settings: Arc::new(settings),
            oidc: Arc::new(oidc),
            ports,
            checks: Arc::default(),
        }
    }

    /// Returns the content security policy of pages.
    pub fn csp(&self) -> &Csp {
        &self.csp
    }

    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }
}
