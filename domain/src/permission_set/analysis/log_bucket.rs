//! Which S3 buckets hold logs.
//!
//! Overwriting or deleting an object of a log bucket is tampering with evidence, and the same action on another bucket
//! is a change. Which buckets hold logs is declared, and not read from AWS: docs/capabilities.md says why. As long as nobody
//! has declared any, a bucket whose name has a word of logs counts as one, because a wrong *no* destroys evidence.

mod log_terms;

use std::sync::LazyLock;

use self::log_terms::word_of_logs;
use super::glob::{Glob, Token, Variables};

/// A bucket or an object in one.
static IN_A_BUCKET: LazyLock<Glob> =
    LazyLock::new(|| Glob::template("arn:${Partition}:s3:::${BucketOrObject}"));

/// A multi-Region access point has no region in its ARN.
static ACCESS_POINT: LazyLock<Glob> = LazyLock::new(|| {
    Glob::template("arn:${Partition}:s3:${RegionOrNone}:${OwnerAccount}:accesspoint/*")
});

/// A trail is only seen in its account, to which Leastwise has no access.
const TRAILS: &str = "Leastwise does not read the destinations of trails.";

/// The buckets that hold logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LogBuckets {
    /// Nobody has declared any.
    #[default]
    NotDeclared,
    Declared(Vec<DeclaredBucket>),
}

/// A declared bucket, with wildcards in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredBucket {
    bucket: Glob,
    objects: Glob,
}

/// What a pattern of resources can match of the log buckets.
#[derive(Debug)]
pub(super) struct LogPlace<'a> {
    /// What counts of that which the pattern can match: a declared bucket, its objects, or access points. None means all of it.
    pub(super) part: Option<&'a Glob>,
    why: Why<'a>,
}

#[derive(Debug)]
enum Why<'a> {
    /// It is this declared bucket.
    Declared(&'a DeclaredBucket),
    /// The name has this word.
    Word(&'static str),
    /// The name can have this word, because of a wildcard or a variable.
    PossibleWord(&'static str),
    /// A wildcard stands before the name.
    AnyBucket,
    /// The bucket of an access point is not in its ARN.
    AccessPoint,
}

impl LogPlace<'_> {
    /// Says why a pattern counts, as the end of a sentence.
    pub(super) fn words(&self, resource: &Glob) -> String {
        match self.why {
            Why::Declared(bucket) => {
                format!("{resource} can match {}, which is declared", bucket.bucket)
            }
            Why::Word(word) => format!("{resource} has the word {word} in the name of the bucket"),
            Why::PossibleWord(word) => {
                format!("{resource} can match a name with the word {word}")
            }
            Why::AnyBucket => format!("{resource} can match any bucket"),
            Why::AccessPoint => {
                format!("{resource} can match an access point, whose bucket is not in its ARN")
            }
        }
    }
}

impl LogBuckets {
    /// Returns the declared buckets, each an ARN such as `arn:aws:s3:::acme-trail` in which `*` and `?` are wildcards.
    /// Fails with the first that is no ARN of a bucket.
    pub fn declared(arns: &[String]) -> Result<Self, String> {
        if arns.is_empty() {
            return Ok(Self::NotDeclared);
        }
        let mut buckets = Vec::with_capacity(arns.len());
        for arn in arns {
            let name = arn.splitn(6, ':').nth(5).unwrap_or_default();
            if !arn.starts_with("arn:")
                || !arn.contains(":s3:::")
                || name.is_empty()
                || name.contains('/')
            {
                return Err(arn.clone());
            }
            buckets.push(DeclaredBucket {
                bucket: Glob::resource(arn, Variables::Literal),
                objects: Glob::resource(&format!("{arn}/*"), Variables::Literal),
            });
        }
        Ok(Self::Declared(buckets))
    }

    /// Returns what a finding says, without its full stop.
    pub(super) fn sentence(&self) -> &'static str {
        match self {
            Self::Declared(_) => {
                "Can delete or overwrite S3 buckets that are declared as log buckets, or weaken their protection"
            }
            Self::NotDeclared => {
                "Can delete or overwrite S3 buckets that may contain logs, or weaken their protection"
            }
        }
    }

    /// Returns which buckets count, for people.
    pub fn explanation(&self) -> String {
        match self {
            Self::Declared(buckets) => {
                let which = match buckets.len() {
                    1 => "The declared bucket holds logs".to_owned(),
                    count => format!("The {count} declared buckets hold logs"),
                };
                format!("{which}, and no other. {TRAILS}")
            }
            Self::NotDeclared => format!(
                "No log bucket is declared, so a bucket whose name has a word of logs counts as one. {TRAILS}"
            ),
        }
    }

    /// Returns what a resource pattern can match of log buckets and of the objects in them.
    pub(super) fn met_by(&self, resource: &Glob) -> Vec<LogPlace<'_>> {
        let mut places = Vec::new();
        match self {
            Self::Declared(buckets) => {
                for bucket in buckets {
                    let parts = [&bucket.bucket, &bucket.objects].into_iter();
                    places.extend(parts.filter(|part| part.can_meet(resource)).map(|part| {
                        LogPlace {
                            part: Some(part),
                            why: Why::Declared(bucket),
                        }
                    }));
                }
            }
            Self::NotDeclared => {
                if let Some(why) = sounds_like_logs(resource) {
                    places.push(LogPlace { part: None, why });
                }
            }
        }
        if resource.can_meet(&ACCESS_POINT) {
            places.push(LogPlace {
                part: Some(&ACCESS_POINT),
                why: Why::AccessPoint,
            });
        }
        places
    }
}

/// Returns why a resource pattern may match a bucket of logs by its name.
fn sounds_like_logs(resource: &Glob) -> Option<Why<'static>> {
    let Some(name) = bucket_name(resource) else {
        return resource.can_meet(&IN_A_BUCKET).then_some(Why::AnyBucket);
    };
    let wild = |token: &Token| !matches!(token, Token::Byte(_));
    match name {
        [] => None,
        [Token::Star(_)] => Some(Why::AnyBucket),
        name => word_of_logs(name).map(|word| {
            if name.iter().any(wild) {
                Why::PossibleWord(word)
            } else {
                Why::Word(word)
            }
        }),
    }
}

/// Returns the name of the bucket in an ARN; none if it is no ARN of a bucket or of an object, or has a wildcard before the name.
fn bucket_name(resource: &Glob) -> Option<&[Token]> {
    let tokens = resource.tokens();
    let colon = |token: &Token| *token == Token::Byte(b':');
    let start = tokens.iter().enumerate().filter(|(_, token)| colon(token));
    let (front, rest) = tokens.split_at(start.map(|(at, _)| at).nth(4)? + 1);
    let end = b":s3:::";
    let behind = front.len().checked_sub(end.len())?;
    let is_byte = |token: &Token| matches!(token, Token::Byte(_));
    let of_s3 = front[behind..]
        .iter()
        .zip(end)
        .all(|(token, byte)| matches!(token, Token::Byte(own) if own.eq_ignore_ascii_case(byte)));
    (front.iter().all(is_byte) && of_s3).then(|| {
        rest.split(|token| *token == Token::Byte(b'/'))
            .next()
            .unwrap_or_default()
    })
}
