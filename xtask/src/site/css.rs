//! Generates the style sheet: the theme, then one utility rule for every class that `app` uses. encre-css generates the
//! Tailwind 4 utilities; `classes` rejects those that encre-css accepts but does not support.

use encre_css::preflight::Preflight;
use encre_css::{Config, Scanner};

use super::{Token, classes, theme, tokens};
use crate::process::Failure;

/// What the theme writes in place of the name of the font, and of the one with rarer characters.
const FONT: &str = "__FONT__";
const LATIN: &str = "__LATIN__";

/// Generates the style sheet, which loads the fonts of these names. Returns an error for a class without effect.
pub fn build(font: &str, latin: &str) -> Result<String, Failure> {
    let config = config(&tokens()?);
    let used = classes::used()?;
    let wrong = classes::check(&used, &config);
    if !wrong.is_empty() {
        return Err(Failure::new(wrong.join("\n")));
    }
    let names: Vec<&str> = used.iter().map(|class| class.name.as_str()).collect();
    Ok(squeeze(&theme()?.replace(FONT, font).replace(LATIN, latin))
        + &squeeze(&encre_css::generate([names.join(" ").as_str()], &config)))
}

/// Configures encre-css with the colours of the theme and without base styles.
pub fn config(tokens: &[Token]) -> Config {
    let mut config = Config::default();
    config.preflight = Preflight::None;
    // The default scanner also splits at quotes and backslashes, and silently drops `content-['']`.
    config.scanner = Scanner::from_fn(|text| text.split_whitespace().collect());
    for token in tokens {
        config
            .theme
            .colors
            .add(token.name.clone(), format!("var(--{})", token.name));
    }
    config
}

/// Removes comments and redundant white space. Brotli does the rest.
fn squeeze(css: &str) -> String {
    let mut bare = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let mut out = String::with_capacity(bare.len());
    for word in bare.split_whitespace() {
        let glued =
            out.ends_with(['{', '}', ';', ',']) || word.starts_with(['{', '}']) || out.is_empty();
        if !glued {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squeezing_keeps_the_spaces_that_mean_something() {
        let css =
            "/* why */ a b {\n  width: calc(100% - 2rem);\n  margin: 0 auto\n}\n.x > p { top: 0 }";
        assert_eq!(
            squeeze(css),
            "a b{width: calc(100% - 2rem);margin: 0 auto}.x > p{top: 0}"
        );
    }
}
