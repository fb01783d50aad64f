//! Measures what a browser with an empty cache loads for the home page: the page and every file that the page, the
//! style sheet and the script reference, including all headers.

use std::collections::BTreeSet;

use super::figure::{Board, Figure};
use super::kilobytes;
use super::wire::Connection;
use crate::process::{ErrorContext, Failure};

/// The limit for all of it in kB.
const BUDGET: f64 = 140.0;

/// A font that a browser loads for a page with one of its characters only, which the home page of the sample has not.
const ON_DEMAND: &str = ".latin.woff2";

/// Loads the home page and every referenced file.
pub fn show(organisation: &str, web: u16, cookies: &str, board: &mut Board) -> Result<(), Failure> {
    let mut connection = Connection::open(web).context("connecting to the server")?;
    let page = connection.get("/", cookies)?;
    if page.status != 200 {
        return Err(Failure::new(format!(
            "the home page returned status {}",
            page.status
        )));
    }
    let (mut seen, mut open) = (BTreeSet::new(), named(&page.text()));
    let (mut total, mut files) = (page.received, 0);
    while let Some(name) = open.pop() {
        if name.ends_with(ON_DEMAND) || !seen.insert(name.clone()) {
            continue;
        }
        let file = connection.get(&name, cookies)?;
        if file.status != 200 {
            return Err(Failure::new(format!(
                "{name} returned status {}",
                file.status
            )));
        }
        total += file.received;
        files += 1;
        if file
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/"))
        {
            open.extend(named(&file.text()));
        }
    }
    if files == 0 {
        return Err(Failure::new(
            "the home page references no file of the build",
        ));
    }
    board.show(Figure::new(
        format!("home page of {organisation} only, br, including headers"),
        kilobytes(page.received),
        "kB",
    ));
    board.show(
        Figure::new(
            format!(
                "first load of the home page of {organisation}: page and {files} files, including headers"
            ),
            kilobytes(total),
            "kB",
        )
        .at_most(BUDGET),
    );
    Ok(())
}

/// Returns every path under `/assets/` in a text.
fn named(text: &str) -> Vec<String> {
    text.match_indices("/assets/")
        .map(|(at, _)| {
            let rest = &text[at..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c)));
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .filter(|name| name.len() > "/assets/".len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_markup_sheets_and_scripts_alike() {
        let text = r#"<link href="/assets/app.1a.css"> url(/assets/f.woff2) import('/assets/app.2b.js') "/assets/""#;
        assert_eq!(
            named(text),
            ["/assets/app.1a.css", "/assets/f.woff2", "/assets/app.2b.js"]
        );
    }
}
