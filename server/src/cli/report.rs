//! `leastwise report`: the same rows as the page, from what was last read.

use std::{fmt::Write as _, process::ExitCode, sync::Arc};

use app::backend::{ReportCounts, ReportForm};
use clap::{Args, Subcommand, ValueEnum};
use domain::ledger::Hash;
use sha2::{Digest as _, Sha256};

use super::Done;
use crate::{
    config::{AwsArgs, DatabaseArgs},
    engine::sync,
    service::{core::Core, journal::Who, report::Report},
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
    let report = Arc::new(Report::make(core.clone(), core.world()));
    let form = match (args.json, args.csv) {
        (true, _) => Some(ReportForm::Json),
        (_, true) => Some(ReportForm::Csv),
        _ => None,
    };
    // Made twice, once for the ledger and once for the terminal: together it may be gigabytes.
    let mut hasher = Sha256::new();
    for piece in pieces(&report, form) {
        hasher.update(piece);
    }
    let hash = Hash(hasher.finalize().into());
    record(&core, &report.head.report_id, hash).await?;
    for piece in pieces(&report, form) {
        super::print(&piece)?;
    }
    Ok(ExitCode::SUCCESS)
}

type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

fn pieces(report: &Arc<Report>, form: Option<ReportForm>) -> Pieces {
    match form {
        Some(form) => report.pieces(form),
        None => Box::new(words(report)),
    }
}

/// For people: a head, then a line for each row.
fn words(report: &Arc<Report>) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
    let head = &report.head;
    let ReportCounts {
        people,
        accounts,
        rows,
        ..
    } = head.counts;
    let as_of = head
        .as_of
        .map_or("never".into(), domain::time::Timestamp::rfc3339);
    let open = format!(
        "{people} people can reach {accounts} production PCI accounts by {rows} paths.\n\
         Report {}, as of {as_of}\n\n",
        head.report_id
    );
    let accounts: Vec<_> = report.accounts().cloned().collect();
    let report = report.clone();
    let lines = accounts.into_iter().map(move |account| {
        let mut out = String::new();
        for row in report.rows_of(&account, &mut report.holds()) {
            let standing = if row.standing {
                "standing"
            } else {
                "temporary"
            };
            writeln!(
                out,
                "{}  {:<16} {:<28} {:<32} {:<10} {}",
                row.account_id, row.account, row.person, row.permission_set, standing, row.path
            )
            .expect("a string takes what is written to it");
        }
        out.into_bytes()
    });
    std::iter::once(open.into_bytes()).chain(lines)
}

/// What leaves without a trace must not leave.
async fn record(core: &Core, report: &str, content: Hash) -> Result<(), StoreError> {
    let who = Who::leastwise();
    let entry = core
        .journal
        .report_downloaded(&who, report, "command-line", content);
    let mut tx = core.store.write().await?;
    core.journal.append(&mut tx, entry).await?;
    tx.commit().await
}
