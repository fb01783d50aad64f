//! `leastwise ledger verify | export | set-aside | accept-restore | adopt-row-key`.
//!
//! Verification does not trust the database or the bundle: the keys come from a separate file, and earlier checkpoints
//! from wherever they were kept. Uses constant memory, except for checkpoints, decisions, roles, identities, access windows,
//! sessions and declared classifications. In a database, it also checks that each of these has its entry, and that the search finds every entry by
//! its words.

mod bundle;
mod database;
mod export;
mod findings;
pub mod host_action;
pub mod no_server;
pub mod repair;
mod trust;

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

use self::{host_action::HostActionArgs, repair::RepairError};
use super::counted;
use crate::{
    clock::Clock,
    config::{self, ConfigError},
    row_comparison::Difference,
    row_key::RowKeyError,
    store::StoreError,
};

#[derive(Debug, Clone, Subcommand)]
pub enum LedgerCommand {
    /// Verify the chain, the tree, the signatures and earlier checkpoints, that decisions, items, roles, identities, access
    /// windows, sessions and declarations have their entries, and that the search finds every entry.
    Verify(VerifyArgs),
    /// Export the ledger as a folder of files that can be verified without this program.
    Export(ExportArgs),
    /// Set aside what Leastwise did not write at the end of the ledger. Two administrators.
    SetAside(HostActionArgs),
    /// Accept that the end of the ledger is lost, after an older backup was restored. Two administrators.
    AcceptRestore(HostActionArgs),
    /// Give every entry a MAC by the row key of this host, after the row key was lost. Two administrators.
    AdoptRowKey(HostActionArgs),
}

/// The location of the ledger and of the keys.
#[derive(Debug, Clone, Args)]
pub struct LedgerLocation {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
    #[arg(
        long,
        env = config::DATABASE_VARIABLE,
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        value_parser = config::database_url
    )]
    pub database: String,
    /// The folder of `ledger.vkey` and `checkpoints.log`. Defaults to `keys` for a database.
    #[arg(long, env = "LEASTWISE_KEYS")]
    pub keys: Option<PathBuf>,
    /// A verifier key, or a file of verifier keys, instead of `ledger.vkey` in the folder of keys.
    #[arg(long, value_name = "FILE|TEXT")]
    pub vkey: Option<String>,
}

/// The ledger to verify, and what to compare it with.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub place: LedgerLocation,
    /// An exported ledger to verify instead of a database.
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// A checkpoint kept elsewhere: a signed note, or a `checkpoints.log`. Defaults to `checkpoints.log` in the folder
    /// of keys, if it exists.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Print one JSON line.
    #[arg(long)]
    pub json: bool,
}

/// The ledger to export.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The folder to write to. It must be empty or not exist.
    pub folder: PathBuf,
    #[command(flatten)]
    pub place: LedgerLocation,
    /// Include names, addresses and justifications that were not erased.
    #[arg(long)]
    pub with_private: bool,
}

/// An error that prevents a command from running.
#[derive(Debug, Error)]
pub enum LedgerCommandError {
    #[error("the ledger cannot be read from the database")]
    Store(#[from] StoreError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// No verifier key was given or found.
    #[error("no verifier key: pass a key with --vkey, or the folder of ledger.vkey with --keys")]
    NoKey,
    /// A line is not a verifier key.
    #[error(transparent)]
    Key(#[from] CheckpointError),
    #[error(transparent)]
    RowKey(#[from] RowKeyError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The name of the key is not a valid log name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The bundle cannot be parsed.
    #[error("not a bundle: {0}")]
    Bundle(String),
    /// The checkpoint file contains no checkpoint.
    #[error("{0} contains no signed note")]
    NoCheckpoint(PathBuf),
    /// The export folder is not empty.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The database has no ledger.
    #[error("this database has no ledger yet")]
    NoLedger,
    #[error(transparent)]
    Repair(#[from] RepairError),
    /// The output could not be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

impl<E: std::fmt::Display> From<BundleError<E>> for LedgerCommandError {
    fn from(error: BundleError<E>) -> Self {
        Self::Bundle(error.to_string())
    }
}

/// The result of a verification.
#[derive(Debug)]
pub struct Verified {
    /// The result for entries, chain, tree, signatures and private values.
    pub report: Report,
    /// The first difference from the manifest of a bundle whose entries are valid.
    pub manifest: Option<ManifestDiffers>,
    /// Columns that differ from their entries, and rows that differ from the entries they need.
    pub rows: Vec<Difference>,
    /// Rows that agree with entries that two administrators set aside.
    pub set_aside: Vec<Difference>,
    /// The number of checkpoints kept elsewhere that the ledger was compared with.
    pub kept: usize,
    /// Whether the keys come from the bundle itself.
    pub keys: trust::Source,
    /// Whether the MACs were checked.
    pub macs: MacsChecked,
    /// Where the time went; none for a bundle.
    pub seconds: Option<database::Seconds>,
}

/// Whether the MACs of entries were checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacsChecked {
    All,
    /// There is no row key on this machine.
    NoRowKey,
    /// A bundle has none, because it is verified by its signatures.
    Bundle,
}

impl Verified {
    /// Returns whether the verification found no problem.
    pub fn holds(&self) -> bool {
        self.report.holds() && self.manifest.is_none() && self.rows.is_empty()
    }

    /// Returns what could not be checked with what is on this machine, by stable codes. It changes no exit code: what was
    /// checked holds or does not.
    fn not_checked(&self) -> Vec<&'static str> {
        let mut missing = match self.macs {
            MacsChecked::All => Vec::new(),
            MacsChecked::NoRowKey => vec!["macs"],
            MacsChecked::Bundle => vec!["macs", "rows"],
        };
        if self.kept == 0 {
            missing.push("kept_checkpoints");
        }
        missing
    }
}

/// Runs a command and prints its result.
pub async fn run(command: LedgerCommand) -> ExitCode {
    match execute(command, &mut io::stdout(), &mut io::stderr()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("leastwise: {}", super::chain(&error));
            ExitCode::from(2)
        }
    }
}

/// Runs a command. Returns 0 if the ledger is valid or was exported, and 1 if a problem was found, also in what was exported.
pub async fn execute(
    command: LedgerCommand,
    out: &mut (dyn Write + Send),
    notes: &mut (dyn Write + Send),
) -> Result<u8, LedgerCommandError> {
    match command {
        LedgerCommand::Verify(args) => {
            let mut verified = match &args.bundle {
                Some(folder) => bundle::verify(folder, &args)?,
                None => database::verify(&args).await?,
            };
            verified.rows.sort_by_key(Difference::severity);
            let told = if args.json {
                json(&verified, out)
            } else {
                people(&verified, out, notes)
            };
            told.map_err(LedgerCommandError::Output)?;
            Ok(u8::from(!verified.holds()))
        }
        LedgerCommand::SetAside(args) => Ok(repair::set_aside(&args, &Clock::System, out).await?),
        LedgerCommand::AcceptRestore(args) => {
            Ok(repair::accept_restore(&args, &Clock::System, out).await?)
        }
        LedgerCommand::AdoptRowKey(args) => {
            Ok(repair::adopt_row_key(&args, &Clock::System, out).await?)
        }
        LedgerCommand::Export(args) => {
            let manifest = export::export(&args, notes).await?;
            writeln!(
                out,
                "Exported {} of {} to {}, signed up to {}.",
                entries(manifest.entries),
                manifest.log,
                args.folder.display(),
                manifest.tree_size
            )
            .map_err(LedgerCommandError::Output)?;
            Ok(u8::from(manifest.first_not_authentic.is_some()))
        }
    }
}

/// Writes one line, as `docs/ledger-verify.md` describes it.
fn json(verified: &Verified, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut report = serde_json::to_value(&verified.report).map_err(io::Error::other)?;
    if verified.report.holds() && verified.manifest.is_some() {
        report["reason"] = "manifest_differs".into();
    } else if verified.report.holds() && !verified.rows.is_empty() {
        report["reason"] = "rows_differ".into();
    }
    report["macs_checked"] = (verified.macs == MacsChecked::All).into();
    report["not_checked"] = verified.not_checked().into();
    if let Some(seconds) = verified.seconds {
        report["seconds"] = serde_json::to_value(seconds).map_err(io::Error::other)?;
    }
    report["findings"] = serde_json::to_value(findings::of(verified)).map_err(io::Error::other)?;
    let set_aside: Vec<findings::Finding> = findings::of_rows(&verified.set_aside).collect();
    report["set_aside"] = serde_json::to_value(set_aside).map_err(io::Error::other)?;
    writeln!(out, "{report}")
}

fn entries(count: u64) -> String {
    counted(
        usize::try_from(count).unwrap_or(usize::MAX),
        "entry",
        "entries",
    )
}

/// Returns the sentence that something is wrong, and how much of the ledger is not.
fn wrong(verified: &Verified) -> String {
    let report = &verified.report;
    let number = counted(findings::of(verified).len(), "finding", "findings");
    match report.first_bad {
        Some(0) => format!("Something is wrong: {number}."),
        Some(1) => format!("Something is wrong: {number}. The entry before entry 1 is in order."),
        Some(seq) => format!(
            "Something is wrong: {number}. The {} before entry {seq} are in order.",
            entries(seq)
        ),
        None => format!(
            "Something is wrong: {number}. Hashes and chain of {} are in order.",
            entries(report.entries)
        ),
    }
}

fn people(
    verified: &Verified,
    out: &mut (dyn Write + Send),
    notes: &mut (dyn Write + Send),
) -> io::Result<()> {
    let report = &verified.report;
    let has_no_row_key = verified.macs == MacsChecked::NoRowKey;
    if verified.holds() {
        let extent = if has_no_row_key {
            " as far as it was checked"
        } else {
            ""
        };
        writeln!(
            out,
            "The ledger is valid{extent}: {}.",
            entries(report.entries)
        )?;
    } else {
        for finding in findings::of(verified) {
            writeln!(out, "{}", finding.message)?;
        }
        writeln!(out, "{}", wrong(verified))?;
    }
    if has_no_row_key {
        writeln!(
            out,
            "Not checked: the MACs, by which Leastwise knows what it wrote, because there is no row key on this machine. \
             Somebody who writes to the database could have appended entries. Run this where LEASTWISE_ROW_KEY or row.key is."
        )?;
    }
    for finding in findings::of_rows(&verified.set_aside) {
        writeln!(
            out,
            "Set aside by two administrators with its entry, without effect: {}",
            finding.message
        )?;
    }
    writeln!(
        out,
        "Signed and recomputed up to size {}, root {}.",
        report.tree_size, report.root
    )?;
    let unsigned = report.entries.saturating_sub(report.tree_size);
    if report.holds() && unsigned > 0 {
        match unsigned {
            1 => writeln!(out, "1 entry is chained but not signed yet.")?,
            some => writeln!(
                out,
                "The last {some} entries are chained but not signed yet."
            )?,
        }
    }
    if verified.keys == trust::Source::Bundle {
        writeln!(
            notes,
            "The verifier keys come from the bundle itself, which proves little. Pass the keys that you trust with --vkey."
        )?;
    }
    if verified.kept == 0 {
        writeln!(
            notes,
            "No checkpoint kept elsewhere was given: a ledger that was rewritten by the holder of the key \
             would look the same."
        )
    } else {
        writeln!(
            out,
            "Compared with {} kept elsewhere.",
            counted(verified.kept, "checkpoint", "checkpoints")
        )
    }
}
