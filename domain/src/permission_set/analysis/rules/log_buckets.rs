//! Deleting or weakening S3 buckets that may contain logs.
//!
//! Which buckets contain logs is not configured. So any bucket may, unless the statement names its buckets in full and
//! no name looks like that of a log bucket; a statement about an application's own bucket is not reported.

use crate::permission_set::analysis::{
    Finding, Risk, effective_permissions::Meaning, policy::Resources, watch::finding,
};

const ACTIONS: &[&str] = &[
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:DeleteBucket",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketVersioning",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketLogging",
    "s3:PutBucketObjectLockConfiguration",
    "s3:BypassGovernanceRetention",
    "s3:PutObjectRetention",
    "s3:PutObjectLegalHold",
    "s3:PutEncryptionConfiguration",
];

/// Typical parts of the names of buckets with logs or evidence.
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

pub(super) fn find(meaning: &Meaning, findings: &mut Vec<Finding>) {
    for source in &meaning.sources {
        let first = source.allows().find_map(|statement| {
            let given: Vec<_> = ACTIONS
                .iter()
                .copied()
                .filter(|action| meaning.gives(statement, action))
                .collect();
            (!given.is_empty() && may_hold_logs(&statement.resources)).then_some((statement, given))
        });
        if let Some((statement, given)) = first {
            let reason = "Can delete S3 buckets that may contain logs, or weaken their protection";
            findings.push(finding(
                Risk::Tampering,
                reason,
                &source.name,
                statement,
                &given,
            ));
        }
    }
}

fn may_hold_logs(resources: &Resources) -> bool {
    let Resources::Named(names) = resources else {
        return true;
    };
    names.iter().any(|name| {
        let Some((_, bucket)) = name.split_once(":s3:::") else {
            // An ARN of another service cannot be a bucket, unless it has a wildcard in that part.
            return !name.contains(':')
                || name
                    .splitn(6, ':')
                    .take(5)
                    .any(|part| part.contains(['*', '?', '$']));
        };
        let bucket = bucket.split('/').next().unwrap_or_default();
        bucket.contains(['*', '?', '$'])
            || LIKE_LOGS
                .iter()
                .any(|part| bucket.to_ascii_lowercase().contains(part))
    })
}
