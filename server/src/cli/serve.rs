//! `leastwise serve`: runs the web application and the engine until the process receives a stop signal.

use std::{future::Future, process::ExitCode, sync::Arc};

use domain::engine::Pacing;
use futures::{FutureExt as _, future::BoxFuture};
use tokio::net::TcpListener;

use super::{Done, loops::Loops};
use crate::{
    config::{ServeArgs, secret},
    engine::{
        self,
        seal::{KEY_VARIABLE, Sealer},
    },
    http::{
        log,
        oidc::{Oidc, OidcConfig},
        pages::{self, PageState},
        router::router,
        secret::Secret,
        serve::serve,
        state::{HttpSettings, HttpState, Ports},
    },
    service::core::Core,
    state::{self, Doors, StartError},
};

/// Runs the command.
pub async fn run(mut args: ServeArgs) -> Done {
    log::start("info");
    args.client_secret = secret("LEASTWISE_OIDC_CLIENT_SECRET")?;
    args.metrics_token = secret("LEASTWISE_METRICS_TOKEN")?;
    args.check()?;
    let started = start(&args, Pacing::default()).await?;
    println!("Leastwise is running at {}", args.public_url);
    started.until(stopped()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Checks the configuration and each part that it names.
pub async fn check(mut args: ServeArgs) -> Done {
    args.client_secret = secret("LEASTWISE_OIDC_CLIENT_SECRET")?;
    args.check()?;
    println!("configuration  ok");
    let core = state::core(&args.database, &args.aws, args.crawl_every(), &args.pool).await?;
    println!("database       ok");
    println!("aws            ok: {}", core.instance.arn);
    oidc(&args).await?;
    println!("cognito        ok: {}", args.issuer());
    Ok(ExitCode::SUCCESS)
}

/// The started server.
pub struct Started {
    /// The app state, which the sandbox reads too.
    pub core: Arc<Core>,
    sealer: Sealer,
    http: HttpState,
    listener: TcpListener,
    loops: Loops,
}

impl Started {
    /// Serves until `stop` completes, the stored state cannot be loaded, or a loop ends. Then seals the ledger and
    /// shuts down.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let routes = pages::routes(&PageState {
            http: self.http.clone(),
            core: self.core.clone(),
        });
        let app = router(self.http.clone(), routes);
        let mut failed = None;
        let stop = async {
            tokio::select! {
                () = stop => {}
                error = self.loops.failure() => failed = Some(error),
            }
        };
        serve(self.listener, app, &self.http.settings().limits, stop).await;
        self.loops.shutdown().await;
        if let Err(error) = self.sealer.close().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the last entries could not be signed"
            );
        }
        self.core.store.close().await;
        failed.map_or(Ok(()), Err)
    }
}

/// Runs a loop that depends on the read model after the stored state is loaded.
async fn once_known(core: Arc<Core>, run: BoxFuture<'static, ()>) {
    core.remembered().await;
    run.await;
}

/// Loads the state that the last run stored, and grants the roles named in the configuration.
async fn remember(core: &Arc<Core>, args: &ServeArgs) -> Result<(), StartError> {
    engine::sync::restore(core).await?;
    state::first_roles(core, args).await
}

/// Starts everything. The port is open when this returns. The stored state is still being loaded; pages, sign-ins and
/// loops wait for it.
pub async fn start(args: &ServeArgs, pacing: Pacing) -> Result<Started, StartError> {
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| StartError::Listen(args.listen, error))?;
    let core = state::core(&args.database, &args.aws, args.crawl_every(), &args.pool).await?;
    let seed = secret(KEY_VARIABLE)?;
    let seed = Some(seed.as_str()).filter(|seed| !seed.is_empty());
    let (store, clock) = (core.store.clone(), core.clock.clone());
    let sealer = Sealer::open(
        store,
        clock,
        core.journal.clone(),
        &args.database.keys,
        seed,
    )
    .await?;
    // The only place that sets it.
    let _ = core.vkey.set(sealer.vkey());
    state::bootstrap(&core).await?;
    core.remembers_nothing_yet();
    let oidc = oidc(args).await?;
    let mut settings = HttpSettings::new(args.public_url.clone());
    settings.trusted_proxies = args.proxies()?;
    if !args.metrics_token.is_empty() {
        settings.metrics_token = Some(Secret::new(args.metrics_token.clone()));
    }
    let doors = Arc::new(Doors {
        core: core.clone(),
        sealer: sealer.clone(),
    });
    let ports = Ports {
        pool: doors.clone(),
        users: doors.clone(),
        journal: Arc::new(core.journal.clone()),
        readiness: doors,
    };
    let http = HttpState::new(
        core.store.clone(),
        core.clock.clone(),
        settings,
        oidc,
        ports,
    );
    let mut loops = Loops::default();
    let (known, args) = (core.clone(), args.clone());
    loops.once("load of the stored state", async move {
        remember(&known, &args).await?;
        known.remembers_all();
        Ok(())
    });
    let knowing = |run| once_known(core.clone(), run);
    let crawls = engine::sync::run(core.clone()).boxed();
    loops.forever("sync", knowing(crawls));
    let writes = engine::reconcile::run(core.clone(), pacing).boxed();
    loops.forever("engine", knowing(writes));
    let expires = engine::expire::run(core.clone()).boxed();
    loops.forever("expiry of changes", knowing(expires));
    loops.forever("sealing of the ledger", sealer.clone().run());
    Ok(Started {
        core,
        sealer,
        http,
        listener,
        loops,
    })
}

async fn oidc(args: &ServeArgs) -> Result<Oidc, StartError> {
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
