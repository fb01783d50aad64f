//! `leastwise ledger verify | export`.
//!
//! Verifies without believing the database or the bundle: keys come from a file kept apart, and an
//! earlier checkpoint from wherever somebody kept one. Reads in constant memory, but for checkpoints,
//! decisions, roles, windows and sessions. Of a database it also checks that each of these has its entry,
//! and that the search finds every entry by its words.

mod bundle;
mod columns;
mod database;
mod export;
mod open_sessions;
mod rows;
mod search;
mod trust;
mod windows;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Subcommand};
use domain::ledger::{
    CheckpointError, InvalidName, Report,
    bundle::{BundleError, ManifestDiffers},
};
use thiserror::Error;

use crate::store::StoreError;

/// What to do with the ledger.
#[derive(Debug, Clone, Subcommand)]
pub enum LedgerCommand {
    /// Check chain, tree and signatures, that an earlier checkpoint still holds, that decisions, roles,
    /// windows and sessions have their entries, and that the search finds every entry.
    Verify(VerifyArgs),
    /// Write the ledger as a folder of files that anybody can verify without this program.
    Export(ExportArgs),
}

/// Where the ledger and the keys are.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
    #[arg(
        long,
        env = "LEASTWISE_DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite:leastwise.db"
    )]
    pub database: String,
    /// Folder of `ledger.vkey` and `checkpoints.log`; for a database `keys`, unless said otherwise.
    #[arg(long, env = "LEASTWISE_KEYS")]
    pub keys: Option<PathBuf>,
    /// A verifier key, or a file of them; instead of `ledger.vkey` in the folder of keys.
    #[arg(long, value_name = "FILE|TEXT")]
    pub vkey: Option<String>,
}

/// What to verify against what.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// An exported ledger, instead of a database.
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: a signed note, or a `checkpoints.log`. Without one,
    /// the `checkpoints.log` in the folder of keys counts, if there is one.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// One line for programs.
    #[arg(long)]
    pub json: bool,
}

/// What to export.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// A folder that is empty or not there yet.
    pub folder: PathBuf,
    /// Where from.
    #[command(flatten)]
    pub place: Place,
    /// Also names, addresses and justifications, as far as they were not erased.
    #[arg(long)]
    pub with_private: bool,
}

/// Why a command could not run.
#[derive(Debug, Error)]
pub enum LedgerCommandError {
    /// The database's.
    #[error("the ledger cannot be read from the database")]
    Store(#[from] StoreError),
    /// A file's.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// No key to verify by.
    #[error("no verifier key: name one with --vkey, or the folder of ledger.vkey with --keys")]
    NoKey,
    /// A verifier key is none.
    #[error(transparent)]
    Key(#[from] CheckpointError),
    /// The key's name is no log's.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A bundle that cannot be read.
    #[error("not a bundle: {0}")]
    Bundle(String),
    /// A file that should hold checkpoints does not.
    #[error("{0} holds neither a signed note nor lines of them")]
    NoCheckpoint(PathBuf),
    /// Exporting would mix with what is there.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// Nothing to export.
    #[error("there is no ledger in this database yet")]
    NoLedger,
    /// Output that nobody takes.
    #[error("cannot write the answer: {0}")]
    Output(io::Error),
}

impl<E: std::fmt::Display> From<BundleError<E>> for LedgerCommandError {
    fn from(error: BundleError<E>) -> Self {
        Self::Bundle(error.to_string())
    }
}

/// What was found.
#[derive(Debug)]
pub struct Verified {
    /// Entries, chain, tree, signatures, private values.
    pub report: Report,
    /// Where a bundle's manifest says otherwise, though the entries hold.
    pub manifest: Option<ManifestDiffers>,
    /// Columns beside entries, and rows that count only with entries, that are not as these say.
    pub rows: Vec<rows::Difference>,
    /// How many checkpoints that were kept elsewhere it was held against.
    pub kept: usize,
    /// Whether the keys are the bundle's own word.
    pub keys: trust::Source,
}

impl Verified {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.report.holds() && self.manifest.is_none() && self.rows.is_empty()
    }
}

/// Runs a command and prints what it found.
pub async fn run(command: LedgerCommand) -> ExitCode {
    match execute(command, &mut io::stdout(), &mut io::stderr()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("leastwise: {}", super::chain(&error));
            ExitCode::from(2)
        }
    }
}

/// Runs a command: 0 when everything holds or was written, 1 when something was found.
pub async fn execute(
    command: LedgerCommand,
    out: &mut (dyn Write + Send),
    notes: &mut (dyn Write + Send),
) -> Result<u8, LedgerCommandError> {
    match command {
        LedgerCommand::Verify(args) => {
            let verified = match &args.bundle {
                Some(folder) => bundle::verify(folder, &args)?,
                None => database::verify(&args).await?,
            };
            let told = if args.json {
                json(&verified, out, notes)
            } else {
                people(&verified, out, notes)
            };
            told.map_err(LedgerCommandError::Output)?;
            Ok(u8::from(!verified.holds()))
        }
        LedgerCommand::Export(args) => {
            let manifest = export::export(&args, notes).await?;
            writeln!(
                out,
                "{} entries of {} are in {}, signed up to {}.",
                manifest.entries,
                manifest.log,
                args.folder.display(),
                manifest.tree_size
            )
            .map_err(LedgerCommandError::Output)?;
            Ok(0)
        }
    }
}

/// Exactly the five members that programs rely on; rows are named beside them.
fn json(
    verified: &Verified,
    out: &mut (dyn Write + Send),
    notes: &mut (dyn Write + Send),
) -> io::Result<()> {
    let mut report = serde_json::to_value(&verified.report).map_err(io::Error::other)?;
    if verified.report.holds() && verified.manifest.is_some() {
        report["reason"] = "manifest_differs".into();
    } else if verified.report.holds() && !verified.rows.is_empty() {
        report["reason"] = "rows_differ".into();
    }
    for differs in &verified.rows {
        writeln!(notes, "{differs}.")?;
    }
    writeln!(out, "{report}")
}

fn people(
    verified: &Verified,
    out: &mut (dyn Write + Send),
    notes: &mut (dyn Write + Send),
) -> io::Result<()> {
    let report = &verified.report;
    match (&report.reason, report.first_bad) {
        (None, _) => writeln!(out, "The ledger holds: {} entries.", report.entries)?,
        (Some(reason), Some(seq)) => writeln!(out, "Entry {seq} does not hold: {reason}.")?,
        (Some(reason), None) => writeln!(out, "The entries hold, but {reason}.")?,
    }
    if let Some(differs) = &verified.manifest {
        writeln!(out, "{differs}.")?;
    }
    for differs in &verified.rows {
        writeln!(out, "{differs}.")?;
    }
    writeln!(
        out,
        "Signed and reproduced up to size {}, root {}.",
        report.tree_size, report.root
    )?;
    let unsigned = report.entries.saturating_sub(report.tree_size);
    if report.holds() && unsigned > 0 {
        writeln!(out, "The last {unsigned} are chained, but not signed yet.")?;
    }
    if verified.keys == trust::Source::Bundle {
        writeln!(
            notes,
            "The keys are the bundle's own: that proves little. Name those you trust with --vkey."
        )?;
    }
    if verified.kept == 0 {
        writeln!(
            notes,
            "No checkpoint that was kept elsewhere was given: a log that the holder of the key wrote anew \
             would look the same."
        )
    } else {
        writeln!(
            out,
            "Held against {} checkpoints that were kept elsewhere.",
            verified.kept
        )
    }
}
