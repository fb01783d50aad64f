//! The command line: one file per command.
//!
//! Output is for people by default and for programs with `--json`. Exit codes: 0 done, 1 found a problem, 2 could not
//! run.

mod background_tasks;
mod check_config;
pub mod classify;
pub mod identity;
mod known_data;
pub mod ledger;
pub mod lint;
pub mod report;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod secrets;
pub mod serve;
pub mod sync;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Access governance for AWS IAM Identity Center.
#[derive(Debug, Parser)]
#[command(name = "leastwise", version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the web application and the engine.
    Serve(Box<crate::config::ServeArgs>),
    /// Run everything on this machine, with a local AWS and a local Cognito.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::SandboxArgs),
    /// Migrate the database to the schema of this version.
    Migrate(crate::config::DatabaseArgs),
    /// Sync once: read everything from AWS.
    Sync(sync::SyncArgs),
    /// List how every account is classified, and why. Changes nothing.
    Classify(classify::ClassifyArgs),
    /// Evaluate policies in files, without AWS, a database or a server.
    Lint(lint::LintArgs),
    /// Verify or export the ledger.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// List and confirm identities that differ from the directory.
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// Print a report.
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Check the configuration, the database, AWS and Cognito.
    CheckConfig(Box<crate::config::ServeArgs>),
}

/// Runs a command.
pub async fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Serve(args) => serve::run(*args).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Migrate(args) => migrate(&args).await,
        Command::Sync(args) => sync::run(args).await,
        Command::Classify(args) => classify::run(args).await,
        Command::Lint(args) => lint::run(&args),
        Command::Ledger(command) => return ledger::run(command).await,
        Command::Identity(command) => identity::run(command).await,
        Command::Report(command) => report::run(command).await,
        Command::CheckConfig(args) => check_config::run(*args).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("leastwise: {}", chain(error.as_ref()));
        ExitCode::from(2)
    })
}

/// The result of a command: an exit code, or the reason why it could not run.
pub type CommandResult = Result<ExitCode, Box<dyn std::error::Error + Send + Sync>>;

/// Writes to standard output. A reader that closes the pipe early (`| head`) is not an error.
fn print(text: impl AsRef<[u8]>) -> std::io::Result<()> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_ref()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Returns a number with its noun.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

async fn migrate(args: &crate::config::DatabaseArgs) -> CommandResult {
    crate::store::Store::open(&args.url)
        .await?
        .migrate()
        .await?;
    print("The database is up to date.\n")?;
    Ok(ExitCode::SUCCESS)
}

/// Formats an error and its sources on one line. Some errors already contain the text of their source.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let reason = cause.to_string();
        if !text.ends_with(&reason) {
            text = format!("{text}: {reason}");
        }
        source = cause.source();
    }
    text
}
