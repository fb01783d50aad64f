//! The running sandbox: both services on local ports, and the state file.
//!
//! Binds to 127.0.0.1 only, because its users have no passwords.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::aws::wire::{Wire, Wires};
use crate::aws::{Limits, Signatures, aws_router};
use crate::clock::Clock;
use crate::cognito::{self, CognitoConfig};
use crate::org::Organisation;
use crate::persist::{PersistError, write_atomically};
use crate::state::{SandboxState, SharedState, lock};

/// The configuration of a sandbox.
pub struct Sandbox {
    /// The organisation at the first start. An existing state file takes precedence.
    pub organisation: Organisation,
    /// The factor by which delays are divided and quotas multiplied.
    pub speed: u32,
    /// How long an asynchronous write takes at speed one.
    pub latency: Duration,
    /// How long CloudTrail takes to show an event at speed one.
    pub event_delay: Duration,
    /// Zero selects a free port.
    pub aws_port: u16,
    /// Zero selects a free port.
    pub cognito_port: u16,
    /// The state file. `None` begins with `organisation` at every start.
    pub state_file: Option<PathBuf>,
    /// The file of the local Cognito's signing key. `None` generates a new key at every start.
    pub cognito_key_file: Option<PathBuf>,
    /// Redirect URIs to register for the pool's client in addition to its own.
    pub callback_urls: Vec<String>,
    /// Sign-out URIs to register for the pool's client in addition to its own.
    pub logout_urls: Vec<String>,
    pub limits: Limits,
    pub signatures: Signatures,
}

/// An error that prevents the sandbox from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Bind { port: u16, source: io::Error },
    #[error(transparent)]
    State(#[from] PersistError),
}

impl Sandbox {
    /// Returns a sandbox at the speed of AWS, on free ports, without persistence.
    pub fn new(organisation: Organisation) -> Self {
        Self {
            organisation,
            speed: 1,
            latency: Duration::from_secs(5),
            event_delay: Duration::from_mins(1),
            aws_port: 0,
            cognito_port: 0,
            state_file: None,
            cognito_key_file: None,
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            limits: Limits::Published,
            signatures: Signatures::Required,
        }
    }

    /// Binds both ports and serves until the returned value is dropped. Requires a Tokio runtime.
    pub async fn start(self) -> Result<Running, StartError> {
        let aws = listen(self.aws_port).await?;
        let cognito = listen(self.cognito_port).await?;
        let (aws_addr, cognito_addr) = (address(&aws)?, address(&cognito)?);
        let clock = Clock::real(self.speed);
        let mut sandbox = match &self.state_file {
            Some(path) => SandboxState::open(path, || self.organisation, clock)?,
            None => SandboxState::of(self.organisation, clock),
        }
        .with_latency(self.latency)
        .with_event_delay(self.event_delay)
        .with_limits(self.limits)
        .with_signatures(self.signatures);
        let client = &mut sandbox.pool.client;
        add_missing(&mut client.callback_urls, self.callback_urls);
        add_missing(&mut client.logout_urls, self.logout_urls);
        sandbox.note_pool_change();
        let sandbox = sandbox.shared();

        let mut config = CognitoConfig::local(cognito_addr.port());
        config.key_file = self.cognito_key_file;
        let aws_service = aws_router(sandbox.clone()).into_make_service_with_connect_info::<Wire>();
        let cognito_router: Router = cognito::router(config, sandbox.clone());
        let mut tasks = vec![
            tokio::spawn(async move {
                if let Err(error) = axum::serve(Wires(aws), aws_service).await {
                    tracing::error!(%error, "the local AWS stopped");
                }
            }),
            tokio::spawn(async move {
                if let Err(error) = axum::serve(cognito, cognito_router).await {
                    tracing::error!(%error, "the local Cognito stopped");
                }
            }),
        ];
        let saver = self.state_file.map(|path| {
            let saver = Arc::new(Saver {
                sandbox: sandbox.clone(),
                path,
                one_at_a_time: Mutex::new(()),
            });
            tasks.push(tokio::spawn(keep_saved(saver.clone())));
            saver
        });
        Ok(Running {
            sandbox,
            aws_addr,
            cognito_addr,
            saver,
            tasks,
        })
    }
}

/// A running sandbox. Dropping it stops both services and saves the state.
pub struct Running {
    pub sandbox: SharedState,
    pub aws_addr: SocketAddr,
    pub cognito_addr: SocketAddr,
    saver: Option<Arc<Saver>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        if let Some(saver) = &self.saver {
            saver.save();
        }
    }
}

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|source| StartError::Bind { port, source })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener
        .local_addr()
        .map_err(|source| StartError::Bind { port: 0, source })
}

fn add_missing(held: &mut Vec<String>, wanted: Vec<String>) {
    for url in wanted {
        if !held.contains(&url) {
            held.push(url);
        }
    }
}

/// Writes the state file within 200 ms of a change, or less often if writing takes long. Changes that are not in the
/// file yet are in the journal.
async fn keep_saved(saver: Arc<Saver>) {
    let mut seen = 0;
    let mut pause = Duration::from_millis(100);
    loop {
        tokio::time::sleep(pause).await;
        let changes = lock(&saver.sandbox).changes;
        if changes == seen {
            continue;
        }
        seen = changes;
        let saver = saver.clone();
        // Serializing and writing would block the runtime's threads.
        match tokio::task::spawn_blocking(move || saver.save()).await {
            Ok(took) => pause = (took * 10).max(Duration::from_millis(100)),
            Err(error) => tracing::error!(%error, "cannot save the sandbox state"),
        }
    }
}

/// Writes the state file, one write at a time: an older state must not replace a newer one.
struct Saver {
    sandbox: SharedState,
    path: PathBuf,
    one_at_a_time: Mutex<()>,
}

impl Saver {
    /// Saves the state. Returns how long it took.
    #[expect(
        clippy::disallowed_methods,
        reason = "measures its own duration; no state depends on it"
    )]
    fn save(&self) -> Duration {
        let started = Instant::now();
        let _turn = self
            .one_at_a_time
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (content, next_call) = {
            let sandbox = lock(&self.sandbox);
            (sandbox.snapshot(), sandbox.calls.next_number())
        };
        match write_atomically(&self.path, &content) {
            Ok(()) => lock(&self.sandbox).forget_journal(next_call),
            Err(error) => {
                tracing::error!(%error, path = %self.path.display(), "cannot save the sandbox state");
            }
        }
        started.elapsed()
    }
}
