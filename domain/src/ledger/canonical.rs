//! Checks in one pass and without allocation that a leaf has the one spelling that RFC 8785 allows.
//!
//! Serializing each leaf again and comparing the bytes gives the same result (a property test compares the two) at many
//! times the cost, and a verifier reads millions of leaves. The dialect is narrower than RFC 8785: numbers are integers
//! within ±(2^53 − 1), and nesting ends at 32 levels. Never loosen this: a second spelling of an entry would have a
//! second hash.

use thiserror::Error;

/// The maximum nesting of objects and arrays in a leaf; the leaf itself is the first level.
pub const MAX_DEPTH: usize = 32;

/// The largest integer that every JSON reader represents exactly (RFC 7493, 2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The position and reason at which bytes are not a canonical leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("byte {offset}: {what}")]
pub struct Flaw {
    /// The offset in bytes from the start of the leaf.
    pub offset: usize,
    /// A description of the error.
    pub what: &'static str,
}

/// The raw JSON values, including quotes, of the members that tie a leaf to its position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    pub version: Option<&'a [u8]>,
    pub seq: Option<&'a [u8]>,
    pub log: Option<&'a [u8]>,
    pub prev: Option<&'a [u8]>,
    /// The members that hold private values, or objects of them.
    pub actor: Option<&'a [u8]>,
    pub justification: Option<&'a [u8]>,
    pub origin: Option<&'a [u8]>,
    pub private: Option<&'a [u8]>,
    pub target: Option<&'a [u8]>,
}

impl<'a> Envelope<'a> {
    /// Returns the raw value at a JSON Pointer of one or two names. None also means: not known without parsing the leaf.
    pub fn at(&self, pointer: &str) -> Option<&'a [u8]> {
        let path = pointer.strip_prefix('/')?;
        let (first, second) = match path.split_once('/') {
            Some((first, second)) => (first, Some(second)),
            None => (path, None),
        };
        let member = match first {
            "actor" => self.actor,
            "justification" => self.justification,
            "origin" => self.origin,
            "private" => self.private,
            "target" => self.target,
            _ => None,
        }?;
        let Some(name) = second else {
            return Some(member);
        };
        // Any other name could be spelled in another way in the leaf.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !name.bytes().all(plain) {
            return None;
        }
        let mut scanner = Scanner {
            bytes: member,
            at: 0,
        };
        let mut found = None;
        let within = |key: &[u8], value| {
            if key == name.as_bytes() {
                found = Some(value);
            }
        };
        scanner.object(2, within).ok()?;
        found
    }
}

/// Checks that the bytes are one canonical JSON object and returns its envelope.
pub fn scan(leaf: &[u8]) -> Result<Envelope<'_>, Flaw> {
    if let Err(error) = std::str::from_utf8(leaf) {
        return Err(Flaw {
            offset: error.valid_up_to(),
            what: "not UTF-8",
        });
    }
    let mut scanner = Scanner { bytes: leaf, at: 0 };
    let mut envelope = Envelope::default();
    scanner.object(1, |key, value| match key {
        b"v" => envelope.version = Some(value),
        b"seq" => envelope.seq = Some(value),
        b"log" => envelope.log = Some(value),
        b"prev" => envelope.prev = Some(value),
        b"actor" => envelope.actor = Some(value),
        b"justification" => envelope.justification = Some(value),
        b"origin" => envelope.origin = Some(value),
        b"private" => envelope.private = Some(value),
        b"target" => envelope.target = Some(value),
        _ => {}
    })?;
    if scanner.at == leaf.len() {
        Ok(envelope)
    } else {
        Err(scanner.flaw("unexpected data after the object"))
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn flaw(&self, what: &'static str) -> Flaw {
        Flaw {
            offset: self.at,
            what,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, text: &[u8], what: &'static str) -> Result<(), Flaw> {
        if self.bytes[self.at..].starts_with(text) {
            self.at += text.len();
            Ok(())
        } else {
            Err(self.flaw(what))
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Flaw> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{') => self.object(depth, |_, _| ()),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b't') => self.expect(b"true", "not a JSON value"),
            Some(b'f') => self.expect(b"false", "not a JSON value"),
            Some(b'n') => self.expect(b"null", "not a JSON value"),
            _ => Err(self.flaw("not a JSON value, or white space")),
        }
    }

    fn object(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<(), Flaw> {
        if depth > MAX_DEPTH {
            return Err(self.flaw("nested too deeply"));
        }
        self.expect(b"{", "not an object")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut before: Option<&[u8]> = None;
        loop {
            let start = self.at;
            let key = self.string()?;
            if before.is_some_and(|before| !in_order(before, key)) {
                return Err(Flaw {
                    offset: start,
                    what: "keys out of order or repeated",
                });
            }
            before = Some(key);
            self.expect(b":", "expected a colon")?;
            let start = self.at;
            self.value(depth + 1)?;
            member(key, &self.bytes[start..self.at]);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.flaw("expected a comma or the end of the object")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Flaw> {
        if depth > MAX_DEPTH {
            return Err(self.flaw("nested too deeply"));
        }
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.flaw("expected a comma or the end of the array")),
            }
        }
    }

    /// Scans a string and returns the content between the quotes, without resolving escapes.
    fn string(&mut self) -> Result<&'a [u8], Flaw> {
        self.expect(b"\"", "expected a string")?;
        let start = self.at;
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(&self.bytes[start..self.at - 1]);
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.flaw("a control character that is not escaped")),
                None => return Err(self.flaw("unterminated string")),
            }
        }
    }

    /// Scans an escape (RFC 8785, 3.2.2.2): the short form if there is one, otherwise `\u00xx` in lowercase. Characters
    /// that need no escape must not be escaped.
    fn escape(&mut self) -> Result<(), Flaw> {
        let rest = &self.bytes[self.at + 1..];
        let length = match rest {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return Err(self.flaw("an escape that RFC 8785 does not use")),
        };
        self.at += length;
        Ok(())
    }

    fn integer(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        let mut value = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // Saturating: any number of seventeen or more digits is out of range.
            value = value
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let leading_zero =
            self.bytes.get(first) == Some(&b'0') && (self.at - first > 1 || first > start);
        let what = match self.peek() {
            _ if self.at == first || leading_zero => "not a canonical integer",
            Some(b'.' | b'e' | b'E') => "a number that is not an integer",
            _ if value > MAX_INTEGER => "an integer beyond 2^53 - 1",
            _ => return Ok(()),
        };
        Err(Flaw {
            offset: start,
            what,
        })
    }
}

/// Returns the number of bytes before the first quote, backslash or control character. Eight bytes are compared at once,
/// because most of a leaf is text.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    // The lowest high bit that is set belongs to the first such byte. Those above it may belong to others.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHS;
    let equal = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, _) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return at * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let from = words.len() * 8;
    let ends = |&b: &u8| b == b'"' || b == b'\\' || b < 0x20;
    let rest = bytes[from..].iter().position(ends);
    rest.map_or(bytes.len(), |at| from + at)
}

/// Returns whether two keys are in strictly ascending order of UTF-16 code units (RFC 8785, 3.2.3).
fn in_order(before: &[u8], after: &[u8]) -> bool {
    // Below U+E000 and without surrogates, UTF-8 bytes sort as UTF-16 units do.
    let simple = |key: &[u8]| key.iter().all(|&b| b < 0xEE && b != b'\\');
    if simple(before) && simple(after) {
        before < after
    } else {
        utf16(before) < utf16(after)
    }
}

fn utf16(key: &[u8]) -> Vec<u16> {
    let quoted = [b"\"", key, b"\""].concat();
    let text: String = serde_json::from_slice(&quoted).unwrap_or_default();
    text.encode_utf16().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn flaw(leaf: &str) -> &'static str {
        scan(leaf.as_bytes()).unwrap_err().what
    }

    proptest! {
        #[test]
        fn plain_text_ends_at_the_first_byte_that_needs_attention(
            bytes in prop::collection::vec(prop_oneof![8 => any::<u8>(), 2 => 0x1e..0x24_u8, 1 => Just(b'\\')], 0..40),
        ) {
            let ends = |&b: &u8| b == b'"' || b == b'\\' || b < 0x20;
            let first = bytes.iter().position(ends);
            prop_assert_eq!(plain(&bytes), first.unwrap_or(bytes.len()));
        }
    }

    #[test]
    fn the_envelope_is_found_whatever_else_the_object_holds() {
        let leaf = br#"{"a":{"seq":9},"log":"l","prev":"p","seq":3,"v":1}"#;
        let envelope = scan(leaf).unwrap();
        assert_eq!(envelope.seq, Some(&b"3"[..]));
        assert_eq!(envelope.log, Some(&b"\"l\""[..]));
        assert_eq!(envelope.prev, Some(&b"\"p\""[..]));
        assert_eq!(envelope.version, Some(&b"1"[..]));
    }

    #[test]
    fn each_way_to_spell_it_otherwise_is_refused() {
        for (leaf, what) in [
            ("", "not an object"),
            ("[]", "not an object"),
            ("{} ", "unexpected data after the object"),
            (r#"{"a":1 }"#, "expected a comma or the end of the object"),
            (r#"{"a": 1}"#, "not a JSON value, or white space"),
            (r#"{"b":1,"a":1}"#, "keys out of order or repeated"),
            (r#"{"a":1,"a":1}"#, "keys out of order or repeated"),
            (r#"{"a":1.5}"#, "a number that is not an integer"),
            (r#"{"a":1.0}"#, "a number that is not an integer"),
            (r#"{"a":1e3}"#, "a number that is not an integer"),
            (r#"{"a":-0}"#, "not a canonical integer"),
            (r#"{"a":007}"#, "not a canonical integer"),
            (r#"{"a":-}"#, "not a canonical integer"),
            (r#"{"a":9007199254740992}"#, "an integer beyond 2^53 - 1"),
            (
                r#"{"a":-99999999999999999999999}"#,
                "an integer beyond 2^53 - 1",
            ),
            (r#"{"a":"\/"}"#, "an escape that RFC 8785 does not use"),
            (r#"{"a":"\u000a"}"#, "an escape that RFC 8785 does not use"),
            (r#"{"a":"\u001F"}"#, "an escape that RFC 8785 does not use"),
            (r#"{"a":"\u0041"}"#, "an escape that RFC 8785 does not use"),
            (
                "{\"a\":\"\u{1}\"}",
                "a control character that is not escaped",
            ),
            (r#"{"a":"#, "not a JSON value, or white space"),
            (r#"{"a":"b"#, "unterminated string"),
            (r#"{"a":"\"#, "an escape that RFC 8785 does not use"),
            (r#"{"a":tru}"#, "not a JSON value"),
            (r#"{"a":[1,]}"#, "not a JSON value, or white space"),
        ] {
            assert_eq!(flaw(leaf), what, "{leaf}");
        }
        assert_eq!(
            scan(b"{\"a\":\"\xff\"}").unwrap_err(),
            Flaw {
                offset: 6,
                what: "not UTF-8"
            }
        );
    }

    #[test]
    fn nesting_ends_at_thirty_two_levels() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n - 1), "]".repeat(n - 1));
        assert!(scan(nested(32).as_bytes()).is_ok());
        assert_eq!(flaw(&nested(33)), "nested too deeply");
        assert_eq!(
            flaw(&format!("{{\"a\":{}", "[".repeat(60_000))),
            "nested too deeply"
        );
    }

    #[test]
    fn keys_are_sorted_by_utf16_units_as_rfc_8785_shows() {
        // U+1F600 is a surrogate pair (D83D DE00), so it goes before U+FB33, although its UTF-8 goes after.
        assert!(scan("{\"€\":1,\"😀\":2,\"\u{fb33}\":3}".as_bytes()).is_ok());
        assert!(scan("{\"\u{fb33}\":3,\"😀\":2}".as_bytes()).is_err());
        assert!(scan(br#"{"\r":1,"1":2}"#).is_ok());
        assert!(scan(br#"{"1":2,"\r":1}"#).is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
            (-20_i64..20).prop_map(Value::from),
            proptest::collection::vec(any::<char>(), 0..8)
                .prop_map(|chars| Value::from(chars.into_iter().collect::<String>())),
            "[ -~\\x00-\\x1f]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec((object_key(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn object_key() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-e]{1,3}",
            "[\\x00-\\x1f\"\\\\/a]{1,3}",
            proptest::collection::vec(any::<char>(), 1..3)
                .prop_map(|chars| chars.into_iter().collect()),
            proptest::collection::vec(proptest::char::range('\u{d000}', '\u{1ffff}'), 1..3)
                .prop_map(|chars| chars.into_iter().collect()),
        ]
    }

    /// The slow definition: parse, serialize canonically, compare.
    fn canonical_by_serialising(leaf: &[u8]) -> bool {
        serde_json::from_slice::<Value>(leaf).is_ok_and(|value| {
            value.is_object()
                && integers_only(&value)
                && serde_json_canonicalizer::to_vec(&value).is_ok_and(|bytes| bytes == leaf)
        })
    }

    fn integers_only(value: &Value) -> bool {
        match value {
            Value::Number(n) => n.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_INTEGER),
            Value::Array(items) => items.iter().all(integers_only),
            Value::Object(members) => members.values().all(integers_only),
            _ => true,
        }
    }

    proptest! {
        #[test]
        fn what_the_canonicaliser_writes_is_accepted(members in proptest::collection::vec((object_key(), json()), 0..8)) {
            let value = Value::Object(members.into_iter().collect());
            let leaf = serde_json_canonicalizer::to_vec(&value).unwrap();
            prop_assert!(scan(&leaf).is_ok(), "{}", String::from_utf8_lossy(&leaf));
        }

        #[test]
        fn after_any_damage_it_agrees_with_serialising_again(
            members in proptest::collection::vec((object_key(), json()), 0..6),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..3),
        ) {
            let value = Value::Object(members.into_iter().collect());
            let mut leaf = serde_json_canonicalizer::to_vec(&value).unwrap();
            for (at, byte, how) in damage {
                if leaf.is_empty() { break; }
                let at = at.index(leaf.len());
                match how {
                    0 => leaf[at] = byte,
                    1 => { leaf.remove(at); }
                    _ => leaf.insert(at, byte),
                }
            }
            prop_assert_eq!(scan(&leaf).is_ok(), canonical_by_serialising(&leaf), "{}", String::from_utf8_lossy(&leaf));
        }
    }
}
