//! A pattern that many others are compared with: one bit for each of its tokens, so that a comparison takes some
//! operations for each token of the other pattern, whatever the length of this one.

use super::{Class, Token};

/// The positions in a pattern, as bits. The bit after the last token is its end.
type Positions = u128;

/// Which tokens of a pattern a character can pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    length: usize,
    /// The index in `bytes` of each character in lower case.
    index: [u8; 256],
    /// The tokens that are this character. The first element has none.
    bytes: Vec<Positions>,
    /// The tokens that match one character, by the kind of that character.
    ones: [Positions; KINDS],
    /// The tokens that match any number of characters, by the kind of the character.
    stars: [Positions; KINDS],
    any_star: Positions,
}

/// Characters differ for a class only by whether they are a colon, a slash or something else.
const KINDS: usize = 3;
const REPRESENTATIVES: [u8; KINDS] = *b":/x";

fn kind(byte: u8) -> usize {
    match byte {
        b':' => 0,
        b'/' => 1,
        _ => 2,
    }
}

impl Prepared {
    /// Prepares a pattern; none if it has more tokens than there are bits.
    pub(super) fn of(tokens: &[Token]) -> Option<Self> {
        let most = usize::try_from(Positions::BITS).ok()?;
        if tokens.len() >= most {
            return None;
        }
        let mut prepared = Self {
            length: tokens.len(),
            index: [0; 256],
            bytes: vec![0],
            ones: [0; KINDS],
            stars: [0; KINDS],
            any_star: 0,
        };
        for (at, token) in tokens.iter().enumerate() {
            let bit = 1 << at;
            match token {
                Token::Byte(byte) => {
                    let index = &mut prepared.index[usize::from(byte.to_ascii_lowercase())];
                    if *index == 0 {
                        *index = u8::try_from(prepared.bytes.len()).ok()?;
                        prepared.bytes.push(0);
                    }
                    prepared.bytes[usize::from(*index)] |= bit;
                }
                Token::One(class) => add(&mut prepared.ones, *class, bit),
                Token::Star(class) => {
                    add(&mut prepared.stars, *class, bit);
                    prepared.any_star |= bit;
                }
            }
        }
        Some(prepared)
    }

    /// Whether some text matches both patterns; none if the other one has classes, as only prepared patterns have.
    pub(super) fn can_meet(&self, other: &[Token]) -> Option<bool> {
        let end: Positions = 1 << self.length;
        let mut reached = self.skip_stars(1);
        for token in other {
            reached = match token {
                Token::Byte(byte) => {
                    let kind = kind(*byte);
                    let index = self.index[usize::from(byte.to_ascii_lowercase())];
                    let passed = self.bytes[usize::from(index)] | self.ones[kind];
                    ((reached & passed) << 1) | (reached & self.stars[kind])
                }
                Token::One(Class::All) => {
                    let passed = (end - 1) & !self.any_star;
                    ((reached & passed) << 1) | (reached & self.any_star)
                }
                // Everything from the first position on.
                Token::Star(Class::All) => {
                    let before = (reached & reached.wrapping_neg()) - 1;
                    (end | (end - 1)) & !before
                }
                Token::One(_) | Token::Star(_) => return None,
            };
            if reached == 0 {
                return Some(false);
            }
            reached = self.skip_stars(reached);
        }
        Some(reached & end != 0)
    }

    /// Lets every star match nothing.
    fn skip_stars(&self, mut reached: Positions) -> Positions {
        loop {
            let more = reached | ((reached & self.any_star) << 1);
            if more == reached {
                return reached;
            }
            reached = more;
        }
    }
}

fn add(kinds: &mut [Positions; KINDS], class: Class, bit: Positions) {
    for (positions, byte) in kinds.iter_mut().zip(REPRESENTATIVES) {
        if class.has(byte) {
            *positions |= bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::permission_set::analysis::glob::{Glob, Variables};

    proptest! {
        #[test]
        fn a_prepared_pattern_meets_what_the_plain_one_meets(
            template in r"(a|B|:|/|\*|\$\{Partition\}|\$\{BucketName\}|\$\{Id\}){0,12}",
            resource in r"(A|b|:|/|\*|\?|\$\{x\}){0,12}",
        ) {
            let template = Glob::template(&template);
            let resource = Glob::resource(&resource, Variables::Replaced);
            prop_assert_eq!(resource.can_meet(&template), resource.meets_step_by_step(&template).0);
        }
    }

    #[test]
    fn a_pattern_that_is_too_long_is_compared_step_by_step() {
        let name = "x".repeat(200);
        let template = Glob::template(&format!("arn:${{Partition}}:s3:::{name}${{Id}}"));
        let resource = |text: &str| Glob::resource(text, Variables::Replaced);
        assert!(resource(&format!("arn:aws:s3:::{name}1")).can_meet(&template));
        assert!(!resource("arn:aws:s3:::x").can_meet(&template));
        assert!(template.can_meet(&resource(&format!("arn:aws:s3:::{name}*"))));
    }
}
