//! The browser's files: WASM and its JavaScript, CSS, icon; each named by its content, compressed, and listed
//! in `target/site/manifest.txt`, from which the server's build script embeds them. Without cargo-leptos
//! and without Node.

mod bundle;
pub mod classes;
mod css;
pub mod palette;
pub mod sources;
mod tokens;
mod wasm;

use std::fs;
use std::time::Instant;

use crate::process::{self, Doing, Failure};

pub use tokens::Token;
pub use wasm::lint;

/// Compressed bytes that a first visit may load beside the page itself.
const BUDGET: usize = 130_000;

/// Builds all of them and fails if they exceed the budget; returns their compressed size in bytes.
pub fn build_within_budget() -> Result<usize, Failure> {
    let total = build()?;
    if total > BUDGET {
        return Err(Failure::new(format!(
            "the browser's files take {total} bytes compressed, the budget is {BUDGET}"
        )));
    }
    Ok(total)
}

/// Builds all of them; returns their compressed size in bytes.
pub fn build() -> Result<usize, Failure> {
    let start = Instant::now();
    let css = css::build()?;
    let (js, wasm) = wasm::build()?;
    let icon = fs::read(process::root().join("app/src/icon.svg")).doing("app/src/icon.svg")?;

    let mut bundle = bundle::Bundle::new();
    bundle.add("css", "css", css.as_bytes())?;
    let wasm_name = bundle.add("wasm", "wasm", &wasm)?;
    bundle.add("js", "js", js.replace("__WASM__", &wasm_name).as_bytes())?;
    bundle.add("icon", "svg", &icon)?;
    let sizes = bundle.finish()?;

    let total = sizes.iter().map(|(_, size)| size).sum();
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

/// `style/theme.css`, as it is written.
pub fn theme() -> Result<String, Failure> {
    fs::read_to_string(process::root().join("style/theme.css")).doing("style/theme.css")
}

/// The colours of the theme.
pub fn tokens() -> Result<Vec<Token>, Failure> {
    tokens::parse(&theme()?)
}
