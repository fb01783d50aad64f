//! `cargo xtask test`: runs every check, also in a clean clone. Missing tools are installed if that is allowed;
//! otherwise they are listed with the command that installs them, before anything is compiled. A skipped check is
//! always reported, because it would otherwise look like one that passed.

pub mod browser;
mod counts;
mod deny;
mod deployment;
mod libtest;
mod moto;
mod plan;
pub mod postgres;
mod python;
mod report;
pub mod run_folder;
mod services;
pub mod tools;

use std::process::ExitCode;

use crate::lint;
use crate::process::{self, Failure};
use crate::site;
use counts::Results;
use plan::Scope;
use report::Report;
use run_folder::RunFolder;

/// Runs all stages that the arguments select, even after a failure. The last line is `N passed, N failed`.
pub fn test(args: &[String]) -> ExitCode {
    let begun = Scope::parse(args).and_then(|scope| Ok((scope, RunFolder::create()?)));
    let (scope, folder) = match begun {
        Ok(begun) => begun,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            println!("\n0 passed, 1 failed");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::default();
    run_stages(&scope, &folder, &mut report);
    report.require_tests();
    if report.is_success() {
        folder.close();
    } else {
        folder.keep();
    }
    report.print();
    if report.is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs the stages. A stage also runs after another one failed, unless it depends on the result of that one.
fn run_stages(scope: &Scope, folder: &RunFolder, report: &mut Report) {
    let preparation = match scope.has_services().then(services::prepare).transpose() {
        Ok(preparation) => preparation,
        Err(failure) => return report.check("tools", || Err(failure)),
    };
    let template = (*scope == Scope::Everything).then(deployment::prepare);
    if scope.has_checks() {
        report.check("formatting", lint::formatting);
        report.check("house rules", lint::house_rules);
    }
    report.check("browser files", || site::build_within_budget().map(drop));
    if scope.has_checks() {
        report.check("browser lints", site::lint);
        report.check("domain without features", lint::domain_without_features);
    }
    let build = report.step("build", lint::build_tests);
    // Also after a failed build, because a download that is still running would disturb the next run.
    let services = match preparation {
        Some(preparation) => report.step("services", || preparation.start(folder)),
        None => None,
    };
    if let Some(template) = template {
        report.stage("deployment template", || template.check());
    }
    let Some(build) = build else {
        return;
    };
    if scope.has_checks() {
        report.check("lints", || build.lints());
        report.check("test programs", || scope.check_programs(&build.programs));
    }
    for program in build
        .programs
        .iter()
        .filter(|program| scope.includes(program))
    {
        report.stage(&libtest::label(program), || {
            libtest::run(program, scope, folder, services.as_ref())
                .map(|results| results.complete(scope))
        });
    }
    if *scope == Scope::Everything {
        report.stage("dependencies", || Ok(deny::run()));
        report.stage("documentation examples", || {
            documentation_examples().map(|results| results.complete(scope))
        });
    }
    if let Some(services) = &services {
        report.stage("browser, sign-in and contracts", || {
            browser::run(services, scope, folder).map(|results| results.complete(scope))
        });
    }
}

/// Runs the documentation examples. Only `domain` has any; the manifests of the other crates disable them.
fn documentation_examples() -> Result<Results, Failure> {
    let mut cargo = process::linting_cargo();
    let out = process::output(cargo.args(["test", "--workspace", "--doc"]))?;
    let mut results = Results::default();
    for line in out.lines() {
        if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|line| line.strip_suffix(" ... ok"))
        {
            results.pass(name, 0.0);
        }
    }
    Ok(results)
}
