//! The analysis of permission sets: all AWS managed policies, each as the only policy of a set, on one core. Two programs
//! from PyPI evaluate the same documents in the same run, so that the figures are of one machine under one load.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::figure::{Board, Figure};
use crate::process::{self, ErrorContext as _, Failure};

/// The other programs, and the versions that are measured.
const TOOLS: [(&str, &str); 2] = [("parliament", "1.6.4"), ("cloudsplaining", "0.9.1")];

/// Evaluates the documents with the other programs.
const SCRIPT: &str = include_str!("analysis.py");

/// Analyses a second, at least.
const PER_SECOND: f64 = 25_000.0;

/// The longest analysis of one set.
const MILLISECONDS: f64 = 1.0;

/// Measures and shows the figures.
pub fn show(board: &mut Board) -> Result<(), Failure> {
    let program = program()?;
    let measured = json(&process::output(&mut process::command(&program))?)?;
    let policies = number(&measured["policies"])?;
    board.show(
        Figure::new(
            format!("analyses of the {policies} managed policies, on one core"),
            policies / number(&measured["seconds"])?,
            "/s",
        )
        .at_least(PER_SECOND),
    );
    let slowest = &measured["slowest"];
    let arn = slowest["arn"].as_str().unwrap_or_default();
    let name = arn.rsplit('/').next().unwrap_or_default();
    board.show(
        Figure::new(
            format!("the slowest set: {name}"),
            number(&slowest["seconds"])? * 1_000.0,
            "ms",
        )
        .at_most(MILLISECONDS),
    );
    let others = others(&program)?;
    for (tool, version) in TOOLS {
        let of_tool = &others[tool];
        let failed = number(&of_tool["failed"])?;
        board.show(Figure::new(
            format!("{tool} {version}, the same documents; it fails at {failed} of them"),
            policies / number(&of_tool["seconds"])?,
            "/s",
        ));
    }
    Ok(())
}

/// Builds the program that analyses the policies.
fn program() -> Result<PathBuf, Failure> {
    let example = "analyse_managed_policies";
    let package = ["--package", "leastwise-catalogue", "--example", example];
    process::run(
        process::cargo()
            .args(["build", "--profile", "measure"])
            .args(package),
    )?;
    Ok(process::target().join("measure/examples").join(example))
}

/// Runs the other programs on the same documents, and returns the seconds of each, and at how many it fails.
fn others(program: &Path) -> Result<Value, Failure> {
    let folder = process::target().join("policy-tools");
    let documents = folder.join("documents");
    process::run(process::command(program).arg("documents").arg(&documents))?;
    let python = folder.join("venv/bin/python");
    if !python.exists() {
        let venv = folder.join("venv");
        process::run(process::command("python3").args(["-m", "venv"]).arg(venv))?;
    }
    let packages = TOOLS.map(|(tool, version)| format!("{tool}=={version}"));
    process::run(
        process::command(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(packages),
    )?;
    let script = folder.join("analysis.py");
    std::fs::write(&script, SCRIPT).context(script.display())?;
    json(&process::output(
        process::command(&python).arg(&script).arg(&documents),
    )?)
}

fn json(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).context(text)
}

fn number(value: &Value) -> Result<f64, Failure> {
    value
        .as_f64()
        .ok_or_else(|| Failure::new(format!("a number, and not {value}")))
}
