//! A JSON parser that keeps positions.
//!
//! A finding shows its position in the policy, and IAM rejects what a lenient parser accepts (duplicate names), so
//! `serde_json` is not sufficient. Accepts exactly RFC 8259, up to a fixed depth. Never panics.

use std::borrow::Cow;

/// The maximum nesting depth. A policy needs seven; the limit protects the stack.
const DEEPEST: usize = 64;

/// A value and its position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node<'a> {
    pub(super) value: Value<'a>,
    /// The byte offset in the text.
    pub(super) offset: usize,
}

/// A JSON value. The value of a number is not kept, because no policy element needs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number,
    /// A part of the text, unless it contains escapes.
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    /// All members in order, duplicate names included.
    Object(Vec<Member<'a>>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    /// The byte offset of the name.
    pub(super) offset: usize,
    pub(super) node: Node<'a>,
}

/// What was expected, and the position where it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) offset: usize,
    pub(super) expected: &'static str,
}

/// Returns line and column of a byte offset, both counted from 1; columns in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    // Continuation bytes of a UTF-8 character are not columns.
    let column = before[line_start..]
        .iter()
        .filter(|byte| **byte & 0xC0 != 0x80)
        .count();
    (before.split(|byte| *byte == b'\n').count(), column + 1)
}

/// Parses a text that consists of exactly one value.
pub(super) fn parse(text: &str) -> Result<Node<'_>, SyntaxError> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        text,
        at: 0,
    };
    let node = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return reader.fail("nothing more after the policy");
    }
    Ok(node)
}

/// Returns the offset after the value that starts at an offset; none if no value starts there.
pub(super) fn end_of_value(text: &str, offset: usize) -> Option<usize> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        text,
        at: offset,
    };
    reader.value(0).ok().map(|_| reader.at)
}

/// Returns how many bytes of a string need no attention: none of them ends it, starts an escape or is a control character.
/// Compares eight at a time, because most of a policy is names in strings.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Whether a byte of the word is below a number up to 128; a byte above a smaller one may be taken for one as well.
    let has_less = |word: u64, number: u64| word.wrapping_sub(ONES * number) & !word & HIGH != 0;
    let has = |word: u64, byte: u8| has_less(word ^ (ONES * u64::from(byte)), 1);
    let (words, _) = bytes.as_chunks::<8>();
    let clean = words
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .take_while(|word| !has_less(*word, 0x20) && !has(*word, b'"') && !has(*word, b'\\'))
        .count()
        * 8;
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
    let rest = &bytes[clean..];
    clean + rest.iter().position(ends).unwrap_or(rest.len())
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            offset: self.at,
            expected,
        })
    }

    /// Consumes the next byte if it matches.
    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, SyntaxError> {
        self.skip_space();
        let offset = self.at;
        if depth >= DEEPEST {
            return self.fail("fewer levels of nesting");
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return self.fail("a value"),
        };
        Ok(Node { value, offset })
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, SyntaxError> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            self.fail("a value")
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, SyntaxError> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            let offset = self.at;
            if self.peek() != Some(b'"') {
                return self.fail("an element name in double quotes");
            }
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return self.fail("a colon");
            }
            let node = self.value(depth + 1)?;
            members.push(Member { name, offset, node });
            self.skip_space();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return self.fail("a comma or a closing brace");
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, SyntaxError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return self.fail("a comma or a closing bracket");
            }
        }
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.fail("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value<'a>, SyntaxError> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(Value::Number)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        self.at += 1;
        let mut read = Cow::Borrowed("");
        loop {
            let start = self.at;
            self.at += plain(&self.bytes[start..]);
            // Both ends are at ASCII characters or the end of the text, so the slice is valid UTF-8.
            read += &self.text[start..self.at];
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(read);
                }
                Some(b'\\') => {
                    let escaped = self.escape()?;
                    read.to_mut().push(escaped);
                }
                _ => return self.fail("a closing double quote"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        self.at += 1;
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.fail("a known escape"),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, SyntaxError> {
        let first = self.code_unit()?;
        let code = if (0xD800..0xDC00).contains(&first) {
            if !self.take(b'\\') || self.peek() != Some(b'u') {
                return self.fail("the second half of a character");
            }
            let second = self.code_unit()?;
            if !(0xDC00..0xE000).contains(&second) {
                return self.fail("the second half of a character");
            }
            0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).map_or_else(|| self.fail("a whole character"), Ok)
    }

    /// Reads four hexadecimal digits after `u`.
    fn code_unit(&mut self) -> Result<u32, SyntaxError> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.fail("four hexadecimal digits");
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_plain_part_of_a_string_ends_before_the_first_special_byte() {
        for length in 0..40 {
            let letters = "aé\u{7f}".bytes().cycle().take(length).collect::<Vec<u8>>();
            assert_eq!(plain(&letters), length);
            for special in [b'"', b'\\', 0, 0x1F] {
                for at in 0..length {
                    let mut bytes = letters.clone();
                    bytes[at] = special;
                    bytes[length - 1] = b'"';
                    assert_eq!(plain(&bytes), at, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn names_the_place_in_lines_and_characters() {
        let text = "{\n  \"é\": [1,\n  x]\n}";
        let error = parse(text).unwrap_err();
        assert_eq!(line_and_column(text, error.offset), (3, 3));
        assert_eq!(line_and_column("{\"é\": x}", 7), (1, 7));
        assert_eq!(line_and_column("", 99), (1, 1));
    }

    #[test]
    fn keeps_both_members_of_one_name() {
        let Value::Object(members) = parse(r#"{"a":1,"a":2}"#).unwrap().value else {
            panic!()
        };
        assert_eq!(members.len(), 2);
    }

    #[test]
    fn escapes_are_read_so_that_they_cannot_hide_a_name() {
        assert_eq!(
            parse(r#""\u0069am:\u002a \ud83d\ude00""#).unwrap().value,
            Value::Text("iam:* 😀".into())
        );
        for broken in [
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\udc00""#,
            r#""\u12""#,
            r#""\x""#,
            "\"a\nb\"",
        ] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn accepts_what_serde_json_accepts(text in r#"([\[\]{},:" \n\\tu0-9.eE+-]|"a"|true|null|\\u00e9){0,12}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // Only `serde_json` rejects numbers that do not fit into a float.
            let too_big = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
            prop_assert!(too_big || theirs.is_ok() == parse(&text).is_ok(), "{text:?}: {theirs:?}");
        }
    }
}
