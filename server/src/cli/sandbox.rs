//! `leastwise sandbox`: runs everything on this machine, with a local AWS and a local Cognito.
//!
//! Runs the same code as `serve`; only the configuration differs.

mod environment;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use domain::{engine::Pacing, policies::RemovalLimits, time::Duration};
use sandbox::{
    Running, Sandbox,
    aws::{ACCESS_KEYS, SECRET, Signatures},
    org::{
        Organisation,
        pool::{Pool, PoolUser},
    },
};
use url::Url;

use super::{CommandResult, print, secrets::without_password, serve};
use crate::{
    config::{
        AnalysisArgs, AwsArgs, DatabaseArgs, ENGINE_LEASE_SECONDS, IdentityArgs, PortalArgs,
        ServeArgs, SignInArgs,
    },
    http::log,
    process_lock::{ProcessLock, SANDBOX_LOCK},
};

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct SandboxArgs {
    /// The port of the web application. The local AWS uses the next port and the local Cognito the one after; 0 selects
    /// free ports.
    #[arg(long, env = "LEASTWISE_SANDBOX_PORT", default_value_t = 3000)]
    port: u16,
    /// The folder in which data is kept between runs.
    #[arg(long, env = "LEASTWISE_SANDBOX_DATA", default_value = "data/sandbox")]
    data: PathBuf,
    /// Delete the kept data and start over.
    #[arg(long)]
    fresh: bool,
    /// The organization: sample, federated (the sample with a pool whose users all come from an identity provider),
    /// medium, large, large-groups, or a JSON file.
    #[arg(long, env = "LEASTWISE_SANDBOX_ORG", default_value = "sample")]
    org: String,
    /// How many times faster than AWS the local AWS runs, including its quotas.
    #[arg(long, env = "LEASTWISE_SANDBOX_SPEED", default_value_t = 1)]
    speed: u32,
    /// A TOML file that maps tags and OUs to environments and PCI scope.
    #[arg(long, env = "LEASTWISE_CLASSIFICATION")]
    classification: Option<PathBuf>,
    /// A database to use instead of the one in the data folder.
    #[arg(long, env = "LEASTWISE_DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
    /// Run only the local AWS and Cognito, and print the variables with which `leastwise serve` and `leastwise sync`
    /// use them.
    #[arg(long)]
    aws_only: bool,
    /// Accept AWS calls that are not signed, or are signed with any key for any Region: to try calls by hand.
    #[arg(long)]
    unsigned: bool,
    /// Print one JSON line when ready.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
}

/// Runs the sandbox until it receives a stop signal.
pub async fn run(args: SandboxArgs) -> CommandResult {
    // A log line per request would push the addresses and names off the terminal.
    log::start(if args.json { "info" } else { "warn" });
    std::fs::create_dir_all(&args.data)?;
    let _lock = ProcessLock::of_sandbox(&args.data)?;
    if args.fresh {
        empty(&args.data)?;
    }
    // Held from here on: another program could take a port that is chosen now and opened later.
    let listener = serve::open(SocketAddr::from(([127, 0, 0, 1], args.port)))?;
    let web = listener.local_addr()?.port();
    let running = start_local(&args, web).await?;
    let serve_args = configuration(&args, &running, web)?;
    if args.aws_only {
        // `leastwise serve` opens it.
        drop(listener);
        if args.json {
            print(format!("{}\n", environment::as_json(&serve_args)))?;
        } else {
            print(environment::as_exports(&serve_args))?;
        }
        serve::stopped().await;
        return Ok(ExitCode::SUCCESS);
    }
    let started = serve::start(listener, &serve_args, pacing(args.speed)).await?;
    announce(&args, &running, &serve_args)?;
    started.until(serve::stopped()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Deletes what a folder contains, except for the lock that this process holds.
fn empty(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else if entry.file_name() != SANDBOX_LOCK {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

async fn start_local(
    args: &SandboxArgs,
    web: u16,
) -> Result<Running, Box<dyn std::error::Error + Send + Sync>> {
    let next = |n: u16| if args.port == 0 { 0 } else { args.port + n };
    let mut local = Sandbox::new(Organisation::named(&args.org)?);
    local.speed = args.speed.max(1);
    if args.unsigned {
        local.signatures = Signatures::Ignored;
    }
    local.aws_port = next(1);
    local.cognito_port = next(2);
    local.state_file = Some(args.data.join("aws.json"));
    local.cognito_key_file = Some(args.data.join("cognito.pem"));
    local.callback_urls = vec![format!("http://localhost:{web}/sign-in/callback")];
    local.logout_urls = vec![format!("http://localhost:{web}/signed-out")];
    Ok(local.start().await?)
}

/// Returns the configuration of `serve` for this local AWS and Cognito.
fn configuration(
    args: &SandboxArgs,
    running: &Running,
    web: u16,
) -> Result<ServeArgs, Box<dyn std::error::Error + Send + Sync>> {
    let read_model = sandbox::state::lock(&running.sandbox);
    let pool = &read_model.pool;
    let with_role = |group: &str| -> Vec<String> {
        let members = pool
            .users
            .iter()
            .filter(|user| user.groups.iter().any(|g| g == group));
        members.map(|user| user.sub.clone()).collect()
    };
    let cognito = format!("http://localhost:{}", running.cognito_addr.port());
    let database = args.database.clone();
    Ok(ServeArgs {
        listen: SocketAddr::from(([127, 0, 0, 1], web)),
        public_url: Url::parse(&format!("http://localhost:{web}"))?,
        pool: pool.id.clone(),
        issuer: Some(format!("{cognito}/{}", pool.id)),
        // Subjects use the issuer of the pool at AWS, so identities stay the same on other ports.
        subject_issuer: Some(format!(
            "https://cognito-idp.{}.amazonaws.com/{}",
            pool.region, pool.id
        )),
        accepted_issuers: Vec::new(),
        cognito_domain: Some(Url::parse(&cognito)?),
        client_id: pool.client.client_id.clone(),
        client_secret: pool.client.client_secret.clone(),
        administrators: with_role("leastwise-administrators"),
        approvers: with_role("leastwise-approvers"),
        auditors: with_role("leastwise-auditors"),
        crawl_minutes: 1,
        identities: IdentityArgs::default(),
        trusted_proxies: Vec::new(),
        metrics_token: String::new(),
        sign_in: sign_in(args, pool),
        allow_sandbox_build: false,
        database: DatabaseArgs {
            url: database
                .unwrap_or_else(|| format!("sqlite:{}", args.data.join("leastwise.db").display())),
            keys: args.data.join("keys"),
            log_name: Some("leastwise/sandbox".into()),
            engine_lease_seconds: ENGINE_LEASE_SECONDS,
        },
        aws: AwsArgs {
            region: pool.region.clone(),
            endpoint: Some(Url::parse(&format!(
                "http://127.0.0.1:{}",
                running.aws_addr.port()
            ))?),
            // Slightly below the quota of the local AWS, which other clients use too.
            calls_per_second: 15.0 * f64::from(args.speed.max(1)),
            own_accounts: Vec::new(),
            oversight_sets: RemovalLimits::default_marks(),
            removal_people: RemovalLimits::PEOPLE,
            classification: args.classification.clone(),
            portal: PortalArgs::default(),
            analysis: args.analysis.clone(),
        },
    })
}

/// Returns the sign-in configuration: what the command line states, or else what the pool needs.
fn sign_in(args: &SandboxArgs, pool: &Pool) -> SignInArgs {
    let mut sign_in = args.sign_in.clone();
    if sign_in.identity_providers.is_empty() {
        let all = pool.identity_providers.iter();
        sign_in.identity_providers = all
            .clone()
            .map(|provider| format!("{}={}", provider.name, provider.directory_issuer))
            .collect();
        let strict = all.filter(|provider| provider.requires_mfa);
        sign_in.mfa_providers = strict.map(|provider| provider.name.clone()).collect();
    }
    sign_in
}

/// Returns the pacing for a faster local AWS, which is polled sooner by the same factor.
fn pacing(speed: u32) -> Pacing {
    let default = Pacing::default();
    let faster = |duration: Duration| Duration((duration.0 / i64::from(speed.max(1))).max(50));
    Pacing {
        poll_first: faster(default.poll_first),
        poll_every: faster(default.poll_every),
        ..default
    }
}

fn roles(user: &PoolUser) -> Vec<String> {
    let named = user
        .groups
        .iter()
        .filter_map(|group| group.strip_prefix("leastwise-"));
    named
        .map(|role| role.trim_end_matches('s').to_owned())
        .chain(["requester".to_owned()])
        .collect()
}

/// Says what the sign-in asks for after the name.
fn second_step(people: &[PoolUser]) -> &'static str {
    let federated = people.iter().filter(|user| user.federated).count();
    if federated == people.len() {
        "Choosing the name is enough: everybody signs in through the identity provider, which is trusted to have asked for \
         the second factor, so the page shows no code:"
    } else {
        "Who has a second factor enters the code that the page shows:"
    }
}

fn announce(args: &SandboxArgs, running: &Running, serve: &ServeArgs) -> std::io::Result<()> {
    let read_model = sandbox::state::lock(&running.sandbox);
    let people = &read_model.pool.users;
    let web = serve.public_url.as_str().trim_end_matches('/');
    let aws = serve
        .aws
        .endpoint
        .as_ref()
        .map_or("", Url::as_str)
        .trim_end_matches('/');
    let cognito = serve
        .cognito_domain
        .as_ref()
        .map_or("", Url::as_str)
        .trim_end_matches('/');
    if args.json {
        let people: Vec<_> = people
            .iter()
            .map(|user| serde_json::json!({ "email": user.email, "name": user.name, "roles": roles(user) }))
            .collect();
        let line = serde_json::json!({
            "web": web, "aws": aws, "cognito": cognito, "database": without_password(&serve.database.url), "people": people,
        });
        return print(format!("{line}\n"));
    }
    print(format!(
        "\nLeastwise       {web}\n\
         Local AWS       {aws}   (any AWS CLI or SDK: --endpoint-url, Region {}, access key {}, secret {SECRET})\n\
         Local Cognito   {cognito}\n\n\
         Sign in as one of these people. {}\n\n",
        serve.aws.region,
        ACCESS_KEYS[1],
        second_step(people)
    ))?;
    for user in people {
        print(format!(
            "  {:<34} {:<24} {}\n",
            user.email,
            user.name,
            roles(user).join(", ")
        ))?;
    }
    print(format!(
        "\nPress Ctrl-C to stop. Data is kept in {}; --fresh starts over.\n",
        args.data.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_about_the_second_step_holds_for_the_people_of_the_pool() {
        let federated = second_step(&Organisation::federated().pool.users);
        assert!(federated.contains("shows no code"), "{federated}");
        let sample = second_step(&Organisation::sample().pool.users);
        assert!(sample.contains("the code that the page shows"), "{sample}");
    }
}
