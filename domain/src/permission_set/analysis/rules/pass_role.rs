//! Passing a role to a service that then works on behalf of the holder.
//!
//! `iam:PassRole` together with an action that starts such work gives the permissions of that role. Whether the work
//! can also be triggered is not considered: schedules, events and other people can do that.

use crate::permission_set::analysis::{
    Finding, Risk,
    effective_permissions::Meaning,
    policy::{Resources, Statement},
    watch::finding,
};

const PASS_ROLE: &str = "iam:PassRole";

/// Actions that take a role and use it.
const TAKERS: &[&str] = &[
    "ec2:RunInstances",
    "ec2:RequestSpotInstances",
    "ec2:RequestSpotFleet",
    "ec2:CreateFleet",
    "ec2:AssociateIamInstanceProfile",
    "ec2:ReplaceIamInstanceProfileAssociation",
    "iam:AddRoleToInstanceProfile",
    "autoscaling:CreateLaunchConfiguration",
    "autoscaling:CreateAutoScalingGroup",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionConfiguration",
    "ecs:RegisterTaskDefinition",
    "ecs:RunTask",
    "ecs:StartTask",
    "ecs:CreateService",
    "ecs:UpdateService",
    "eks:CreateCluster",
    "eks:CreateNodegroup",
    "eks:CreatePodIdentityAssociation",
    "eks:UpdatePodIdentityAssociation",
    "cloudformation:CreateStack",
    "cloudformation:UpdateStack",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStackSet",
    "cloudformation:UpdateStackSet",
    "glue:CreateDevEndpoint",
    "glue:CreateJob",
    "glue:UpdateJob",
    "glue:CreateSession",
    "glue:CreateCrawler",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateAutoMLJob",
    "sagemaker:CreateModel",
    "sagemaker:CreateUserProfile",
    "sagemaker:CreateDomain",
    "sagemaker:CreatePipeline",
    "datapipeline:CreatePipeline",
    "datapipeline:PutPipelineDefinition",
    "codebuild:CreateProject",
    "codebuild:UpdateProject",
    "codebuild:StartBuild",
    "codepipeline:CreatePipeline",
    "codepipeline:UpdatePipeline",
    "codedeploy:CreateDeploymentGroup",
    "states:CreateStateMachine",
    "states:UpdateStateMachine",
    // Runs a single workflow step with the role passed to it; no workflow needs to exist.
    "states:TestState",
    "batch:RegisterJobDefinition",
    "batch:SubmitJob",
    "batch:CreateComputeEnvironment",
    "apprunner:CreateService",
    "apprunner:UpdateService",
    "amplify:CreateApp",
    "amplify:UpdateApp",
    "ssm:StartAutomationExecution",
    "ssm:CreateActivation",
    "ssm:RegisterTaskWithMaintenanceWindow",
    "ssm:UpdateServiceSetting",
    "events:PutTargets",
    "scheduler:CreateSchedule",
    "scheduler:UpdateSchedule",
    "pipes:CreatePipe",
    "pipes:UpdatePipe",
    "iot:CreateTopicRule",
    "iot:ReplaceTopicRule",
    "iot:CreateRoleAlias",
    "iot:UpdateRoleAlias",
    "elasticmapreduce:RunJobFlow",
    "emr-serverless:StartJobRun",
    "emr-containers:StartJobRun",
    "elasticbeanstalk:CreateEnvironment",
    "elasticbeanstalk:UpdateEnvironment",
    "imagebuilder:CreateInfrastructureConfiguration",
    "bedrock:CreateAgent",
    "bedrock:UpdateAgent",
    "bedrock:CreateFlow",
    "bedrock-agentcore:CreateAgentRuntime",
    "bedrock-agentcore:CreateCodeInterpreter",
    "cognito-identity:SetIdentityPoolRoles",
    "rolesanywhere:CreateProfile",
    "rolesanywhere:UpdateProfile",
    "appsync:CreateDataSource",
    "airflow:CreateEnvironment",
    "kinesisanalytics:CreateApplication",
    "kinesisanalytics:UpdateApplication",
    "datasync:CreateLocationS3",
    "dms:CreateEndpoint",
    "transfer:CreateUser",
    "transfer:UpdateUser",
    "backup:CreateBackupSelection",
    "backup:StartRestoreJob",
    "gamelift:CreateFleet",
    "gamelift:CreateBuild",
    "synthetics:CreateCanary",
    "synthetics:UpdateCanary",
    "servicecatalog:CreateConstraint",
    "mediaconvert:CreateJob",
    "quicksight:CreateDataSource",
    "omics:StartRun",
    "braket:CreateJob",
    "comprehend:StartEntitiesDetectionJob",
    "rds:StartExportTask",
    "rds:AddRoleToDBInstance",
    "rds:AddRoleToDBCluster",
    "redshift:ModifyClusterIamRoles",
    "lakeformation:RegisterResource",
    "logs:PutSubscriptionFilter",
    "firehose:CreateDeliveryStream",
    "s3:PutReplicationConfiguration",
    "s3:CreateJob",
    "s3:CreateAccessGrantsLocation",
];

pub(super) fn find(meaning: &Meaning, findings: &mut Vec<Finding>) {
    let takers: Vec<&str> = TAKERS
        .iter()
        .copied()
        .filter(|taker| meaning.giver(taker).is_some())
        .collect();
    for source in &meaning.sources {
        let passes = |statement: &&Statement| meaning.gives(statement, PASS_ROLE);
        // The first of each kind is enough; more would repeat the finding.
        let widest = source
            .allows()
            .filter(passes)
            .find(|statement| reaches_any_role(&statement.resources));
        let Some(statement) = widest.or_else(|| source.allows().find(passes)) else {
            continue;
        };
        let wide = widest.is_some();
        let (reason, actions) = match (wide, takers.is_empty()) {
            (true, true) => ("Can pass any role to a service", vec![PASS_ROLE]),
            (true, false) => (
                "Can pass any role to a service that then works on its behalf",
                with(&takers),
            ),
            (false, false) => (
                "Can pass a role to a service that then works on its behalf",
                with(&takers),
            ),
            // Only named roles, and no listed action that takes one.
            (false, true) => continue,
        };
        findings.push(finding(
            Risk::Escalation,
            reason,
            &source.name,
            statement,
            &actions,
        ));
    }
}

fn with(takers: &[&'static str]) -> Vec<&'static str> {
    std::iter::once(PASS_ROLE)
        .chain(takers.iter().copied())
        .collect()
}

/// Whether the role name is not restricted.
fn reaches_any_role(resources: &Resources) -> bool {
    match resources {
        Resources::AllBut(_) => true,
        Resources::Named(names) => names.iter().any(|name| {
            let role = name
                .split_once(":role/")
                .map_or(name.as_str(), |(_, role)| role);
            // `*`, `arn:aws:iam::1:*`, and `role/*`, but not `role/batch-*`.
            role == name
                || role.trim_start_matches(['*', '?', '/']).is_empty()
                || role.contains('$')
        }),
    }
}
