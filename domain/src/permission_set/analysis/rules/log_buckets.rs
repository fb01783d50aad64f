//! Deleting, overwriting or weakening S3 buckets that may contain logs.

use std::sync::LazyLock;

use crate::permission_set::analysis::{
    Capability, Finding, LogBuckets,
    action_set::ActionSet,
    allowed::{Effort, Limit, Permissions},
    glob::{Glob, Variables},
    log_bucket::LogPlace,
    policy::Resources,
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

static EVERYTHING: LazyLock<Glob> = LazyLock::new(|| Glob::resource("*", Variables::Literal));

pub(super) fn find(permissions: &Permissions, buckets: &LogBuckets, findings: &mut Vec<Finding>) {
    let catalogue = permissions.catalogue;
    let actions = &catalogue.samples().log_buckets;
    if !actions.meets(&permissions.total) {
        return;
    }
    let rest = Rest::of(permissions, buckets, actions);
    let mut last = None;
    for allowed in &permissions.statements {
        if last == Some(allowed.policy) || !allowed.actions.meets(actions) {
            continue;
        }
        let (globs, spared) = match &allowed.statement.resources {
            Resources::AllBut(globs) => (std::slice::from_ref(&*EVERYTHING), globs.as_slice()),
            Resources::Named(globs) => (globs.as_slice(), [].as_slice()),
        };
        let of_s3 = globs.iter().filter(|glob| glob.may_be_of(Some("s3")));
        let given = actions.and(&allowed.actions);
        let mut reached = ActionSet::default();
        let mut why = None;
        for glob in of_s3 {
            for place in buckets.met_by(glob) {
                if place.part.is_some_and(|part| rest.covers_any(spared, part)) {
                    continue;
                }
                let left = rest.left(glob, &place, &given);
                if !left.is_empty() {
                    why.get_or_insert_with(|| place.words(glob));
                    reached.add(&left);
                }
            }
        }
        if let Some(why) = why {
            last = Some(allowed.policy);
            let reason = format!("{}: {why}", buckets.sentence());
            let guardrails = Capability::LogsAndGuardrails;
            findings.push(Finding::of(
                catalogue, guardrails, &reason, allowed, &reached,
            ));
        }
    }
}

/// What Deny statements and the boundary leave of the actions on log buckets.
struct Rest<'a> {
    permissions: &'a Permissions<'a>,
    buckets: &'a LogBuckets,
    /// The Deny statements about some of these actions.
    denies: Vec<&'a Limit<'a>>,
    effort: Effort,
}

impl<'a> Rest<'a> {
    fn of(permissions: &'a Permissions<'a>, buckets: &'a LogBuckets, actions: &ActionSet) -> Self {
        let denies = permissions.denies.iter();
        Self {
            permissions,
            buckets,
            denies: denies.filter(|deny| deny.actions.meets(actions)).collect(),
            effort: Effort::default(),
        }
    }

    /// Returns the actions that are left on what a pattern can match of log buckets.
    fn left(&self, glob: &Glob, place: &LogPlace, actions: &ActionSet) -> ActionSet {
        let mut left = actions.clone();
        if self.denies.is_empty() && self.permissions.bounds.is_none() {
            return left;
        }
        for action in actions
            .iter()
            .filter(|action| !self.can_have(*action, glob, place))
        {
            left.remove(action);
        }
        for deny in &self.denies {
            let denies = match &deny.statement.resources {
                Resources::Named(globs) => self.cover(globs, glob, place),
                Resources::AllBut(spared) => !self.meet(spared, glob, place),
            };
            if denies {
                left.subtract(&deny.actions);
            }
        }
        if let Some(bounds) = &self.permissions.bounds {
            let mut bounded = ActionSet::default();
            for bound in bounds.iter().filter(|bound| bound.actions.meets(&left)) {
                let allows = match &bound.statement.resources {
                    Resources::Named(globs) => self.meet(globs, glob, place),
                    Resources::AllBut(spared) => !self.cover(spared, glob, place),
                };
                if allows {
                    bounded.add(&bound.actions);
                }
            }
            left.keep(&bounded);
        }
        left
    }

    /// Whether an action can have such a resource: an object is no bucket.
    fn can_have(&self, action: usize, glob: &Glob, place: &LogPlace) -> bool {
        let catalogue = self.permissions.catalogue;
        let types = &catalogue.service_of(action).resource_types;
        let mut kinds = catalogue.action(action).resource_types.iter();
        kinds.any(|kind| {
            let arn = &types[*kind].arn;
            let meets = |one: &Glob| self.effort.can_meet(one, arn) != Some(false);
            meets(glob) && place.part.is_none_or(meets)
        })
    }

    /// Whether patterns certainly match all that counts.
    fn cover(&self, globs: &[Glob], glob: &Glob, place: &LogPlace) -> bool {
        self.covers_any(globs, glob) || place.part.is_some_and(|part| self.covers_any(globs, part))
    }

    fn covers_any(&self, globs: &[Glob], other: &Glob) -> bool {
        let mut globs = globs.iter();
        globs.any(|one| self.effort.covers(one, other) == Some(true))
    }

    /// Whether patterns may match some of what counts.
    fn meet(&self, globs: &[Glob], glob: &Glob, place: &LogPlace) -> bool {
        let meets = |one: &Glob, other: &Glob| self.effort.can_meet(one, other) != Some(false);
        globs.iter().any(|one| {
            meets(one, glob)
                && match place.part {
                    Some(part) => meets(one, part),
                    None => !self.buckets.met_by(one).is_empty(),
                }
        })
    }
}
