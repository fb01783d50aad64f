//! The composition root: builds everything that runs from the configuration.

mod first_roles;
mod open_store;

pub use first_roles::first_roles;
pub use open_store::{StoreUser, log_name, open_store};

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    directory::ExternalId,
    ids::{PersonId, UserId},
    ledger::InvalidName,
    person::link::{IdentityLink, LinkKeys, link_identity},
    policies::{RemovalLimits, RemovalPolicies, RuleError, Rules},
    second_factor::{PoolMfa, StepUpLimits},
};
use thiserror::Error;

use crate::{
    aws::{Access, AppName, Aws, SetupError, error::ErrorClass},
    clock::Clock,
    config::ConfigError,
    engine::seal::Sealer,
    http::oidc::{DiscoveryFailure, InvalidOidcConfig},
    process_lock::LockError,
    row_key::RowKeyError,
    service::{
        app_state::AppState,
        engine_lease::EngineLease,
        identities,
        instance::{self, InstanceError},
        journal::Journal,
        metrics, names,
        readiness::Readiness,
        rules_in_force,
        settings::Settings,
        sign_in::{PoolCheck, PoolStatus, UserLookup},
    },
    store::{self, StoreError},
};

/// The Cedar schema of this build.
pub const SCHEMA: &str = include_str!("../policies/leastwise.cedarschema");
/// The `permit` policies: who is eligible.
pub const ELIGIBILITY: &str = include_str!("../policies/eligibility.cedar");
/// The `forbid` policies (guardrails).
pub const GUARDRAILS: &str = include_str!("../policies/guardrails.cedar");
/// The Cedar schema of the policies on removals.
pub const REMOVAL_SCHEMA: &str = include_str!("../policies/removals.cedarschema");
/// The policies on removals.
pub const REMOVALS: &str = include_str!("../policies/removals.cedar");

/// Parses the policies of this build.
pub fn rules(limits: RemovalLimits) -> Result<Rules, Vec<RuleError>> {
    let removals = RemovalPolicies::parse(REMOVAL_SCHEMA, REMOVALS, limits)?;
    Rules::parse(SCHEMA, ELIGIBILITY, GUARDRAILS)?.with_removals(removals)
}

/// An error that prevents the start or ends the process.
#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Locked(#[from] LockError),
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    #[error(transparent)]
    RowKey(#[from] RowKeyError),
    #[error(
        "the database {0} does not exist, and only `leastwise serve` creates it. Name the database of the server with \
         --database or LEASTWISE_DATABASE_URL"
    )]
    NoDatabase(String),
    /// Entries of an earlier version have no MAC yet.
    #[error(
        "the ledger was written by an earlier version: start `leastwise serve` with this version first, which gives its \
         entries MACs; docs/row-key.md"
    )]
    NotAdopted,
    #[error("AWS cannot be used")]
    Aws(#[from] SetupError),
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error("the policies cannot be used: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rules(Vec<RuleError>),
    #[error("LEASTWISE_LOG_NAME: {0}")]
    LogName(#[from] InvalidName),
    #[error("the Cognito configuration cannot be used")]
    Oidc(#[from] InvalidOidcConfig),
    #[error("Cognito's discovery document cannot be used")]
    Discovery(#[from] DiscoveryFailure),
    #[error("the user pool does not fit the configuration")]
    Pool(#[from] crate::pool_configuration::PoolMismatch),
    #[error("the stored state of AWS cannot be loaded")]
    Restore(#[from] crate::service::stored_state::RestoreError),
    #[error("the ledger cannot be used")]
    Ledger(#[from] crate::engine::seal::Fault),
    #[error("cannot listen on {0}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
    /// A loop that must run beside the web server.
    #[error("the {0} ended, and Leastwise must not run without it")]
    Ended(&'static str),
}

/// Opens the database, connects to AWS and parses the policies: everything except the web server.
pub async fn app_state(
    user: StoreUser,
    database: &crate::config::DatabaseArgs,
    aws: &crate::config::AwsArgs,
    identities: &crate::config::IdentityArgs,
    crawl_every: domain::time::Duration,
    pool: &str,
    step_up: StepUpLimits,
) -> Result<Arc<AppState>, StartError> {
    let engine_lease = EngineLease::new(database.engine_lease()?);
    let process = engine_lease.owner().to_owned();
    let access = Access {
        app_name: AppName::new(format!("leastwise-{process}")).ok(),
        ..aws.access()?
    };
    let store = open_store(database, user).await?;
    let clock = Clock::System;
    let clients = Aws::connect(&access).await;
    let instance = clients.instance().await?;
    instance::check(&store, &instance.arn).await?;
    let rules = rules(aws.removal_limits()?).map_err(StartError::Rules)?;
    let log = log_name(database, &store).await?;
    let journal = Journal::new(store.clone(), clock.clone(), log, process);
    journal.rules_are(rules.version());
    let settings = Settings {
        region: aws.region.clone(),
        access_portal: aws.portal.address()?,
        crawl_every,
        leastwise_accounts: aws.own()?,
        mapping: aws.mapping()?,
        pool: pool.to_owned(),
        identity_alarm_percent: identities.alarm_percent()?,
        step_up,
        removal_reads: Settings::REMOVAL_READS,
    };
    let catalogue = aws.analysis.catalogue(clock.now())?;
    let app_state = AppState::new(
        store, clock, clients, instance, catalogue, rules, journal, settings,
    );
    Ok(Arc::new(app_state.with_engine_lease(engine_lease)))
}

/// Returns the app state of a command that runs beside the web server or without it: it crawls on no schedule, and nobody
/// signs in.
pub async fn command_state(
    database: &crate::config::DatabaseArgs,
    aws: &crate::config::AwsArgs,
    identities: &crate::config::IdentityArgs,
) -> Result<Arc<AppState>, StartError> {
    let crawl_every = domain::time::Duration::minutes(15);
    let step_up = StepUpLimits::default();
    let user = StoreUser::Command;
    let app_state = app_state(user, database, aws, identities, crawl_every, "", step_up).await?;
    let head = store::ledger::head(&app_state.store).await?;
    let mut conn = app_state.store.connection().await?;
    if head.is_some() && !store::ledger::has_macs(&mut conn).await? {
        return Err(StartError::NotAdopted);
    }
    drop(conn);
    Ok(app_state)
}

/// Records the start, and the policies if they are newly in force, in the ledger.
pub async fn bootstrap(app_state: &AppState) -> Result<(), StartError> {
    let mut tx = app_state.store.write().await?;
    let mut entries = vec![app_state.journal.log_started()];
    let rules = app_state.rules();
    entries.extend(rules_in_force::activation(app_state, &mut tx, &rules).await?);
    app_state.journal.append_many(&mut tx, entries).await?;
    Ok(tx.commit().await?)
}

/// After this time without a successful publication the server is not ready.
const LATE: Duration = Duration::from_mins(1);

/// Implements the ports of the web server with the app state.
pub struct PortAdapters {
    pub app_state: Arc<AppState>,
    /// The attribute of the pool that holds the id of the Identity Center user.
    pub identity_attribute: Option<String>,
    /// Signs the ledger; the server is ready only while it can.
    pub sealer: Sealer,
}

#[async_trait]
impl PoolCheck for PortAdapters {
    async fn status(&self, username: &str) -> PoolStatus {
        let app_state = &self.app_state;
        let user = app_state
            .aws
            .pool_user(&app_state.settings.pool, username)
            .await;
        let demanded = app_state
            .aws
            .pool_demands_mfa(&app_state.settings.pool)
            .await
            .unwrap_or(false);
        match user {
            Ok(user) if !user.enabled => PoolStatus::Disabled,
            Ok(mut user) => PoolStatus::Active {
                directory_user: self
                    .identity_attribute
                    .as_ref()
                    .and_then(|name| user.attributes.remove(name)),
                // The pool does not know the second factors of a federated user: the external identity provider checks
                // them.
                mfa: match (user.federated, demanded, user.factors.is_empty()) {
                    (true, ..) | (false, false, true) => PoolMfa::Absent,
                    (false, true, _) => PoolMfa::Demanded,
                    (false, false, false) => PoolMfa::Enrolled,
                },
                groups: Some(user.groups),
                signed_out_at: None,
            },
            Err(error) if error.class == ErrorClass::NotFound => PoolStatus::Gone,
            Err(error) => {
                tracing::warn!(code = error.code, "the user pool could not be reached");
                PoolStatus::Unknown
            }
        }
    }
}

#[async_trait]
impl UserLookup for PortAdapters {
    fn link(&self, keys: &LinkKeys) -> IdentityLink {
        let read_model = self.app_state.read_model();
        link_identity(keys, read_model.snapshot.found_by(keys))
    }

    fn display_name(&self, user: &UserId) -> Option<String> {
        let read_model = self.app_state.read_model();
        let user = read_model.snapshot.user(user)?;
        Some(user.display_name.clone())
    }

    fn external_ids(&self, user: &UserId) -> Vec<ExternalId> {
        let read_model = self.app_state.read_model();
        let known = read_model.snapshot.user(user);
        known.map_or_else(Vec::new, |user| user.external_ids.clone())
    }

    async fn check(&self, person: &PersonId) {
        if let Err(error) = identities::check(&self.app_state, person).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an identity could not be checked at its sign-in"
            );
        }
    }
}

#[async_trait]
impl Readiness for PortAdapters {
    async fn restored(&self) {
        self.app_state.restored().await;
    }

    async fn missing(&self) -> Vec<String> {
        if !self.app_state.is_restored() {
            return vec!["the stored state is still being loaded".to_owned()];
        }
        let read_model = self.app_state.read_model();
        let snapshot = &read_model.snapshot;
        let unread = snapshot.parts().coverage.newest.is_none();
        let unread = unread.then(|| "AWS has not been synced yet".to_owned());
        let failing = self
            .app_state
            .publication
            .failing_for(self.app_state.clock.elapsed());
        let failing = failing
            .filter(|failing| *failing >= LATE)
            .map(|_| "pages cannot be brought up to date".to_owned());
        let missing = unread
            .into_iter()
            .chain(failing)
            .chain(names::missing(snapshot));
        missing.chain(self.sealer.trouble()).collect()
    }

    async fn metrics(&self) -> String {
        metrics::text(&self.app_state).await
    }
}
