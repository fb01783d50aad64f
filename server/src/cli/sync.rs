//! `leastwise sync`: runs one full crawl and prints its cost.

use std::{
    fmt::Write as _,
    io::IsTerminal as _,
    process::ExitCode,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use clap::Args;

use super::CommandResult;
use crate::{
    aws::crawl::CrawlProgress,
    config::{AwsArgs, DatabaseArgs, IdentityArgs},
    engine::{adopt_mapping, sync},
    service::{names, stored_state},
    state,
};

#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Runs the command. The exit code is 1 if something could not be read.
pub async fn run(args: SyncArgs) -> CommandResult {
    let app_state = state::command_state(&args.database, &args.aws, &args.identities).await?;
    adopt_mapping::adopt(&app_state).await?;
    stored_state::restore(&app_state).await?;
    let progress = Arc::new(CrawlProgress::default());
    let bar = tokio::spawn(show(progress.clone()));
    let report = sync::once(&app_state, &progress).await?;
    bar.abort();
    let mut out = String::new();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
        writeln!(out, "Accounts          {:>8}", report.accounts)?;
        writeln!(out, "Permission sets   {:>8}", report.permission_sets)?;
        writeln!(out, "Pairs             {:>8}", report.pairs)?;
        writeln!(
            out,
            "Assignments       {:>8}   {} of them orphaned",
            report.assignments, report.orphans
        )?;
        writeln!(out, "Drift             {:>8}", report.drift)?;
        writeln!(out)?;
        writeln!(out, "Calls             {:>8}   by the formula", "made")?;
        let rows = [
            ("sso-admin", report.calls.sso, report.formula.sso),
            (
                "identitystore",
                report.calls.identitystore,
                report.formula.identitystore,
            ),
            (
                "organizations",
                report.calls.organizations,
                report.formula.organizations,
            ),
        ];
        for (service, made, formula) in rows {
            writeln!(out, "  {service:<16}{made:>8}   {formula:>8}")?;
        }
        writeln!(out, "Throttled         {:>8}", report.throttled)?;
        writeln!(out, "Seconds           {:>8.1}", report.seconds)?;
        let read_model = app_state.read_model();
        for unread in &report.unread {
            writeln!(
                out,
                "Not read: {}",
                names::unread(&read_model.snapshot, unread)
            )?;
        }
    }
    super::print(&out)?;
    Ok(if report.complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Shows the progress on a terminal.
async fn show(progress: Arc<CrawlProgress>) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    loop {
        let (read, known) = (
            progress.pairs.load(Ordering::Relaxed),
            progress.pairs_known.load(Ordering::Relaxed),
        );
        eprint!("\r\x1b[KReading AWS: {read} of {known} pairs");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
