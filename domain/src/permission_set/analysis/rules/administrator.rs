//! Administrator access: everything, or so much of it that the rest follows.
//!
//! Detected by samples of the actions that matter, because a set without one service is still an administrator. Never
//! by the name of a policy that can be read.

use super::samples::Samples;
use crate::permission_set::analysis::{
    Capability, Finding,
    action_set::ActionSet,
    allowed::{Allowed, Permissions},
    catalogue::ActionCatalogue,
    finding::MOST_ACTIONS,
};

/// One write action of each commonly used service, the dangerous ones first, because a finding names the first ten that
/// are allowed.
pub(super) const BREADTH: &[&str] = &[
    "iam:CreateRole",
    "sts:AssumeRole",
    "organizations:AttachPolicy",
    "sso:CreateAccountAssignment",
    "identitystore:CreateGroupMembership",
    "kms:ScheduleKeyDeletion",
    "cloudtrail:StopLogging",
    "config:StopConfigurationRecorder",
    "guardduty:DeleteDetector",
    "securityhub:DisableSecurityHub",
    "ec2:RunInstances",
    "s3:PutBucketPolicy",
    "rds:DeleteDBInstance",
    "dynamodb:DeleteTable",
    "lambda:CreateFunction",
    "secretsmanager:PutSecretValue",
    "ssm:SendCommand",
    "cloudformation:CreateStack",
    "logs:DeleteLogGroup",
    "cloudwatch:DeleteAlarms",
    "events:PutRule",
    "sns:CreateTopic",
    "sqs:CreateQueue",
    "ecs:CreateService",
    "eks:CreateCluster",
    "ecr:PutImage",
    "elasticloadbalancing:CreateLoadBalancer",
    "autoscaling:CreateAutoScalingGroup",
    "route53:ChangeResourceRecordSets",
    "cloudfront:CreateDistribution",
    "apigateway:POST",
    "acm:RequestCertificate",
    "wafv2:DeleteWebACL",
    "backup:DeleteRecoveryPoint",
    "elasticfilesystem:CreateFileSystem",
    "elasticache:CreateCacheCluster",
    "redshift:CreateCluster",
    "glue:CreateJob",
    "athena:CreateWorkGroup",
    "kinesis:CreateStream",
    "firehose:CreateDeliveryStream",
    "states:CreateStateMachine",
    "codebuild:CreateProject",
    "codepipeline:CreatePipeline",
    "codecommit:CreateRepository",
    "cognito-idp:CreateUserPool",
    "sagemaker:CreateEndpoint",
    "elasticmapreduce:RunJobFlow",
    "batch:SubmitJob",
    "es:CreateDomain",
    "kafka:CreateCluster",
    "dms:CreateReplicationTask",
    "datasync:CreateTask",
    "transfer:CreateServer",
    "ds:CreateDirectory",
    "workspaces:CreateWorkspaces",
    "servicecatalog:ProvisionProduct",
    "appsync:CreateGraphqlApi",
    "bedrock:CreateAgent",
    "ram:CreateResourceShare",
];

/// A set that allows most of these controls IAM, and thereby the account.
pub(super) const IAM: &[&str] = &[
    "iam:CreateUser",
    "iam:CreateRole",
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "iam:AttachUserPolicy",
    "iam:PutUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:AddUserToGroup",
    "iam:PassRole",
];

pub(super) fn find(permissions: &Permissions, findings: &mut Vec<Finding>) {
    let catalogue = permissions.catalogue;
    let Samples { breadth, iam, .. } = catalogue.samples();
    // Most sets are far from it, so the union is looked at first.
    if !is_most(&permissions.total, breadth) && !is_most(&permissions.total, iam) {
        return;
    }
    let found = findings.len();
    let mut last = None;
    for allowed in &permissions.statements {
        // One statement per policy is enough; more would repeat the finding.
        if last != Some(allowed.policy)
            && let Some(finding) = of_statement(catalogue, allowed, breadth, iam)
        {
            findings.push(finding);
            last = Some(allowed.policy);
        }
    }
    if findings.len() == found {
        findings.extend(of_all_together(permissions, breadth, iam));
    }
}

fn of_statement(
    catalogue: &ActionCatalogue,
    allowed: &Allowed,
    breadth: &ActionSet,
    iam: &ActionSet,
) -> Option<Finding> {
    let has_all = |probes: &ActionSet| allowed.actions.and(probes).len() == probes.len();
    let (reason, probes) =
        if allowed.statement.actions.are_all() && has_all(breadth) && has_all(iam) {
            return Some(Finding {
                actions: vec!["*".to_owned()],
                more: 0,
                ..Finding::of(
                    catalogue,
                    Capability::Administrator,
                    "Allows every action of every service",
                    allowed,
                    &ActionSet::default(),
                )
            });
        } else if is_most(&allowed.actions, breadth) {
            ("Allows nearly every action of every service", breadth)
        } else if is_most(&allowed.actions, iam) {
            ("Controls IAM, and thereby everything in the account", iam)
        } else {
            return None;
        };
    Some(sample(Finding::of(
        catalogue,
        Capability::Administrator,
        reason,
        allowed,
        &allowed.actions.and(probes),
    )))
}

/// Detects an administrator over several statements, if no single one is.
fn of_all_together(
    permissions: &Permissions,
    breadth: &ActionSet,
    iam: &ActionSet,
) -> Option<Finding> {
    let (probes, reason) = if is_most(&permissions.total, breadth) {
        (
            breadth,
            "Allows changes in nearly every service, all statements taken together",
        )
    } else {
        (iam, "Controls IAM, all statements taken together")
    };
    let given = permissions.total.and(probes);
    let source = permissions.giver(given.iter().next()?)?;
    let names = given
        .iter()
        .take(MOST_ACTIONS)
        .map(|action| permissions.catalogue.name(action).to_owned())
        .collect();
    Some(Finding {
        actions: names,
        ..Finding::about(Capability::Administrator, reason, source.policy.clone())
    })
}

/// The actions are a sample, so the number of further ones has no meaning.
fn sample(finding: Finding) -> Finding {
    Finding {
        more: 0,
        unreviewed: 0,
        ..finding
    }
}

/// Three quarters. PowerUserAccess, which leaves out IAM and Organizations, is well above; the widest of AWS's job
/// function policies is well below.
fn is_most(given: &ActionSet, probes: &ActionSet) -> bool {
    given.and(probes).len() * 4 >= probes.len() * 3
}
