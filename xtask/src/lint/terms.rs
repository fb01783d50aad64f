//! Terms: a retired name or phrase must not come back, and a name that once had several meanings is declared once per
//! crate. `docs/glossary.md` lists the terms to use.

mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use self::table::{EXEMPT, NAMES, ONCE, PAGE_PHRASES, PHRASES};
use crate::process::{self, Failure};
use crate::watch::files_under;

const CRATES: [&str; 5] = ["domain", "app", "server", "sandbox", "xtask"];

/// Returns each retired name, each name declared twice in a crate and each retired phrase, with file and line.
pub fn check() -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for name in CRATES {
        let mut declared = Vec::new();
        for (path, text) in texts(name, "rs")? {
            let found = declarations(&text);
            wrong.extend(retired_names(&path, &found));
            declared.extend(found.into_iter().map(|one| (path.clone(), one)));
            if path.starts_with("app/src/") || path.starts_with("server/src/") {
                wrong.extend(retired_phrases(&path, &strings(&text)));
            }
        }
        wrong.extend(declared_twice(&declared));
    }
    let mut documents = texts("docs", "md")?;
    documents.extend(texts("server/policies", "cedar")?);
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        if let Ok(text) = fs::read_to_string(process::root().join(name)) {
            documents.push((name.to_owned(), text));
        }
    }
    for (path, text) in documents {
        let lines: Vec<(usize, String)> = text
            .lines()
            .map(str::to_owned)
            .enumerate()
            .map(|(at, line)| (at + 1, line))
            .collect();
        wrong.extend(retired_phrases(&path, &lines));
    }
    Ok(wrong)
}

fn texts(folder: &str, ending: &str) -> Result<Vec<(String, String)>, Failure> {
    let root = process::root();
    let mut found = Vec::new();
    let folder = root.join(folder);
    let parts = [folder.join("src"), folder.join("tests")];
    let within: Vec<&Path> = if parts[0].is_dir() {
        parts.iter().map(AsRef::as_ref).collect()
    } else {
        vec![&folder]
    };
    for file in within
        .into_iter()
        .filter(|path| path.is_dir())
        .flat_map(files_under)
    {
        if file
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            let text = fs::read_to_string(&file)
                .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
            let path = file.strip_prefix(&root).unwrap_or(&file);
            found.push((path.display().to_string(), text));
        }
    }
    found.sort();
    Ok(found)
}

/// A declared type or module, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Declaration {
    line: usize,
    name: String,
}

/// Returns the types and modules that a text declares. Associated types are not included.
fn declarations(text: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace().peekable();
        let indented = line.starts_with(' ');
        while words.peek().is_some_and(|word| word.starts_with("pub")) {
            let word = words.next().unwrap_or_default();
            // `pub(in path)` has a second part.
            if word.starts_with("pub(in") {
                words.next();
            }
        }
        let Some(kind) = words.next() else { continue };
        if !matches!(kind, "struct" | "enum" | "trait" | "type" | "mod")
            || (kind == "type" && indented)
        {
            continue;
        }
        let name: String = words
            .next()
            .unwrap_or_default()
            .chars()
            .take_while(|sign| sign.is_alphanumeric() || *sign == '_')
            .collect();
        if !name.is_empty() {
            found.push(Declaration { line: at + 1, name });
        }
    }
    found
}

fn is_exempt(path: &str, term: &str) -> bool {
    EXEMPT.iter().any(|(place, exempt, _)| {
        let within = path == *place || (place.ends_with('/') && path.starts_with(place));
        within && (exempt.is_empty() || *exempt == term)
    })
}

fn retired_names(path: &str, declared: &[Declaration]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in declared {
        for (place, old, new) in NAMES {
            if one.name == *old && path.starts_with(place) && !is_exempt(path, old) {
                wrong.push(format!("{path}:{}: say {new} instead of {old}", one.line));
            }
        }
    }
    wrong
}

fn declared_twice(declared: &[(String, Declaration)]) -> Vec<String> {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (path, one) in declared {
        if !ONCE.contains(&one.name.as_str()) {
            continue;
        }
        let here = format!("{path}:{}", one.line);
        if let Some(there) = first.get(one.name.as_str()) {
            wrong.push(format!(
                "{here}: {} is already declared at {there}; choose a more specific name",
                one.name
            ));
        } else {
            first.insert(&one.name, here);
        }
    }
    wrong
}

fn retired_phrases(path: &str, lines: &[(usize, String)]) -> Vec<String> {
    let page = path.starts_with("app/src/");
    let phrases = PHRASES.iter().chain(if page { PAGE_PHRASES } else { &[] });
    let mut wrong = Vec::new();
    for (old, new) in phrases {
        for (line, text) in lines {
            if holds_phrase(text, old) && !is_exempt(path, old) {
                wrong.push(format!("{path}:{line}: say {new} instead of {old}"));
            }
        }
    }
    wrong.sort();
    wrong
}

/// Returns whether a text contains a phrase as whole words. A name in code, such as `window` before a dot or between
/// underscores, is not a phrase.
fn holds_phrase(text: &str, phrase: &str) -> bool {
    let text = text.to_lowercase();
    let part_of_name =
        |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '-' | '/' | '=' | '`' | ':');
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + phrase.len()..].chars();
        let (next, second) = (after.next(), after.next());
        let in_name = next == Some('.') && second.is_some_and(char::is_alphanumeric)
            || next.is_some_and(|sign| part_of_name(sign) && !(sign == ':' && second == Some(' ')));
        !before.is_some_and(part_of_name) && !in_name
    })
}

/// Returns the text of the string literals in a source text, with line numbers, up to its tests. Text between the tags
/// of a view is a string literal as well.
fn strings(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut line, mut inside, mut hashes) = (1, false, None);
    let mut signs = text.chars().peekable();
    let mut current = String::new();
    let mut before = ' ';
    while let Some(sign) = signs.next() {
        if sign == '\n' {
            if inside && !current.is_empty() {
                found.push((line, std::mem::take(&mut current)));
            }
            line += 1;
            before = ' ';
            continue;
        }
        if inside {
            match (sign, hashes) {
                ('\\', None) => {
                    if signs.peek() != Some(&'\n') {
                        signs.next();
                    }
                    current.push(' ');
                }
                ('"', None) => inside = false,
                ('"', Some(count)) => {
                    let mut rest = signs.clone();
                    if (0..count).all(|_| rest.next() == Some('#')) {
                        inside = false;
                        hashes = None;
                    } else {
                        current.push(sign);
                    }
                }
                _ => current.push(sign),
            }
            if !inside && !current.is_empty() {
                found.push((line, std::mem::take(&mut current)));
            }
            continue;
        }
        match sign {
            '/' if signs.peek() == Some(&'/') => {
                while signs.next_if(|sign| *sign != '\n').is_some() {}
            }
            'r' if !before.is_alphanumeric() && before != '_' => {
                let mut rest = signs.clone();
                let mut count = 0;
                while rest.next_if_eq(&'#').is_some() {
                    count += 1;
                }
                if rest.next() == Some('"') {
                    for _ in 0..=count {
                        signs.next();
                    }
                    (inside, hashes) = (true, Some(count));
                }
            }
            '"' => inside = true,
            '\'' => {
                // A quotation mark in a character literal does not begin a string.
                let mut rest = signs.clone();
                let (first, second) = (rest.next(), rest.next());
                if first == Some('"') && second == Some('\'') {
                    signs.next();
                    signs.next();
                } else if first == Some('\\') && second.is_some() && rest.next() == Some('\'') {
                    signs.next();
                    signs.next();
                    signs.next();
                }
            }
            '#' if text_of_tests(&signs) => break,
            _ => {}
        }
        before = sign;
    }
    found
}

fn text_of_tests(signs: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut rest = signs.clone();
    "[cfg(test)]".chars().all(|sign| rest.next() == Some(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_type_is_named_with_the_word_to_use() {
        let declared = declarations("/// A.\npub struct Court<'a> {\n");
        assert_eq!(
            retired_names("domain/src/a.rs", &declared),
            ["domain/src/a.rs:2: say ChangeEvaluation instead of Court"]
        );
    }

    #[test]
    fn a_retired_module_is_named_only_where_the_name_is_retired() {
        let declared = declarations("pub(crate) mod lost;\n");
        assert_eq!(retired_names("server/src/http/mod.rs", &declared).len(), 1);
        assert!(retired_names("app/src/lib.rs", &declared).is_empty());
    }

    #[test]
    fn a_use_and_an_associated_type_are_no_declarations() {
        let text = "use domain::Court;\nlet court = Court::new();\n    type Target = u8;\n";
        assert!(declarations(text).is_empty());
    }

    #[test]
    fn an_ambiguous_name_may_be_declared_once_in_a_crate() {
        let one = |path: &str| {
            let found = declarations("enum Kind {}");
            (path.to_owned(), found.into_iter().next().unwrap())
        };
        assert!(declared_twice(&[one("a.rs")]).is_empty());
        let wrong = declared_twice(&[one("a.rs"), one("b.rs")]);
        assert_eq!(
            wrong,
            ["b.rs:1: Kind is already declared at a.rs:1; choose a more specific name"]
        );
    }

    #[test]
    fn a_phrase_is_found_in_a_string_and_not_in_code_or_a_comment() {
        let text = "// against the rules\nlet seat = \"Who may take the Seat?\";\n";
        assert_eq!(
            retired_phrases("server/src/a.rs", &strings(text)),
            ["server/src/a.rs:2: say approval slot instead of seat"]
        );
    }

    #[test]
    fn a_phrase_is_found_in_a_raw_string_and_on_the_second_line_of_one() {
        let text = "let a = r#\"one \"word\"\nagainst the rules\"#;\n";
        let wrong = retired_phrases("app/src/a.rs", &strings(text));
        assert_eq!(
            wrong,
            ["app/src/a.rs:2: say policy violation instead of against the rules"]
        );
    }

    #[test]
    fn a_part_of_a_word_or_of_a_name_is_no_phrase() {
        for text in [
            "/visit",
            "website",
            "data-window",
            "window.location",
            "a_seat",
            "`seat`",
        ] {
            assert!(
                !holds_phrase(text, "sit")
                    && !holds_phrase(text, "window")
                    && !holds_phrase(text, "seat"),
                "{text}"
            );
        }
        assert!(holds_phrase("The window ends.", "window"));
        assert!(holds_phrase("One window: four hours", "window"));
    }

    #[test]
    fn a_window_is_retired_in_pages_only() {
        let line = [(1, "A window of four hours".to_owned())];
        assert_eq!(retired_phrases("app/src/a.rs", &line).len(), 1);
        assert!(retired_phrases("server/src/a.rs", &line).is_empty());
    }

    #[test]
    fn an_exemption_holds_for_its_file_only() {
        let line = [(1, "whoever".to_owned())];
        assert!(retired_phrases("CHANGELOG.md", &line).is_empty());
        assert_eq!(retired_phrases("README.md", &line).len(), 1);
    }

    #[test]
    fn each_exemption_has_a_reason() {
        assert!(EXEMPT.iter().all(|(_, _, reason)| !reason.is_empty()));
    }

    #[test]
    fn strings_of_tests_are_not_read() {
        let text = "let a = \"one\";\n#[cfg(test)]\nmod tests { let b = \"whoever\"; }\n";
        assert_eq!(strings(text), [(1, "one".to_owned())]);
    }

    #[test]
    fn a_quotation_mark_as_a_character_begins_no_string() {
        let text = "let a = '\"'; let b = '\\''; let c = \"two\";";
        assert_eq!(strings(text), [(1, "two".to_owned())]);
    }
}
