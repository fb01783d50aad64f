//! What every handler of `http` shares, and what an operator may set.

use std::{
    collections::{BTreeMap, HashMap},
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
    ports::{Journal, PoolCheck, Readiness, UserLookup},
    secret::Secret,
};
use crate::{clock::Clock, store::Store};

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The address people type: scheme, host, port. `http` only for localhost.
    pub public_base: Url,
    /// Cognito group to role, such as `leastwise-administrators` to administrator.
    pub roles: BTreeMap<String, Role>,
    /// A session ends when nothing was asked for so long; at most 15 minutes (PCI DSS 8.2.8).
    pub idle: Duration,
    /// A session ends at this age, counted from when Cognito saw the person; at most 8 hours.
    pub absolute: Duration,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Sizes, times and rates.
    pub limits: Limits,
    /// Who brings it may read `/metrics` from elsewhere than this machine.
    pub metrics_token: Option<Secret>,
}

impl HttpSettings {
    /// The settings that everybody should have, for an address.
    pub fn new(public_base: Url) -> Self {
        Self {
            public_base,
            roles: [Role::Administrator, Role::Approver, Role::Auditor]
                .map(|role| (role.group().to_owned(), role))
                .into(),
            idle: Duration::minutes(15),
            absolute: Duration::hours(8),
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            metrics_token: None,
        }
    }
}

/// What sign-in and sessions ask of the rest of the server.
#[derive(Clone)]
pub struct Ports {
    /// The user pool.
    pub pool: Arc<dyn PoolCheck>,
    /// The directory.
    pub users: Arc<dyn UserLookup>,
    /// The ledger.
    pub journal: Arc<dyn Journal>,
    /// Whether the server can do its work.
    pub readiness: Arc<dyn Readiness>,
}

/// What every handler shares. Cheap to clone.
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
    /// One check at a time per session, so that a page and its streams do not ask Cognito ten times.
    pub(super) checks: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

impl HttpState {
    /// Puts it together.
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

    /// The content security policy of pages.
    pub fn csp(&self) -> &Csp {
        &self.csp
    }

    /// The settings.
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }
}
