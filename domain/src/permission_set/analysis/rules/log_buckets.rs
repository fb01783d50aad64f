//! Deleting, overwriting or weakening S3 buckets that may contain logs.

use crate::permission_set::analysis::{
    Capability, Finding, LogBuckets, allowed::Permissions, policy::Resources,
};

pub(super) const ACTIONS: &[&str] = &[
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutBucketAcl",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
    "s3:PutReplicationConfiguration",
    "s3:ReplicateDelete",
    "s3:ReplicateObject",
    "s3:UpdateObjectEncryption",
];

pub(super) fn find(permissions: &Permissions, buckets: &LogBuckets, findings: &mut Vec<Finding>) {
    let catalogue = permissions.catalogue;
    let actions = &catalogue.samples().log_buckets;
    if !actions.meets(&permissions.total) {
        return;
    }
    let mut last = None;
    for allowed in &permissions.statements {
        if last == Some(allowed.policy) || !allowed.actions.meets(actions) {
            continue;
        }
        let reaches = match &allowed.statement.resources {
            Resources::AllBut(_) => true,
            Resources::Named(globs) => globs
                .iter()
                .filter(|glob| glob.may_be_of(Some("s3")))
                .any(|glob| buckets.may_meet(glob)),
        };
        if reaches {
            last = Some(allowed.policy);
            findings.push(Finding::of(
                catalogue,
                Capability::LogsAndGuardrails,
                buckets.sentence(),
                allowed,
                &actions.and(&allowed.actions),
            ));
        }
    }
}
