//! Which S3 buckets hold logs.
//!
//! Overwriting or deleting an object of a log bucket is tampering with evidence, and the same action on another bucket
//! is a change. Which buckets hold logs is declared, and not read from AWS: docs/capabilities.md says why. As long as nobody
//! has declared any, a bucket whose name sounds like logs counts as one, because a wrong *no* destroys evidence.

use super::glob::{Glob, Variables};

const BUCKET_ARN: &str = "arn:aws:s3:::";

/// A multi-Region access point has no region in its ARN.
const ACCESS_POINT_ARN: &str = "arn:${Partition}:s3:${RegionOrNone}:${OwnerAccount}:accesspoint/*";

/// A trail is only seen in its account, to which Leastwise has no access.
const TRAILS: &str = "Leastwise does not read the destinations of trails.";

/// Parts of the names of buckets that may hold logs or evidence, for when no bucket is declared.
const LIKE_LOGS: &[&str] = &[
    "log",
    "trail",
    "audit",
    "config",
    "guardduty",
    "security",
    "siem",
    "evidence",
    "backup",
];

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
                "No log bucket is declared, so a bucket whose name sounds like logs counts as one. {TRAILS}"
            ),
        }
    }

    /// Whether a resource pattern may match a log bucket or an object in one.
    pub(super) fn may_meet(&self, resource: &Glob) -> bool {
        match self {
            Self::Declared(buckets) => {
                let meets = |one: &DeclaredBucket| {
                    one.bucket.can_meet(resource) || one.objects.can_meet(resource)
                };
                buckets.iter().any(meets) || may_be_access_point(resource)
            }
            Self::NotDeclared => resource.exact_part(BUCKET_ARN, b'/').is_none_or(|bucket| {
                let bucket = bucket.to_ascii_lowercase();
                LIKE_LOGS.iter().any(|part| bucket.contains(part))
            }),
        }
    }
}

/// Whether a resource pattern may match an access point, whose bucket is not in its ARN.
fn may_be_access_point(resource: &Glob) -> bool {
    Glob::template(ACCESS_POINT_ARN).can_meet(resource)
}
