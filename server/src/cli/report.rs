//! `leastwise report`: the same rows as the page, from what was last read.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args, Subcommand, ValueEnum};
use domain::ledger::Hash;

use super::Done;
use crate::{
    config::{AwsArgs, DatabaseArgs},
    engine::sync,
    service::{
        core::Core,
        journal::Who,
        report::{csv, json, make},
    },
    state,
    store::StoreError,
};

/// Which report.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Who can reach what.
    Access(AccessArgs),
}

/// How far it reaches.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    /// Accounts that count as production PCI.
    ProdPci,
}

/// Who can reach what.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Which accounts.
    #[arg(long, value_enum, default_value_t = Scope::ProdPci)]
    scope: Scope,
    /// One JSON object.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// CSV.
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Makes it; nothing is read from AWS for it but which instance this is.
pub async fn run(command: ReportCommand) -> Done {
    let ReportCommand::Access(args) = command;
    let Scope::ProdPci = args.scope;
    let core = state::core(
        &args.database,
        &args.aws,
        domain::time::Duration::minutes(15),
        "",
    )
    .await?;
    sync::restore(&core).await?;
    let report = make(&core, &core.world());
    let mut out = String::new();
    if args.json {
        writeln!(out, "{}", String::from_utf8_lossy(&json(&report)?))?;
    } else if args.csv {
        write!(out, "{}", String::from_utf8_lossy(&csv(&report)?))?;
    } else {
        let (people, accounts, rows) = report.head.counts;
        writeln!(
            out,
            "{people} people can reach {accounts} production PCI accounts by {rows} paths."
        )?;
        writeln!(
            out,
            "Report {}, as of {}\n",
            report.head.report_id,
            report
                .head
                .as_of
                .map_or("never".into(), domain::time::Timestamp::rfc3339)
        )?;
        for row in &report.rows {
            let standing = if row.standing {
                "standing"
            } else {
                "temporary"
            };
            writeln!(
                out,
                "{}  {:<16} {:<28} {:<32} {:<10} {}",
                row.account_id, row.account, row.person, row.permission_set, standing, row.path
            )?;
        }
    }
    record(&core, &report.head.report_id, out.as_bytes()).await?;
    super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// What leaves without a trace must not leave.
async fn record(core: &Core, report: &str, content: &[u8]) -> Result<(), StoreError> {
    let who = Who::leastwise();
    let entry = core
        .journal
        .report_downloaded(&who, report, "command-line", Hash::of(content));
    let mut tx = core.store.write().await?;
    core.journal.append(&mut tx, entry).await?;
    tx.commit().await
}
