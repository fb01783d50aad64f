//! Checks for forbidden markup. Each message states the defect that the check prevents.

use proc_macro2::{TokenStream, TokenTree};

use crate::process::Failure;
use crate::site::sources::{self, Source};

/// Returns the findings in the views of `app`, each with file and line.
pub fn check() -> Result<Vec<String>, Failure> {
    Ok(sources::of_app()?.iter().flat_map(of_source).collect())
}

fn of_source(source: &Source) -> Vec<String> {
    let markup = sources::markup(&source.tokens);
    let mut wrong = Vec::new();
    let mut say = |line: usize, why: &str| wrong.push(format!("{}:{line}: {why}", source.path));
    for (element, line) in &markup.elements {
        match element.as_str() {
            "textarea" if !source.path.ends_with("components/text_area.rs") => {
                say(
                    *line,
                    "Leptos 0.8 does not escape the text in <textarea> (leptos#4730); use components::TextArea",
                );
            }
            _ => {}
        }
    }
    for attribute in &markup.attributes {
        match attribute.name.as_str() {
            "style" | "style:" => say(attribute.line, "the content security policy blocks style="),
            "inner_html" => say(attribute.line, "inner_html writes markup unescaped"),
            _ => {}
        }
    }
    for (name, line) in identifiers(&source.tokens) {
        if matches!(name.as_str(), "GetUrl" | "GetCbor") {
            say(
                line,
                "a server function with GET can be called through any link on the web (leptos#4809)",
            );
        }
        if name == "inner_html"
            && !markup
                .attributes
                .iter()
                .any(|a| a.name == "inner_html" && a.line == line)
        {
            say(line, "inner_html writes markup unescaped");
        }
    }
    wrong
}

fn identifiers(tokens: &TokenStream) -> Vec<(String, usize)> {
    let each = |tree: TokenTree| match tree {
        TokenTree::Ident(name) => vec![(name.to_string(), name.span().start().line)],
        TokenTree::Group(group) => identifiers(&group.stream()),
        _ => Vec::new(),
    };
    tokens.clone().into_iter().flat_map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(path: &str, text: &str) -> Vec<String> {
        of_source(&Source {
            path: path.into(),
            tokens: text.parse().unwrap(),
        })
    }

    #[test]
    fn a_text_area_is_allowed_in_the_one_file_that_escapes() {
        let text = "fn f() { view! { <p><textarea name=\"x\">{text}</textarea></p> } }";
        assert!(wrong("app/src/pages/x.rs", text)[0].starts_with("app/src/pages/x.rs:1: Leptos"));
        assert!(wrong("app/src/components/text_area.rs", text).is_empty());
    }

    #[test]
    fn styles_raw_markup_and_get_functions_are_refused() {
        assert_eq!(
            wrong(
                "x.rs",
                "fn f() { view! { <p style=\"top:0\" style:left=x inner_html=y/> } }"
            )
            .len(),
            3
        );
        assert_eq!(
            wrong("x.rs", "#[server(input = GetUrl)] fn f() {}").len(),
            1
        );
    }

    #[test]
    fn a_comment_or_a_string_about_them_is_not() {
        assert!(wrong("x.rs", "// <textarea style=\nfn f() { view! { <p>\"inner_html <textarea\"</p> } let style = 1; }").is_empty());
    }
}
