//! Collects every class that `app` uses and rejects classes without effect or with wrong CSS: encre-css ignores unknown
//! names silently, generates wrong CSS for some utilities, and lets one unbalanced bracket break the rest of the sheet.

use encre_css::Config;
use encre_css::error::ParseErrorKind;
use encre_css::utils::check_selectors;
use proc_macro2::TokenTree;

use super::sources::{self, Source};
use crate::process::Failure;

/// A class and its location.
pub struct Class {
    pub name: String,
    pub path: String,
    pub line: usize,
}

/// Utilities that encre-css 0.21 accepts but generates incorrectly, by name without variants, and the alternative.
const WRONG: [(&str, &str); 10] = [
    ("rotate-", "rotates in three dimensions; write rotate-z-"),
    ("-rotate-", "rotates in three dimensions; write -rotate-z-"),
    (
        "divide-x",
        "draws the line on the wrong side; use a border in the theme",
    ),
    (
        "divide-y",
        "draws the line on the wrong side; use a border in the theme",
    ),
    (
        "outline-hidden",
        "draws a transparent outline; the theme provides the focus ring",
    ),
    ("inset-shadow-", "is not inset"),
    (
        "transition-[",
        "has no duration; write transition-colors or use the theme",
    ),
    ("w-[]", "is empty"),
    ("dark:", "is not supported; tokens define light and dark"),
    ("z-[", "generates no CSS; write z-10 to z-50"),
];

/// Returns every class of `app`. Returns an error for a class that cannot be read from the source.
pub fn used() -> Result<Vec<Class>, Failure> {
    let mut used = Vec::new();
    let mut wrong = Vec::new();
    for source in sources::of_app()? {
        of_source(&source, &mut used, &mut wrong);
    }
    if wrong.is_empty() {
        Ok(used)
    } else {
        Err(Failure::new(wrong.join("\n")))
    }
}

fn of_source(source: &Source, used: &mut Vec<Class>, wrong: &mut Vec<String>) {
    let markup = sources::markup(&source.tokens);
    let mut texts: Vec<(String, usize)> = markup
        .class_strings
        .iter()
        .flat_map(sources::strings)
        .collect();
    for attribute in &markup.attributes {
        match (attribute.name.as_str(), &attribute.value) {
            _ if !attribute.on_element => {}
            ("class", Some(value @ (TokenTree::Literal(_) | TokenTree::Group(_)))) => texts.extend(sources::strings(value)),
            ("class", _) => wrong.push(format!(
                "{}:{}: a computed class needs braces with its names in them: class={{if x {{ \"a\" }} else {{ \"b\" }}}}",
                source.path, attribute.line
            )),
            ("class:", _) => wrong.push(format!("{}:{}: write whole class strings, not class:name", source.path, attribute.line)),
            _ => {}
        }
    }
    for (text, line) in texts {
        used.extend(text.split_whitespace().map(|name| Class {
            name: name.to_owned(),
            path: source.path.clone(),
            line,
        }));
    }
}

/// Returns the findings, each with file and line.
pub fn check(used: &[Class], config: &Config) -> Vec<String> {
    used.iter()
        .filter_map(|class| {
            complaint(&class.name, config)
                .map(|why| format!("{}:{}: {why}", class.path, class.line))
        })
        .collect()
}

fn complaint(name: &str, config: &Config) -> Option<String> {
    if name == "group" || name == "peer" {
        return None;
    }
    if let Some(error) = check_selectors(name, config).first() {
        let reason = match error.kind {
            ParseErrorKind::UnknownVariant(variant, _) => format!("unknown variant `{variant}`"),
            _ => "no such utility".to_owned(),
        };
        return Some(format!("`{name}` generates no CSS: {reason}"));
    }
    let utility = bare(name);
    let denied = WRONG.iter().find(|(start, _)| {
        utility.starts_with(start) || (start.ends_with(':') && name.contains(start))
    });
    if let Some((_, why)) =
        denied.filter(|_| !utility.starts_with("rotate-z-") && !utility.starts_with("-rotate-z-"))
    {
        return Some(format!("`{name}` {why}"));
    }
    let outline = utility
        .strip_prefix("outline")
        .is_some_and(|rest| rest.is_empty() || rest[1..].parse::<u8>().is_ok());
    if outline {
        return Some(format!(
            "`{name}` sets no style; the theme provides the focus ring"
        ));
    }
    let css = encre_css::generate([name], config);
    (!sound(&css)).then(|| {
        format!(
            "`{name}` generates invalid CSS: {}",
            css.split_whitespace().collect::<Vec<_>>().join(" ")
        )
    })
}

/// Returns the name without variants.
fn bare(name: &str) -> &str {
    let mut depth = 0_i32;
    let mut start = 0;
    for (at, c) in name.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            ':' if depth == 0 => start = at + 1,
            _ => {}
        }
    }
    name[start..].trim_start_matches('!')
}

/// Returns whether a rule has a body, no empty value, no invalid number, and balanced brackets.
fn sound(css: &str) -> bool {
    let Some((selector, body)) = css.split_once('{') else {
        return false;
    };
    let mut open = Vec::new();
    for c in body.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' if open.pop() != Some('(') => return false,
            ']' if open.pop() != Some('[') => return false,
            // The last bracket closes the rule that `split_once` opened.
            '}' if !matches!(open.pop(), Some('{') | None) => return false,
            _ => {}
        }
    }
    let empty = body
        .split([';', '}'])
        .any(|part| part.trim().ends_with(':'));
    open.is_empty()
        && !selector.is_empty()
        && !empty
        && !body.contains("inf%")
        && !body.contains("NaN")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{css, tokens};

    fn judged(name: &str) -> Option<String> {
        complaint(name, &css::config(&tokens().unwrap()))
    }

    #[test]
    fn a_class_that_yields_nothing_is_named_with_the_reason() {
        assert_eq!(
            judged("text-smm").unwrap(),
            "`text-smm` generates no CSS: no such utility"
        );
        assert_eq!(
            judged("hoverr:flex").unwrap(),
            "`hoverr:flex` generates no CSS: unknown variant `hoverr`"
        );
        assert!(judged("bg-surfac").is_some());
    }

    #[test]
    fn what_encre_gets_wrong_is_refused_with_and_without_a_variant() {
        for name in [
            "rotate-45",
            "md:rotate-45",
            "divide-y",
            "outline",
            "outline-2",
            "transition-[height]",
            "dark:flex",
        ] {
            assert!(judged(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_bracket_that_would_swallow_the_sheet_is_refused() {
        assert!(judged("text-[13px]/[18px]").is_some());
        assert!(judged("p-[]").is_some());
        assert!(judged("w-1/0").is_some());
    }

    #[test]
    fn what_pages_are_made_of_is_accepted() {
        for name in [
            "flex",
            "md:grid",
            "hover:bg-subtle",
            "text-muted",
            "border-line",
            "max-w-[72ch]",
            "grid-cols-[240px_1fr]",
            "rotate-z-45",
            "sr-only",
            "w-[calc(100%-2rem)]",
        ] {
            assert_eq!(judged(name), None);
        }
    }

    fn classes_in(source: &str) -> (Vec<String>, Vec<String>) {
        let (mut used, mut wrong) = (Vec::new(), Vec::new());
        of_source(
            &Source {
                path: "x.rs".into(),
                tokens: source.parse().unwrap(),
            },
            &mut used,
            &mut wrong,
        );
        (
            used.into_iter()
                .map(|class| format!("{}@{}", class.name, class.line))
                .collect(),
            wrong,
        )
    }

    #[test]
    fn classes_are_found_in_views_and_nowhere_else() {
        let (used, wrong) = classes_in(
            "fn f() { let class = \"no\"; view! { <p class=\"a b\">{if x { view! {\n <i class={if y { \"c\" } else { \"d\" }}/> } }}</p> } } const X: &str = tw!(\"e\");",
        );
        assert_eq!(used, ["e@2", "a@1", "b@1", "c@2", "d@2"]);
        assert!(wrong.is_empty());
    }

    #[test]
    fn a_class_given_to_a_component_is_its_own_affair() {
        let (used, wrong) =
            classes_in("fn f() { view! { <Marks class=account.class/> <p class=\"a\"/> } }");
        assert_eq!(used, ["a@1"]);
        assert!(wrong.is_empty());
    }

    #[test]
    fn a_class_that_cannot_be_read_is_an_error_with_its_line() {
        assert_eq!(
            classes_in("fn f() { view! {\n<p class=name/> } }").1.len(),
            1
        );
        assert!(classes_in("fn f() { view! { <p class:open=x/> } }").1[0].starts_with("x.rs:1:"));
    }
}
