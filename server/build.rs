//! Turns `target/site/manifest.txt`, written by `cargo xtask build`, into a table of embedded files. Without a manifest
//! the table is empty, so the server compiles and its tests run without the browser build.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let workspace =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |dir| workspace.join(dir));
    let site = target.join("site");
    let manifest = site.join("manifest.txt");
    if !manifest.exists() {
        // Cargo treats a missing file as changed and would recompile the server on every build.
        fs::create_dir_all(&site).expect("the target folder can be written");
        fs::write(&manifest, "").expect("the target folder can be written");
    }
    println!("cargo::rerun-if-changed={}", manifest.display());
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");

    let mut table = String::from("&[\n");
    for line in fs::read_to_string(&manifest)
        .expect("the manifest can be read")
        .lines()
    {
        let mut words = line.split(' ');
        let (Some(kind), Some(name), Some(length)) = (words.next(), words.next(), words.next())
        else {
            panic!("{}: `{line}` is not `kind name length`", manifest.display());
        };
        let file = fs::canonicalize(site.join(format!("{name}.br")))
            .expect("every file of the manifest exists");
        let (file, length) = (file.display().to_string(), grouped(length));
        writeln!(table, "File {{ kind: {kind:?}, name: {name:?}, length: {length}, brotli: include_bytes!({file:?}) }},")
            .expect("writing to a string cannot fail");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("assets.rs");
    fs::write(out, table).expect("OUT_DIR can be written");
}

/// Groups the digits in threes, as the lints require in source.
fn grouped(number: &str) -> String {
    let mut text = String::new();
    for (at, digit) in number.chars().enumerate() {
        if at > 0 && (number.len() - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}
