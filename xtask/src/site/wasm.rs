//! Builds the islands: compiles `app` for the browser, runs wasm-bindgen as a library (a CLI on the PATH might have
//! another version), and appends the boot script to its JavaScript.

use std::fs;
use std::path::Path;
use std::process::Command;

use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::compiler;
use crate::process::{self, ErrorContext, Failure};
use crate::watch::files_under;

const TARGET: &str = "wasm32-unknown-unknown";

/// Returns the JavaScript, with `__WASM__` as a placeholder for the name of the WASM file, and the WASM.
pub fn build() -> Result<(String, Vec<u8>), Failure> {
    ensure_target()?;
    process::run(compile(&mut process::cargo(), "cdylib"))?;
    bind(&process::target().join(TARGET).join("wasm-release/app.wasm"))
}

/// Lints the browser build of `app` with the dependencies that [`build`] compiled.
pub fn lint() -> Result<(), Failure> {
    ensure_target()?;
    compiler::compile(compile(&mut process::linting_cargo(), "rlib"))?.lints()
}

/// Adds the arguments that compile `app` for the browser. The crate type is given here because a `cdylib` in the
/// manifest would also be linked for the host in every build of the workspace.
fn compile<'a>(cargo: &'a mut Command, crate_type: &str) -> &'a mut Command {
    cargo.args([
        "rustc",
        "--package",
        "leastwise-app",
        "--lib",
        "--target",
        TARGET,
        "--profile",
        "wasm-release",
        "--no-default-features",
        "--features",
        "hydrate",
        "--crate-type",
        crate_type,
    ])
}

/// Runs wasm-bindgen, or returns the cached result if the WASM is unchanged.
fn bind(input: &Path) -> Result<(String, Vec<u8>), Failure> {
    let cache = process::target().join("site-cache");
    let (js_path, wasm_path) = (cache.join("bound.js"), cache.join("bound.wasm"));
    // Compared by content, because file times are meaningless in a target folder that several clones share.
    let key_path = cache.join("bound.sha256");
    let key = hex::encode(Sha256::digest(fs::read(input).context(input.display())?));
    if fs::read_to_string(&key_path).is_ok_and(|bound| bound == key)
        && let (Ok(js), Ok(wasm)) = (fs::read_to_string(&js_path), fs::read(&wasm_path))
    {
        return Ok((with_boot(&js)?, wasm));
    }

    let mut bindgen = Bindgen::new();
    bindgen.web(true).context("wasm-bindgen")?;
    bindgen
        .input_path(input)
        .typescript(false)
        .omit_default_module_path(true);
    bindgen
        .remove_name_section(true)
        .remove_producers_section(true);
    let mut output = bindgen.generate_output().context("wasm-bindgen")?;
    if output.snippets().values().any(|list| !list.is_empty()) {
        return Err(Failure::new(
            "a dependency of `app` contains its own JavaScript, which the server does not serve",
        ));
    }
    let (js, wasm) = (output.js().to_owned(), output.wasm_mut().emit_wasm());
    let module = with_boot(&js)?;
    fs::create_dir_all(&cache).context(cache.display())?;
    fs::write(&js_path, &js).context(js_path.display())?;
    fs::write(&wasm_path, &wasm).context(wasm_path.display())?;
    fs::write(&key_path, &key).context(key_path.display())?;
    Ok((module, wasm))
}

/// Appends the boot script. Returns an error if an island is missing from the build: the page would look correct but
/// not work.
fn with_boot(js: &str) -> Result<String, Failure> {
    let exported: Vec<&str> = js
        .lines()
        .filter_map(|line| {
            line.strip_prefix("export function ")?
                .split_once('(')
                .map(|(name, _)| name)
        })
        .filter(|name| is_island(name))
        .collect();
    let written: usize = files_under(&process::root().join("app/src/islands"))
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .map(|text| {
            text.lines()
                .filter(|line| line.trim_start().starts_with("#[island"))
                .count()
        })
        .sum();
    if exported.len() != written || written == 0 {
        let exported = exported.len();
        return Err(Failure::new(format!(
            "app/src/islands has {written} islands, but the browser build exports {exported}"
        )));
    }
    Ok(js.to_owned() + &include_str!("boot.js").replace("__ISLANDS__", &exported.join(", ")))
}

/// Returns whether the export is an island, which Leptos names `Name_<hash>`.
fn is_island(export: &str) -> bool {
    export
        .rsplit_once('_')
        .is_some_and(|(_, hash)| hash.len() > 9 && hash.bytes().all(|b| b.is_ascii_digit()))
}

/// Installs the Rust target for the browser if it is missing.
fn ensure_target() -> Result<(), Failure> {
    let sysroot = process::output(process::command("rustc").args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .is_dir()
    {
        return Ok(());
    }
    println!("xtask: rustup target add {TARGET}");
    process::output(process::command("rustup").args(["target", "add", TARGET])).map(drop).map_err(|failure| {
        Failure::new(format!(
            "The Rust target {TARGET} is missing and could not be installed.\nType: rustup target add {TARGET}\n\
             (or install the system package of the Rust {TARGET} library)\n{failure}"
        ))
    })
}
