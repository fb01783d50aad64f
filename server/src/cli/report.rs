//! `leastwise report`: prints the rows of the report page, as of the last sync.

use std::{fmt::Write as _, process::ExitCode, sync::Arc};

use app::backend::{FileFormat, ReportCounts};
use clap::{Args, Subcommand, ValueEnum};
use domain::{ledger::Hash, snapshot::Figure};
use sha2::{Digest as _, Sha256};

use super::{CommandResult, counted, table::Widths};
use crate::{
    config::{AwsArgs, DatabaseArgs, IdentityArgs},
    service::{
        app_state::AppState, caller::Caller, journal::EntryActor, report::Report, stored_state,
    },
    state,
    store::StoreError,
};

#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Print who can reach which accounts.
    Access(AccessArgs),
}

/// The accounts of a report.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    /// Accounts that count as production PCI.
    ProdPci,
}

#[derive(Debug, Args)]
pub struct AccessArgs {
    /// The accounts to report on.
    #[arg(long, value_enum, default_value_t = Scope::ProdPci)]
    scope: Scope,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV.
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// Prints the report. Reads nothing from AWS except the Identity Center instance.
pub async fn run(command: ReportCommand) -> CommandResult {
    let ReportCommand::Access(args) = command;
    let Scope::ProdPci = args.scope;
    let app_state = state::command_state(
        &args.database,
        &args.aws,
        // A report changes no identity.
        &IdentityArgs::default(),
    )
    .await?;
    stored_state::restore(&app_state).await?;
    let report = Arc::new(Report::make(app_state.clone(), app_state.read_model()));
    let form = match (args.json, args.csv) {
        (true, _) => Some(FileFormat::Json),
        (_, true) => Some(FileFormat::Csv),
        _ => None,
    };
    // Built twice, once for the ledger entry and once for the terminal, because the text may be gigabytes.
    let mut hasher = Sha256::new();
    for piece in pieces(&report, form) {
        hasher.update(piece);
    }
    let hash = Hash(hasher.finalize().into());
    record(&app_state, &report.head.report_id, hash).await?;
    for piece in pieces(&report, form) {
        super::print(&piece)?;
    }
    Ok(ExitCode::SUCCESS)
}

type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

fn pieces(report: &Arc<Report>, form: Option<FileFormat>) -> Pieces {
    match form {
        Some(form) => report.pieces(form),
        None => Box::new(words(report)),
    }
}

/// Returns the report for people: a summary, then one line per row.
fn words(report: &Arc<Report>) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
    let head = &report.head;
    let ReportCounts {
        people,
        accounts,
        unclassified,
        rows,
        orphaned,
        ..
    } = head.counts;
    let as_of = head
        .as_of
        .map_or("never".into(), domain::time::Timestamp::rfc3339);
    let assumed = match unclassified {
        Figure::Known(0) | Figure::NotKnown => String::new(),
        Figure::Known(1) => {
            "\n1 of these accounts is not classified and only assumed to be: leastwise classify"
                .to_owned()
        }
        Figure::Known(some) => format!(
            "\n{some} of these accounts are not classified and only assumed to be: leastwise classify"
        ),
    };
    let summary = match (people, accounts) {
        (Figure::Known(people), Figure::Known(accounts)) => format!(
            "{} can reach {}. The report has {}{}.",
            counted(people, "person", "people"),
            counted(
                accounts,
                "production PCI account",
                "production PCI accounts"
            ),
            counted(rows, "row", "rows"),
            match orphaned {
                Figure::Known(0) | Figure::NotKnown => String::new(),
                Figure::Known(1) => ", 1 of them of an orphaned assignment".to_owned(),
                Figure::Known(some) => format!(", {some} of them of orphaned assignments"),
            }
        ),
        _ => format!(
            "It is not known how many people can reach production PCI. Never read: {}.",
            head.freshness.never_read.join("; ")
        ),
    };
    let open = format!(
        "{summary}{assumed}\nReport {}, as of {as_of}\n\n",
        head.report_id
    );
    let accounts: Vec<_> = report.accounts().cloned().collect();
    let widths = widths(report);
    let report = report.clone();
    let lines = accounts.into_iter().map(move |account| {
        let mut out = String::new();
        for row in report.rows_of(&account, &mut report.existing_access()) {
            let standing = if row.standing {
                "standing"
            } else {
                "temporary"
            };
            let cells = [
                &*row.account_id,
                &row.account,
                &row.person,
                &row.permission_set,
                standing,
                &row.path,
            ];
            writeln!(out, "{}", widths.line(&cells)).expect("writing to a string cannot fail");
        }
        out.into_bytes()
    });
    std::iter::once(open.into_bytes()).chain(lines)
}

/// Returns widths that fit every row: rows are built account by account, and never held together.
fn widths(report: &Report) -> Widths {
    let names = report.names();
    // An account id has 12 digits.
    let mut widths = Widths::from(vec![12]);
    let columns = [&names.accounts, &names.people, &names.sets];
    for (before, names) in columns.into_iter().enumerate() {
        for name in names {
            let mut cells = vec![""; before + 1];
            cells.push(name);
            widths.fit(&cells);
        }
    }
    widths.fit(&["", "", "", "", "temporary"]);
    widths
}

/// Records the report in the ledger before it is printed.
async fn record(app_state: &AppState, report: &str, content: Hash) -> Result<(), StoreError> {
    let who = EntryActor::of(&Caller::CommandLine);
    let entry = app_state
        .journal
        .report_downloaded(&who, report, "command-line", content);
    let mut tx = app_state.store.write().await?;
    app_state.journal.append(&mut tx, entry).await?;
    tx.commit().await
}
