//! Parses the colour tokens of `style/theme.css`, which is the only definition of colours for the utilities, the
//! palette checks and the pages.

use crate::process::Failure;

/// A colour for the light and the dark theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub name: String,
    pub light: [u8; 3],
    pub dark: [u8; 3],
}

/// Parses every `--name: light-dark(#rrggbb, #rrggbb);` of the first rule.
pub fn parse(theme: &str) -> Result<Vec<Token>, Failure> {
    let root = theme
        .split_once(":root {")
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(rule, _)| rule);
    let root =
        root.ok_or_else(|| Failure::new("style/theme.css does not open with :root { tokens }"))?;
    let tokens: Option<Vec<Token>> = root
        .split(';')
        .filter_map(|declaration| {
            let (name, value) = declaration.trim().strip_prefix("--")?.split_once(':')?;
            Some((
                name,
                value
                    .trim()
                    .strip_prefix("light-dark(")?
                    .strip_suffix(')')?,
            ))
        })
        .map(|(name, pair)| {
            let (light, dark) = pair.split_once(',')?;
            Some(Token {
                name: name.to_owned(),
                light: rgb(light)?,
                dark: rgb(dark)?,
            })
        })
        .collect();
    tokens.filter(|tokens| !tokens.is_empty()).ok_or_else(|| {
        Failure::new("style/theme.css: a colour token is not light-dark(#rrggbb, #rrggbb)")
    })
}

fn rgb(hex: &str) -> Option<[u8; 3]> {
    hex::decode(hex.trim().strip_prefix('#')?)
        .ok()?
        .try_into()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_colours_is_a_token_and_a_length_is_not() {
        let css = ":root {\n --ok: light-dark(#017a4e, #9efcd1);\n --row: 40px;\n}\n.x { --no: light-dark(#000000, #000000); }";
        let expected = Token {
            name: "ok".into(),
            light: [1, 0x7a, 0x4e],
            dark: [0x9e, 0xfc, 0xd1],
        };
        assert_eq!(parse(css).unwrap(), [expected]);
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_an_error_and_not_skipped() {
        assert!(parse(":root { --ok: light-dark(#fff, red); }").is_err());
    }
}
