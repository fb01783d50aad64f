//! Patterns of resources: whether two of them can match the same ARN, and whether one matches all that another does.
//!
//! A statement's resource is compared with the ARN of a resource type, whose variables are patterns as well. `can_meet`
//! answers *yes* when in doubt and `covers_counting` answers *no*, so that the first never hides what an Allow gives and the
//! second never takes away more than a Deny does.

mod prepared;

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use self::prepared::Prepared;

/// The characters that a star can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    All,
    /// Of a name that is one part of a path, such as a bucket.
    NoSlash,
    /// Of a partition, a region or an account.
    NoColon,
}

impl Class {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::All => true,
            Self::NoSlash => byte != b'/',
            Self::NoColon => byte != b':' && byte != b'/',
        }
    }
}

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Token {
    Byte(u8),
    /// Exactly one character.
    One(Class),
    /// Any number of characters.
    Star(Class),
}

/// A pattern of an ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
    /// Whether a policy variable stands in it, whose value is not known.
    variable: bool,
    /// Only for a resource type, which many resources are compared with.
    prepared: Option<Box<Prepared>>,
}

/// As people write it, short and without characters that a page or terminal would interpret. A variable is shown as `*`.
impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 120;
        let character = |token: &Token| match token {
            Token::Byte(byte) => *byte,
            Token::One(_) => b'?',
            Token::Star(_) => b'*',
        };
        let text: Vec<u8> = self.tokens.iter().take(MOST).map(character).collect();
        let text = String::from_utf8_lossy(&text);
        let dots = if self.tokens.len() > MOST { "…" } else { "" };
        write!(formatter, "{}{dots}", text.escape_default())
    }
}

impl Hash for Glob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tokens.hash(state);
    }
}

/// Whether `${…}` is a variable, which depends on the version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    Replaced,
    /// Before 2012-10-17, `${` is text.
    Literal,
}

impl Glob {
    /// Parses the value of a `Resource` or `NotResource` element.
    pub(super) fn resource(text: &str, variables: Variables) -> Self {
        let mut glob = Self {
            tokens: Vec::with_capacity(text.len()),
            variable: false,
            prepared: None,
        };
        let mut rest = text.as_bytes();
        while let Some((first, after_first)) = rest.split_first() {
            if variables == Variables::Replaced
                && let Some((name, after)) = variable(rest)
            {
                // These three stand for the characters themselves.
                if let [byte @ (b'*' | b'?' | b'$')] = name {
                    glob.tokens.push(Token::Byte(*byte));
                } else {
                    glob.variable = true;
                    glob.star(Class::All);
                }
                rest = after;
                continue;
            }
            match first {
                b'*' => glob.star(Class::All),
                b'?' => glob.tokens.push(Token::One(Class::All)),
                byte => glob.tokens.push(Token::Byte(*byte)),
            }
            rest = after_first;
        }
        glob
    }

    /// Parses the ARN of a resource type, such as `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    /// `${Partition}`, `${Region}` and `${OwnerAccount}` are never empty; any other variable may be, such as `${RegionOrNone}`.
    pub(super) fn template(text: &str) -> Self {
        let mut glob = Self {
            tokens: Vec::with_capacity(text.len()),
            variable: false,
            prepared: None,
        };
        let mut rest = text.as_bytes();
        let mut colons = 0;
        while let Some((first, after_first)) = rest.split_first() {
            // The parts before the resource contain no colon.
            let class = if colons < 5 {
                Class::NoColon
            } else {
                Class::All
            };
            if let Some((name, after)) = variable(rest) {
                match name {
                    b"Partition" | b"Region" | b"OwnerAccount" => {
                        // Never empty, unlike another account, which AWS's own documents do not have.
                        glob.tokens.push(Token::One(Class::NoColon));
                        glob.star(Class::NoColon);
                    }
                    b"BucketName" => glob.star(Class::NoSlash),
                    _ => glob.star(class),
                }
                rest = after;
                continue;
            }
            colons += usize::from(*first == b':');
            match first {
                b'*' => glob.star(class),
                byte => glob.tokens.push(Token::Byte(*byte)),
            }
            rest = after_first;
        }
        glob.prepared = Prepared::of(&glob.tokens).map(Box::new);
        glob
    }

    fn star(&mut self, class: Class) {
        if self.tokens.last() != Some(&Token::Star(class)) {
            self.tokens.push(Token::Star(class));
        }
    }

    /// Whether some ARN matches both. Ignores case.
    pub(super) fn can_meet(&self, other: &Self) -> bool {
        self.can_meet_counting(other).0
    }

    /// Like [`Glob::can_meet`], with how many characters were compared.
    pub(super) fn can_meet_counting(&self, other: &Self) -> (bool, usize) {
        let prepared = other.prepared.as_ref();
        match prepared.and_then(|prepared| prepared.can_meet(&self.tokens)) {
            Some(meets) => (meets, self.tokens.len() + 1),
            None => self.meets_step_by_step(other),
        }
    }

    fn meets_step_by_step(&self, other: &Self) -> (bool, usize) {
        let (a, b) = (&self.tokens, &other.tokens);
        // The positions in `b` that can be reached with the tokens of `a` so far.
        let mut reached = vec![false; b.len() + 1];
        reached[0] = true;
        skip_stars(b, &mut reached);
        let mut next = reached.clone();
        for (read, token) in a.iter().enumerate() {
            next.fill(false);
            match token {
                Token::Star(class) => {
                    next.copy_from_slice(&reached);
                    for at in 0..b.len() {
                        let passes = match b[at] {
                            Token::Byte(byte) => class.has(byte),
                            Token::One(_) | Token::Star(_) => true,
                        };
                        if next[at] && passes {
                            next[at + 1] = true;
                        }
                    }
                }
                single => {
                    for at in 0..b.len() {
                        if !reached[at] {
                            continue;
                        }
                        match (*single, b[at]) {
                            (Token::Byte(x), Token::Byte(y)) => {
                                next[at + 1] |= x.eq_ignore_ascii_case(&y);
                            }
                            (Token::Byte(x), Token::Star(class)) => next[at] |= class.has(x),
                            (Token::Byte(x), Token::One(class))
                            | (Token::One(class), Token::Byte(x)) => {
                                next[at + 1] |= class.has(x);
                            }
                            (_, Token::Star(_)) => next[at] = true,
                            _ => next[at + 1] = true,
                        }
                    }
                }
            }
            skip_stars(b, &mut next);
            if !next.contains(&true) {
                return (false, (read + 1) * (b.len() + 1));
            }
            std::mem::swap(&mut reached, &mut next);
        }
        (reached[b.len()], (a.len() + 1) * (b.len() + 1))
    }

    /// Whether it certainly matches every ARN that `other` can match, with how many characters were compared.
    pub(super) fn covers_counting(&self, other: &Self) -> (bool, usize) {
        if self.variable {
            return (false, 1);
        }
        let (pattern, text) = (&self.tokens, &other.tokens);
        let (mut at, mut read, mut steps) = (0, 0, 1);
        let mut star: Option<(usize, usize)> = None;
        while read < text.len() {
            steps += 1;
            match pattern.get(at) {
                Some(Token::Star(_)) => {
                    star = Some((at + 1, read));
                    at += 1;
                    continue;
                }
                Some(Token::One(_)) if !matches!(text[read], Token::Star(_)) => {
                    at += 1;
                    read += 1;
                    continue;
                }
                Some(byte @ Token::Byte(_)) if *byte == text[read] => {
                    at += 1;
                    read += 1;
                    continue;
                }
                _ => {}
            }
            let Some((after, swallowed)) = star else {
                return (false, steps);
            };
            star = Some((after, swallowed + 1));
            at = after;
            read = swallowed + 1;
        }
        let rest = &pattern[at..];
        let covers = rest.iter().all(|token| matches!(token, Token::Star(_)));
        (covers, steps)
    }

    /// Returns what stands before the first wildcard or variable.
    pub(super) fn literal_start(&self) -> &[Token] {
        let wild = |token: &Token| !matches!(token, Token::Byte(_));
        let end = self.tokens.iter().position(wild);
        &self.tokens[..end.unwrap_or(self.tokens.len())]
    }

    /// Whether the service part of the ARN can be `service`; compared before the rest, because most are of another one.
    pub(super) fn may_be_of(&self, service: Option<&str>) -> bool {
        let Some(service) = service else { return true };
        self.service_part().is_none_or(|part| {
            part.len() == service.len()
                && part.iter().zip(service.bytes()).all(|(token, byte)| {
                    matches!(token, Token::Byte(own) if own.eq_ignore_ascii_case(&byte))
                })
        })
    }

    /// Returns the service part of the ARN; none if it is not known, because a wildcard or a variable stands in it or
    /// before it. There it can match colons as well.
    fn service_part(&self) -> Option<&[Token]> {
        let colon = |token: &Token| *token == Token::Byte(b':');
        let wild = |token: &Token| !matches!(token, Token::Byte(_));
        let mut ends = self
            .tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| colon(token));
        let (start, end) = (ends.nth(1)?.0 + 1, ends.next()?.0);
        (!self.tokens[..end].iter().any(wild)).then(|| &self.tokens[start..end])
    }

    /// Whether it is `*`, or the same in other words.
    pub(super) fn is_everything(&self) -> bool {
        !self.variable && self.tokens == [Token::Star(Class::All)]
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether a policy variable stands in it.
    pub(super) fn has_variable(&self) -> bool {
        self.variable
    }

    /// Whether the ARN names its service in full.
    pub(super) fn names_a_service(&self) -> bool {
        self.service_part().is_some_and(|part| !part.is_empty())
    }

    /// Whether fewer letters than `least` stand between a part of the ARN and the first wildcard after it, or a wildcard or a
    /// variable stands instead of that part.
    pub(super) fn is_open_after(&self, part: &str, least: usize) -> bool {
        let bytes = part.as_bytes();
        let at = self.tokens.windows(bytes.len()).position(|window| {
            window
                .iter()
                .zip(bytes)
                .all(|(token, byte)| matches!(token, Token::Byte(own) if own == byte))
        });
        let Some(at) = at else {
            return !self.is_exact();
        };
        let rest = &self.tokens[at + bytes.len()..];
        let wild = |token: &Token| !matches!(token, Token::Byte(_));
        let letter = |token: &&Token| matches!(token, Token::Byte(byte) if *byte != b'/');
        let star = |token: &Token| matches!(token, Token::Star(_));
        let before = rest.split(star).next().unwrap_or_default();
        let letters = before.iter().filter(letter).count();
        letters == 0 || rest.iter().any(wild) && (self.variable || letters < least)
    }

    /// Whether it names one thing in full.
    pub(super) fn is_exact(&self) -> bool {
        self.tokens
            .iter()
            .all(|token| matches!(token, Token::Byte(_)))
    }
}

/// Returns the name of the variable at the start of a text, and what follows it.
fn variable(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"${")?;
    let end = inner.iter().position(|byte| *byte == b'}')?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// Lets every star of `b` match nothing.
fn skip_stars(b: &[Token], reached: &mut [bool]) {
    for at in 0..b.len() {
        if reached[at] && matches!(b[at], Token::Star(_)) {
            reached[at + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> Glob {
        Glob::resource(text, Variables::Replaced)
    }

    #[test]
    fn a_bucket_is_no_object() {
        let object = Glob::template("arn:${Partition}:s3:::${BucketName}/${ObjectName}");
        let bucket = Glob::template("arn:${Partition}:s3:::${BucketName}");
        for (text, is_bucket, is_object) in [
            ("arn:aws:s3:::cards", true, false),
            ("arn:aws:s3:::cards/*", false, true),
            ("arn:aws:s3:::cards*", true, true),
            // The character can be the slash.
            ("arn:aws:s3:::c?rds", true, true),
            ("*", true, true),
            ("arn:aws:s3:::${aws:username}/*", false, true),
            ("arn:aws:dynamodb:*:*:table/*", false, false),
        ] {
            assert_eq!(resource(text).can_meet(&bucket), is_bucket, "{text}");
            assert_eq!(resource(text).can_meet(&object), is_object, "{text}");
            assert_eq!(bucket.can_meet(&resource(text)), is_bucket, "{text}");
        }
    }

    #[test]
    fn a_deny_covers_only_what_it_names_entirely() {
        for (deny, allow, covered) in [
            ("*", "arn:aws:s3:::cards/*", true),
            ("arn:aws:s3:::cards/*", "arn:aws:s3:::cards/a*", true),
            ("arn:aws:s3:::cards/?", "arn:aws:s3:::cards/*", false),
            ("arn:aws:s3:::cards/a", "arn:aws:s3:::cards/*", false),
            ("arn:aws:s3:::*/secret", "arn:aws:s3:::a/b/secret", true),
            ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::me/*", false),
            ("arn:aws:s3:::Cards/*", "arn:aws:s3:::cards/*", false),
        ] {
            assert_eq!(
                resource(deny).covers_counting(&resource(allow)).0,
                covered,
                "{deny} over {allow}"
            );
        }
    }

    #[test]
    fn variables_are_text_in_old_policies_and_characters_when_escaped() {
        let old = Glob::resource("arn:aws:s3:::${aws:username}", Variables::Literal);
        assert!(old.is_exact());
        assert!(resource("a${*}b").is_exact());
        assert!(!resource("a${*}b").can_meet(&resource("axb")));
        assert!(resource("a${*}b").can_meet(&resource("a?b")));
        assert!(!resource("${aws:username}").is_everything());
    }
}
