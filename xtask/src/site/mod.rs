//! Builds the files for the browser: WASM and its JavaScript, CSS, font, icon. Each is named by its content hash, compressed,
//! and listed in `target/site/manifest.txt`, from which the server's build script embeds it. The build uses neither
//! cargo-leptos nor Node.

mod bundle;
pub mod classes;
mod css;
pub mod palette;
pub mod sources;
mod tokens;
mod wasm;

use std::fs;
use std::time::Instant;

use crate::process::{self, ErrorContext, Failure};

pub use tokens::Token;
pub use wasm::lint;

/// The maximum compressed size in bytes that a first visit loads in addition to the page.
const BUDGET: usize = 140_000;

/// The font that is loaded for a page with one of its characters only.
const LATIN: &str = "latin";

/// Builds all files and returns their compressed size in bytes; fails if it exceeds the limit.
pub fn build_within_budget() -> Result<usize, Failure> {
    let total = build()?;
    if total > BUDGET {
        return Err(Failure::new(format!(
            "the browser files take {total} bytes compressed; the limit is {BUDGET}"
        )));
    }
    Ok(total)
}

/// Builds all files and returns their compressed size in bytes.
pub fn build() -> Result<usize, Failure> {
    let start = Instant::now();
    let (js, wasm) = wasm::build()?;
    let read = |path: &str| fs::read(process::root().join(path)).context(path);
    let (icon, font) = (read("app/src/icon.svg")?, read("style/fonts/inter.woff2")?);

    let mut bundle = bundle::Bundle::new();
    let font_name = bundle.add("font", "woff2", &font)?;
    let latin_name = bundle.add(
        LATIN,
        "latin.woff2",
        &read("style/fonts/inter-latin.woff2")?,
    )?;
    let css = css::build(&font_name, &latin_name)?;
    bundle.add("css", "css", css.as_bytes())?;
    let wasm_name = bundle.add("wasm", "wasm", &wasm)?;
    bundle.add("js", "js", js.replace("__WASM__", &wasm_name).as_bytes())?;
    bundle.add("icon", "svg", &icon)?;
    let sizes = bundle.finish()?;

    let first = sizes.iter().filter(|(kind, _)| *kind != LATIN);
    let total = first.map(|(_, size)| size).sum();
    let parts: Vec<String> = sizes
        .iter()
        .map(|(kind, size)| format!("{kind} {size}"))
        .collect();
    println!(
        "site: {total} bytes compressed ({}), {:.1} s",
        parts.join(", "),
        start.elapsed().as_secs_f32()
    );
    Ok(total)
}

/// Returns the text of `style/theme.css`.
pub fn theme() -> Result<String, Failure> {
    fs::read_to_string(process::root().join("style/theme.css")).context("style/theme.css")
}

/// Returns the colours of the theme.
pub fn tokens() -> Result<Vec<Token>, Failure> {
    tokens::parse(&theme()?)
}
