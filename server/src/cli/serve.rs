//! `leastwise serve`: runs the web application and the engine until the process receives a stop signal.

use std::{future::Future, net::SocketAddr, process::ExitCode, sync::Arc};

use domain::engine::Pacing;
use futures::{FutureExt as _, future::BoxFuture};
use tokio::net::TcpListener;

use super::{CommandResult, background_tasks::BackgroundTasks, print};
use crate::{
    config::{ServeArgs, secret},
    engine::{
        self,
        heartbeat::{self, Heartbeat},
        seal::{KEY_VARIABLE, Sealer},
    },
    http::{
        log,
        oidc::{Oidc, OidcConfig},
        pages::{self, PageState},
        router::router,
        secret::Secret,
        serve::{listen, serve},
        state::{HttpSettings, HttpState, Ports},
    },
    jobs::{self, JobTimes, JobTools},
    pool_configuration,
    process_lock::ProcessLock,
    service::{app_state::AppState, identities, oversight, stored_state},
    state::{self, PortAdapters, StartError, StoreUser},
    store::{DatabaseEngine, Store},
};

pub async fn run(mut args: ServeArgs) -> CommandResult {
    log::start("info");
    args.client_secret = secret("LEASTWISE_OIDC_CLIENT_SECRET")?;
    args.metrics_token = secret("LEASTWISE_METRICS_TOKEN")?;
    args.check()?;
    let listener = open(args.listen)?;
    let started = start(listener, &args, Pacing::default()).await?;
    print(format!("Leastwise is running at {}\n", args.public_url))?;
    started.until(stopped()).await?;
    Ok(ExitCode::SUCCESS)
}

/// The started server.
pub struct Started {
    /// The app state, which the sandbox reads too.
    pub app_state: Arc<AppState>,
    sealer: Sealer,
    http: HttpState,
    listener: TcpListener,
    loops: BackgroundTasks,
    /// Held until the last entries are signed and the database is closed.
    lock: Option<ProcessLock>,
}

impl Started {
    /// Serves until `stop` completes, the stored state cannot be loaded, or a loop ends. Then seals the ledger and
    /// shuts down.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let routes = pages::routes(&PageState {
            http: self.http.clone(),
            app_state: self.app_state.clone(),
        });
        let app = router(self.http.clone(), routes);
        let mut failed = None;
        let stop = async {
            tokio::select! {
                () = stop => {}
                error = self.loops.failure() => failed = Some(error),
            }
            // Before open connections are waited for, so that another process runs the engine meanwhile.
            engine::lease::release(&self.app_state).await;
        };
        serve(self.listener, app, self.http.settings(), stop).await;
        self.loops.shutdown().await;
        if let Err(error) = jobs::give_back(&self.app_state).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "running jobs could not be put back, and wait for their leases"
            );
        }
        if let Err(error) = engine::heartbeat::farewell(&self.app_state).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "other processes see the end of this one only by its silence"
            );
        }
        if let Err(error) = self.sealer.close().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the last entries could not be signed"
            );
        }
        self.app_state.store.close().await;
        drop(self.lock);
        failed.map_or(Ok(()), Err)
    }
}

/// Runs a loop that depends on the read model after the stored state is loaded.
async fn once_known(app_state: Arc<AppState>, run: BoxFuture<'static, ()>) {
    app_state.restored().await;
    run.await;
}

/// Returns a loop that runs only while the engine runs in this process.
fn in_the_engine_process<F>(
    app_state: &Arc<AppState>,
    run: impl Fn(Arc<AppState>) -> F + Send + Sync + 'static,
) -> BoxFuture<'static, ()>
where
    F: Future<Output = ()> + Send,
{
    let app_state = app_state.clone();
    async move { heartbeat::where_engine_runs(&app_state, || run(app_state.clone())).await }.boxed()
}

/// Loads the state that the last run stored, and grants the roles named in the configuration.
async fn remember(app_state: &Arc<AppState>, args: &ServeArgs) -> Result<(), StartError> {
    engine::adopt_mapping::adopt(app_state).await?;
    stored_state::restore(app_state).await?;
    oversight::warn_of_idle_marks(app_state);
    state::first_roles(app_state, args).await?;
    Ok(identities::refresh_summary(app_state).await?)
}

/// Opens the port on which the server will listen. Connections wait until it is started.
pub fn open(address: SocketAddr) -> Result<TcpListener, StartError> {
    listen(address).map_err(|error| StartError::Listen(address, error))
}

/// Starts everything behind an open port. The stored state is still being loaded when this returns; pages, sign-ins and
/// loops wait for it.
pub async fn start(
    listener: TcpListener,
    args: &ServeArgs,
    pacing: Pacing,
) -> Result<Started, StartError> {
    let lock = ProcessLock::of_database(&args.database.url)?;
    let turn = Store::open(&args.database.url).await?.start_turn().await?;
    let app_state = state::app_state(
        StoreUser::Server,
        &args.database,
        &args.aws,
        &args.identities,
        args.crawl_every(),
        &args.pool,
        args.sign_in.step_up()?,
    )
    .await?;
    pool_configuration::check(&app_state.aws, &args.pool, &args.sign_in).await?;
    let seed = secret(KEY_VARIABLE)?;
    let seed = Some(seed.as_str()).filter(|seed| !seed.is_empty());
    let (store, clock) = (app_state.store.clone(), app_state.clock.clone());
    let sealer = Sealer::open(
        store,
        clock,
        app_state.journal.clone(),
        &args.database.keys,
        seed,
    )
    .await?;
    // The only place that sets it.
    let _ = app_state.vkey.set(sealer.vkey());
    state::bootstrap(&app_state).await?;
    app_state.mark_restoring();
    let oidc = oidc(args).await?;
    let mut settings = HttpSettings::new(args.public_url.clone());
    settings.trusted_proxies = args.proxies()?;
    settings.identity_providers = args.sign_in.issuers()?;
    settings.mfa_providers = args.sign_in.strict_providers();
    settings.identity_attribute = args.sign_in.attribute()?.map(str::to_owned);
    if !args.metrics_token.is_empty() {
        settings.metrics_token = Some(Secret::new(args.metrics_token.clone()));
    }
    let adapters = Arc::new(PortAdapters {
        app_state: app_state.clone(),
        identity_attribute: settings.identity_attribute.clone(),
        sealer: sealer.clone(),
    });
    let ports = Ports {
        pool: adapters.clone(),
        users: adapters.clone(),
        journal: Arc::new(app_state.journal.clone()),
        readiness: adapters,
    };
    let http = HttpState::new(
        app_state.store.clone(),
        app_state.clock.clone(),
        settings,
        oidc,
        ports,
    );
    let mut loops = BackgroundTasks::default();
    let calls_per_second = args.aws.calls_per_second;
    if app_state.store.engine() == DatabaseEngine::Postgres {
        heartbeat::begin_as_standby(&app_state.aws.budgets, calls_per_second);
    }
    let beats = Heartbeat::new(app_state.clone(), calls_per_second);
    loops.forever("heartbeat", beats.run());
    let (known, args, sign_in) = (app_state.clone(), args.clone(), args.sign_in.clone());
    loops.once("load of the stored state", async move {
        remember(&known, &args).await?;
        // The next process may start.
        drop(turn);
        known.mark_restored();
        Ok(())
    });
    if lock.is_some() {
        jobs::reclaim_all(&app_state).await?;
    }
    let knowing = |run| once_known(app_state.clone(), run);
    let runs_here = app_state.engine_lease.runs_here();
    let tools = JobTools {
        sealer: Some(sealer.clone()),
        sign_in: Some(Arc::new(sign_in)),
    };
    let times = JobTimes::default();
    let works = jobs::run(app_state.clone(), tools, runs_here.clone(), times).boxed();
    loops.forever("worker of jobs", knowing(works));
    let writes = engine::reconcile::run(app_state.clone(), pacing).boxed();
    loops.forever("engine", knowing(writes));
    let ends = in_the_engine_process(&app_state, engine::declarations::run);
    loops.forever("end of declarations", knowing(ends));
    let follows = engine::follow::run(app_state.clone()).boxed();
    loops.forever("other processes", knowing(follows));
    loops.forever("counts of events", sealer.clone().count(runs_here));
    loops.forever("following of the ledger", sealer.clone().follow());
    Ok(Started {
        app_state,
        sealer,
        http,
        listener,
        loops,
        lock,
    })
}

pub(super) async fn oidc(args: &ServeArgs) -> Result<Oidc, StartError> {
    let secret = Secret::new(args.client_secret.clone());
    let mut config = OidcConfig::new(&args.issuer(), &args.client_id, secret, &args.public_url);
    config.subject_issuer.clone_from(&args.subject_issuer);
    config.accepted_issuers.clone_from(&args.accepted_issuers);
    config.domain_url.clone_from(&args.cognito_domain);
    config.check()?;
    Ok(Oidc::discover(config, &crate::clock::Clock::System).await?)
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
