//! `leastwise lint`: evaluates policies in files for production PCI, without AWS, a database or a server.
//!
//! A file that cannot be read never hides the result of another. Never assumes in favour of a policy: what cannot be
//! understood is blocked.

mod evaluation;
mod input;
mod paint;
mod text;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use domain::policies::RemovalLimits;
use serde::Serialize;

use self::{
    evaluation::{Basis, Evaluation, Verdict},
    input::Unreadable,
    paint::Output,
};
use super::{CommandResult, print};
use crate::{
    clock::Clock,
    config::AnalysisArgs,
    state::{self, StartError},
};

/// Exit codes: 0 nothing is blocked for standing access to production PCI, 1 something is, 2 a file cannot be read.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// IAM policies, or permission sets with `inline`, `managed` (ARNs) and `boundary` (an ARN). `-` reads standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one line of JSON for each file, in the order of the files.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    analysis: AnalysisArgs,
}

/// The result for one file.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome {
    Evaluated(Box<Evaluation>),
    Unreadable(Unreadable),
}

impl Outcome {
    fn evaluation(&self) -> Option<&Evaluation> {
        match self {
            Self::Unreadable(_) => None,
            Self::Evaluated(one) => Some(one),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Unreadable(_) => 2,
            Self::Evaluated(one) => u8::from(one.standing_in_production_pci == Verdict::Blocked),
        }
    }
}

/// Runs the command.
pub fn run(args: &LintArgs) -> CommandResult {
    let now = Clock::System.now();
    let catalogue = args.analysis.catalogue(now)?;
    let basis = Basis {
        age: catalogue.age(now),
        rules: state::rules(RemovalLimits::default()).map_err(StartError::Rules)?,
        catalogue,
    };
    let mut outcomes = Vec::with_capacity(args.files.len());
    for path in &args.files {
        let outcome = match input::read(path) {
            Ok((file, read)) => Outcome::Evaluated(Box::new(Evaluation::of(file, &read, &basis))),
            Err(unreadable) => Outcome::Unreadable(unreadable),
        };
        if args.json {
            print(format!("{}\n", serde_json::to_string(&outcome)?))?;
        }
        outcomes.push(outcome);
    }
    let code = outcomes.iter().map(Outcome::exit_code).max().unwrap_or(2);
    if !args.json {
        text::show(&outcomes, &basis, Output::of_process())?;
    }
    Ok(ExitCode::from(code))
}
