//! `leastwise sync`: runs one full crawl and prints its cost. If a server runs on the database, it asks the server for the
//! crawl, so that two never read AWS at once, and waits for its report.

mod through_server;

use std::{
    fmt::Write as _,
    io::IsTerminal as _,
    process::ExitCode,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use clap::Args;
use domain::snapshot::Snapshot;

use super::CommandResult;
use crate::{
    aws::crawl::CrawlProgress,
    config::{AwsArgs, DatabaseArgs, IdentityArgs},
    engine::{
        adopt_mapping,
        sync::{self, SyncReport},
    },
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
    args.aws.access()?;
    if let Some(report) = through_server::crawl(&args.database.url).await? {
        return shown(&args, &report, &Snapshot::default());
    }
    let app_state = state::command_state(&args.database, &args.aws, &args.identities).await?;
    adopt_mapping::adopt(&app_state).await?;
    stored_state::restore(&app_state).await?;
    let progress = Arc::new(CrawlProgress::default());
    let bar = tokio::spawn(show(progress.clone()));
    let report = sync::once(&app_state, &progress, None).await?;
    bar.abort();
    shown(&args, &report, &app_state.read_model().snapshot)
}

/// Prints a report, with names from the snapshot where it has them.
fn shown(args: &SyncArgs, report: &SyncReport, snapshot: &Snapshot) -> CommandResult {
    let mut out = String::new();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(report)?)?;
    } else {
        show_line("");
        table(&mut out, report, snapshot)?;
    }
    super::print(&out)?;
    Ok(if report.complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn table(out: &mut String, report: &SyncReport, snapshot: &Snapshot) -> std::fmt::Result {
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
    let (made, formula) = (&report.calls, &report.formula);
    for (service, made, formula) in [
        ("sso-admin", made.sso, formula.sso),
        ("identitystore", made.identitystore, formula.identitystore),
        ("organizations", made.organizations, formula.organizations),
    ] {
        writeln!(out, "  {service:<16}{made:>8}   {formula:>8}")?;
    }
    writeln!(out, "Throttled         {:>8}", report.throttled)?;
    writeln!(out, "Seconds           {:>8.1}", report.seconds)?;
    for unread in &report.unread {
        writeln!(out, "Not read: {}", names::unread(snapshot, unread))?;
    }
    Ok(())
}

/// Shows the progress on a terminal.
async fn show(progress: Arc<CrawlProgress>) {
    loop {
        let (read, known) = (
            progress.pairs.load(Ordering::Relaxed),
            progress.pairs_known.load(Ordering::Relaxed),
        );
        show_line(&format!("Reading AWS: {read} of {known} pairs"));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Replaces the line of the progress, on a terminal.
fn show_line(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}
