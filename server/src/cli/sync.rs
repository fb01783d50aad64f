//! `leastwise sync`: one full crawl, with what it cost.

use std::{
    io::IsTerminal as _,
    process::ExitCode,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use clap::Args;

use super::Done;
use crate::{
    aws::crawl::Progress,
    config::{AwsArgs, DatabaseArgs},
    engine::sync,
    state,
};

/// How to read.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// One JSON object instead of words.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Runs it; exit code 1 if something could not be read.
pub async fn run(args: SyncArgs) -> Done {
    let core = state::core(
        &args.database,
        &args.aws,
        domain::time::Duration::minutes(15),
        "",
    )
    .await?;
    sync::restore(&core).await?;
    let progress = Arc::new(Progress::default());
    let bar = tokio::spawn(show(progress.clone()));
    let report = sync::once(&core, &progress).await?;
    bar.abort();
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        eprint!("\r\x1b[K");
        println!("Accounts          {:>8}", report.accounts);
        println!("Permission sets   {:>8}", report.permission_sets);
        println!("Pairs             {:>8}", report.pairs);
        println!(
            "Assignments       {:>8}   {} of them orphaned",
            report.assignments, report.orphans
        );
        println!("Not made here     {:>8}", report.outside);
        println!();
        println!("Calls             {:>8}   by the formula", "made");
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
            println!("  {service:<16}{made:>8}   {formula:>8}");
        }
        println!("Throttled         {:>8}", report.throttled);
        println!("Seconds           {:>8.1}", report.seconds);
        for unread in &report.unread {
            println!("Not read: {} ({})", unread.what, unread.why);
        }
    }
    Ok(if report.complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// A line that moves while the crawl does; only for people.
async fn show(progress: Arc<Progress>) {
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
