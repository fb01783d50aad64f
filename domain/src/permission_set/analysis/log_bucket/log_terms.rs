//! The words in names of buckets that hold logs or other evidence.
//!
//! Compared as whole words: a catalogue, a blog and a login are no logs. The list is reviewed by people, and a word that it
//! lacks is a reason to declare the buckets.

use crate::permission_set::analysis::glob::Token;

/// The words, the plainest first. A hyphen stands for any of `-`, `.` and `_`.
const WORDS: &[&str] = &[
    "log",
    "logs",
    "logging",
    "logarchive",
    "logfile",
    "logfiles",
    "trail",
    "trails",
    "cloudtrail",
    "cloudtraillogs",
    "ct",
    "audit",
    "audits",
    "auditing",
    "auditlog",
    "auditlogs",
    "accesslog",
    "accesslogs",
    "flowlog",
    "flowlogs",
    "vpcflow",
    "vpcflowlog",
    "vpcflowlogs",
    "vpc-flow",
    "elb-access",
    "alb-access",
    "nlb-access",
    "s3-access",
    "cloudfront-access",
    "elblogs",
    "alblogs",
    "waflogs",
    "dnslogs",
    "cloudwatch",
    "config",
    "awsconfig",
    "controltower",
    "guardduty",
    "securityhub",
    "securitylake",
    "macie",
    "security",
    "siem",
    "splunk",
    "evidence",
    "forensic",
    "forensics",
    "compliance",
    "worm",
    "archive",
    "archives",
    "backup",
    "backups",
];

/// Returns the first word of logs that a name has, or can have by its wildcards.
pub(super) fn word_of_logs(name: &[Token]) -> Option<&'static str> {
    // It can stand for a separator, any word, and another separator.
    if name.iter().any(|token| matches!(token, Token::Star(_))) {
        return WORDS.first().copied();
    }
    WORDS.iter().copied().find(|word| can_have(name, word))
}

/// Whether a name without stars can have a word between its ends or separators.
fn can_have(name: &[Token], word: &str) -> bool {
    let length = word.len();
    (0..(name.len() + 1).saturating_sub(length)).any(|at| {
        let letters = name[at..at + length].iter().zip(word.bytes());
        let before = at.checked_sub(1).and_then(|at| name.get(at).copied());
        before.is_none_or(may_separate)
            && name.get(at + length).copied().is_none_or(may_separate)
            && { letters }.all(|(token, letter)| may_be(*token, letter))
    })
}

fn may_separate(token: Token) -> bool {
    match token {
        Token::Byte(byte) => matches!(byte, b'-' | b'.' | b'_') || byte.is_ascii_digit(),
        Token::One(_) | Token::Star(_) => true,
    }
}

fn may_be(token: Token, letter: u8) -> bool {
    match token {
        Token::Byte(byte) if letter == b'-' => matches!(byte, b'-' | b'.' | b'_'),
        Token::Byte(byte) => byte.eq_ignore_ascii_case(&letter),
        Token::One(_) | Token::Star(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission_set::analysis::glob::{Glob, Variables};

    fn word(name: &str) -> Option<&'static str> {
        word_of_logs(Glob::resource(name, Variables::Replaced).tokens())
    }

    #[test]
    fn words_are_whole_and_of_any_case() {
        for (name, expected) in [
            ("acme-logs", "logs"),
            ("ACME.Log.eu", "log"),
            ("s3logs2026", "logs"),
            ("acme_trail", "trail"),
            ("aws-cloudtrail-1", "cloudtrail"),
            ("ct-org", "ct"),
            ("acme-vpcflow", "vpcflow"),
            ("elb-access-eu", "elb-access"),
            ("elb.access", "elb-access"),
            ("logarchive", "logarchive"),
            ("acme-app-config", "config"),
            ("acme-backups", "backups"),
        ] {
            assert_eq!(word(name), Some(expected), "{name}");
        }
        for name in [
            "acme-product-catalog",
            "acme-blog-media",
            "acme-login-assets",
            "acme-logistics",
            "acme-dialog",
            "acme-logo",
            "acme-reconfigured",
            "acme-audition",
            "acme-trailers",
            "a-l-o-g",
            "acme-l0gs",
            "accessory-elb",
            "lo",
            "",
        ] {
            assert_eq!(word(name), None, "{name}");
        }
    }

    #[test]
    fn a_wildcard_counts_if_it_can_make_a_word() {
        for (name, expected) in [
            ("acme-*", "log"),
            ("acme*web", "log"),
            ("home-${aws:username}", "log"),
            ("acme-l?g", "log"),
            // The character can be a separator.
            ("acme?trail", "trail"),
            ("???", "log"),
        ] {
            assert_eq!(word(name), Some(expected), "{name}");
        }
        for name in ["acme-web-?", "acme-web?", "cata?og", "c?talog"] {
            assert_eq!(word(name), None, "{name}");
        }
    }
}
