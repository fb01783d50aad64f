//! Full and near administrators.
//!
//! Detected by reach and not by name: actions of many services are tested as a sample of all, so that `*`, `NotAction`,
//! a hundred `service:*` and a renamed copy of AdministratorAccess have the same result. The name of a policy only
//! counts where its text is missing (`unknown`).

use crate::permission_set::analysis::{
    Finding, PolicyRef, Risk,
    effective_permissions::Meaning,
    policy::Statement,
    watch::{MOST_ACTIONS, finding, name},
};

/// One write action of each commonly used service, the dangerous ones first, because a finding names the first ten that
/// are allowed.
const BREADTH: &[&str] = &[
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
const IAM: &[&str] = &[
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

pub(super) fn find(meaning: &Meaning, findings: &mut Vec<Finding>) {
    let found = findings.len();
    for source in &meaning.sources {
        // One statement per policy is enough; more would repeat the finding.
        if let Some(found) = source
            .allows()
            .find_map(|statement| of_statement(meaning, &source.name, statement))
        {
            findings.push(found);
        }
    }
    if findings.len() == found {
        findings.extend(of_all_together(meaning));
    }
}

fn of_statement(meaning: &Meaning, policy: &PolicyRef, statement: &Statement) -> Option<Finding> {
    let given = |probes: &[&'static str]| -> Vec<&'static str> {
        probes
            .iter()
            .copied()
            .filter(|probe| meaning.gives(statement, probe))
            .collect()
    };
    let (breadth, iam) = (given(BREADTH), given(IAM));
    if statement.actions.are_all() && breadth.len() == BREADTH.len() && iam.len() == IAM.len() {
        return Some(finding(
            Risk::Administrator,
            "Allows every action of every service",
            policy,
            statement,
            &["*"],
        ));
    }
    let (reason, actions) = if is_most(breadth.len(), BREADTH) {
        ("Allows nearly every action of every service", breadth)
    } else if is_most(iam.len(), IAM) {
        ("Controls IAM, and thereby everything in the account", iam)
    } else {
        return None;
    };
    Some(finding(
        Risk::Administrator,
        reason,
        policy,
        statement,
        &actions[..actions.len().min(MOST_ACTIONS)],
    ))
}

/// Detects an administrator over several statements, if no single one is.
fn of_all_together(meaning: &Meaning) -> Option<Finding> {
    let (probes, reason) = [
        (
            BREADTH,
            "Allows changes in nearly every service, all statements taken together.",
        ),
        (IAM, "Controls IAM, all statements taken together."),
    ]
    .into_iter()
    .find(|(probes, _)| {
        is_most(
            probes
                .iter()
                .filter(|probe| meaning.giver(probe).is_some())
                .count(),
            probes,
        )
    })?;
    let given: Vec<_> = probes
        .iter()
        .copied()
        .filter(|probe| meaning.giver(probe).is_some())
        .collect();
    let (source, _) = meaning.giver(given.first()?)?;
    // The actions are a sample, so the number of further ones has no meaning.
    let (actions, _) = name(&given);
    Some(Finding {
        risk: Risk::Administrator,
        reason: reason.into(),
        policy: source.name.clone(),
        statement: None,
        actions,
        more: 0,
    })
}

/// Three quarters. PowerUserAccess, which leaves out IAM and Organizations, is well above; the widest of AWS's job
/// function policies is well below.
fn is_most(given: usize, probes: &[&str]) -> bool {
    given * 4 >= probes.len() * 3
}
