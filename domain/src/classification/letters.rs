//! Splits a tag or the name of an OU into words.
//!
//! A word that only looks like another one is marked and never taken for it: an invisible or foreign letter in a name
//! must not decide how an account is guarded.

/// A word in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    /// Whether letters were replaced by the Latin letters that they look like, or invisible characters were dropped.
    pub disguised: bool,
}

/// A text without separators in it, and its words: `NonPCI` is one part with two words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub whole: Word,
    pub words: Vec<Word>,
}

/// Splits a text at separators, then each part where the case changes and between letters and digits. Single letters in
/// a row are one word, so that `P.C.I` is read as `pci`.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut letters = Letters::default();
    for c in text.chars() {
        if invisible(c) {
            letters.disguised = true;
        } else if let Some(latin) = latin(c).filter(|latin| latin.is_alphanumeric()) {
            letters.shown.push(latin);
            letters.disguised = true;
        } else if c.is_alphanumeric() {
            letters.shown.push(c);
        } else {
            parts.extend(std::mem::take(&mut letters).part());
        }
    }
    parts.extend(letters.part());
    spelled_together(parts)
}

/// Returns a text for comparisons: without case, and with single spaces.
pub(super) fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[derive(Debug, Default)]
struct Letters {
    shown: Vec<char>,
    disguised: bool,
}

impl Letters {
    fn part(self) -> Option<Part> {
        let Self { shown, disguised } = self;
        if shown.is_empty() {
            return None;
        }
        let word = |letters: &[char]| Word {
            text: letters.iter().flat_map(|c| c.to_lowercase()).collect(),
            disguised,
        };
        let mut words = Vec::new();
        let mut start = 0;
        for at in 1..=shown.len() {
            if at == shown.len() || begins_word(&shown, at) {
                words.push(word(&shown[start..at]));
                start = at;
            }
        }
        let whole = word(&shown);
        Some(Part { whole, words })
    }
}

/// Whether a word begins at `at`, which is at least 1.
fn begins_word(shown: &[char], at: usize) -> bool {
    let (before, here) = (shown[at - 1], shown[at]);
    if before.is_numeric() != here.is_numeric() {
        return true;
    }
    let lower_follows = shown.get(at + 1).is_some_and(|c| c.is_lowercase());
    here.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && lower_follows))
}

/// Joins single letters that were written apart.
fn spelled_together(parts: Vec<Part>) -> Vec<Part> {
    let single = |part: &Part| part.whole.text.chars().count() == 1;
    let mut joined: Vec<Part> = Vec::new();
    let mut spelling = false;
    for part in parts {
        if let Some(before) = joined.last_mut().filter(|_| spelling && single(&part)) {
            before.whole.text.push_str(&part.whole.text);
            before.whole.disguised |= part.whole.disguised;
            before.words = vec![before.whole.clone()];
        } else {
            spelling = single(&part);
            joined.push(part);
        }
    }
    joined
}

/// Whether a character has no shape of its own: zero-width and bidirectional marks, variation selectors, soft hyphens
/// and combining accents.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{0300}'..='\u{036f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns the ASCII character that another character looks like: full-width, mathematical and circled letters, and the
/// Cyrillic and Greek letters that are drawn like Latin ones.
fn latin(c: char) -> Option<char> {
    let shifted = |first: char, to: char| {
        let offset = u32::from(c) - u32::from(first);
        char::from_u32(u32::from(to) + offset)
    };
    match c {
        '\u{ff01}'..='\u{ff5e}' => shifted('\u{ff01}', '!'),
        '\u{24b6}'..='\u{24cf}' => shifted('\u{24b6}', 'A'),
        '\u{24d0}'..='\u{24e9}' => shifted('\u{24d0}', 'a'),
        '\u{1d400}'..='\u{1d6a3}' => {
            // Thirteen alphabets of 26 capital and 26 small letters follow each other.
            let at = (u32::from(c) - 0x1d400) % 52;
            let first = if at < 26 {
                u32::from('A')
            } else {
                u32::from('a') - 26
            };
            char::from_u32(first + at)
        }
        _ => {
            let at = LOOK_ALIKES.iter().position(|(like, _)| *like == c)?;
            Some(LOOK_ALIKES[at].1)
        }
    }
}

const LOOK_ALIKES: [(char, char); 58] = [
    ('а', 'a'),
    ('в', 'b'),
    ('с', 'c'),
    ('ԁ', 'd'),
    ('е', 'e'),
    ('ѐ', 'e'),
    ('ё', 'e'),
    ('һ', 'h'),
    ('і', 'i'),
    ('ї', 'i'),
    ('ј', 'j'),
    ('к', 'k'),
    ('ӏ', 'l'),
    ('м', 'm'),
    ('о', 'o'),
    ('р', 'p'),
    ('ԛ', 'q'),
    ('ѕ', 's'),
    ('т', 't'),
    ('ѵ', 'v'),
    ('ԝ', 'w'),
    ('х', 'x'),
    ('у', 'y'),
    ('А', 'A'),
    ('В', 'B'),
    ('С', 'C'),
    ('Е', 'E'),
    ('Н', 'H'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('К', 'K'),
    ('М', 'M'),
    ('О', 'O'),
    ('Р', 'P'),
    ('Ѕ', 'S'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('Ү', 'Y'),
    ('α', 'a'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('ν', 'v'),
    ('ι', 'i'),
    ('ϲ', 'c'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Χ', 'X'),
    ('ı', 'i'),
    ('ⅽ', 'c'),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let parts = parts(text).into_iter().flat_map(|part| part.words);
        parts.map(|word| word.text).collect()
    }

    #[test]
    fn words_end_at_separators_case_changes_and_digits() {
        assert_eq!(words("Non-PCI_Tools 2"), ["non", "pci", "tools", "2"]);
        assert_eq!(words("NonPCI"), ["non", "pci"]);
        assert_eq!(words("PCIProd42b"), ["pci", "prod", "42", "b"]);
        assert_eq!(words("P.C.I"), ["pci"]);
        assert_eq!(words(" \t\u{a0}"), [""; 0]);
    }

    #[test]
    fn letters_that_look_latin_are_marked() {
        for text in [
            "РСІ",
            "ＰＣＩ",
            "P\u{200b}CI",
            "𝐏𝐂𝐈",
            "PĊI".replace('Ċ', "C\u{307}").as_str(),
        ] {
            let parts = parts(text);
            assert_eq!(parts[0].whole.text, "pci", "{text}");
            assert!(parts[0].whole.disguised, "{text}");
        }
        assert!(!parts("Développement")[0].whole.disguised);
    }
}
