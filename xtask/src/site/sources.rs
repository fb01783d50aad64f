//! Reads the content of `view!` in the sources of `app` as Rust tokens, so that comments and strings are not mistaken
//! for markup and every finding has a line.

use std::fs;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::process::{self, ErrorContext, Failure};
use crate::watch::files_under;

/// A Rust file of `app`.
pub struct Source {
    /// The path relative to the workspace.
    pub path: String,
    pub tokens: TokenStream,
}

/// Returns every Rust file of `app`.
pub fn of_app() -> Result<Vec<Source>, Failure> {
    let root = process::root();
    let rust = |file: &std::path::PathBuf| file.extension().is_some_and(|e| e == "rs");
    let files = files_under(&root.join("app/src")).into_iter().filter(rust);
    files
        .map(|file| {
            let path = file
                .strip_prefix(&root)
                .unwrap_or(&file)
                .display()
                .to_string();
            let text = fs::read_to_string(&file).context(&path)?;
            let tokens = text.parse().context(format_args!("{path} is not Rust"))?;
            Ok(Source { path, tokens })
        })
        .collect()
}

/// An attribute in a `view!`.
pub struct Attribute {
    /// Whether it is on an HTML element. On a component, `class` can have any meaning.
    pub on_element: bool,
    /// The name; `class:` for `class:x`.
    pub name: String,
    /// Counted from 1.
    pub line: usize,
    /// The token after the `=`.
    pub value: Option<TokenTree>,
}

/// The parts of `view!` macros that checks need.
#[derive(Default)]
pub struct Markup {
    /// The attributes of all elements and components.
    pub attributes: Vec<Attribute>,
    /// The names of elements and components, with their lines.
    pub elements: Vec<(String, usize)>,
    /// The string literals passed to `tw!`.
    pub class_strings: Vec<TokenTree>,
}

/// Returns the markup of all views in a file.
pub fn markup(tokens: &TokenStream) -> Markup {
    let mut found = Markup::default();
    outside(tokens, &mut found);
    found
}

fn outside(tokens: &TokenStream, found: &mut Markup) {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        let TokenTree::Group(group) = tree else {
            continue;
        };
        match macro_name(&trees, at).as_deref() {
            Some("view") => inside(&group.stream(), found),
            Some("tw") => found.class_strings.extend(group.stream()),
            _ => outside(&group.stream(), found),
        }
    }
}

/// Returns `name` of `name!(...)` if the group at `at` is its arguments.
fn macro_name(trees: &[TokenTree], at: usize) -> Option<String> {
    let bang = matches!(trees.get(at.checked_sub(1)?)?, TokenTree::Punct(p) if p.as_char() == '!');
    let TokenTree::Ident(name) = trees.get(at.checked_sub(2)?)? else {
        return None;
    };
    bang.then(|| name.to_string())
}

fn inside(tokens: &TokenStream, found: &mut Markup) {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let punct =
        |at: usize, c: char| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == c);
    let mut on_element = false;
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            // Rust code, until the next view!.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                outside(&group.stream(), found);
            }
            TokenTree::Group(group) => outside(&group.stream(), found),
            TokenTree::Ident(name) => {
                let line = name.span().start().line;
                let before = at.checked_sub(1);
                if before.is_some_and(|before| punct(before, '<')) {
                    on_element = name.to_string().starts_with(char::is_lowercase);
                    found.elements.push((name.to_string(), line));
                } else if before.is_some_and(|before| {
                    punct(before, '-') || punct(before, ':') || punct(before, '.')
                }) {
                    // Part of data-x, class:x or a path, which its first word represents.
                } else if punct(at + 1, '=') {
                    let value = trees.get(at + 2).cloned();
                    found.attributes.push(Attribute {
                        on_element,
                        name: name.to_string(),
                        line,
                        value,
                    });
                } else if punct(at + 1, ':') && !punct(at + 2, ':') {
                    found.attributes.push(Attribute {
                        on_element,
                        name: format!("{name}:"),
                        line,
                        value: None,
                    });
                }
            }
            _ => {}
        }
    }
}

/// Returns the string literals in a token tree.
pub fn strings(tree: &TokenTree) -> Vec<(String, usize)> {
    match tree {
        TokenTree::Group(group) => group
            .stream()
            .into_iter()
            .flat_map(|tree| strings(&tree))
            .collect(),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            let inner = text
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'));
            inner
                .map(|inner| (inner.to_owned(), literal.span().start().line))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}
