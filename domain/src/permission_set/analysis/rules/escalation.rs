//! Actions that, alone or in combination, allow more than the set states.
//!
//! Passing roles to services is in `pass_role`, assuming roles in `assume_role`. The lists are based on
//! pathfinding.cloud and cloudsplaining, plus what AWS has added since. Whether a more powerful role exists is not
//! considered, because the set does not show it.

use crate::permission_set::analysis::{
    Finding, Risk,
    effective_permissions::Meaning,
    watch::{Watch, finding},
};

pub(super) const WATCHES: &[Watch] = &[
    Watch {
        risk: Risk::Escalation,
        reason: "Can change what IAM policies allow",
        actions: &[
            "iam:CreatePolicyVersion",
            "iam:SetDefaultPolicyVersion",
            "iam:AttachRolePolicy",
            "iam:AttachUserPolicy",
            "iam:AttachGroupPolicy",
            "iam:PutRolePolicy",
            "iam:PutUserPolicy",
            "iam:PutGroupPolicy",
            "iam:AddUserToGroup",
        ],
    },
    Watch {
        risk: Risk::Escalation,
        reason: "Can remove the policies and boundaries that restrict a role or user",
        actions: &[
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteUserPermissionsBoundary",
            "iam:PutRolePermissionsBoundary",
            "iam:PutUserPermissionsBoundary",
            "iam:DetachRolePolicy",
            "iam:DetachUserPolicy",
            "iam:DetachGroupPolicy",
            "iam:DeleteRolePolicy",
            "iam:DeleteUserPolicy",
            "iam:DeleteGroupPolicy",
            "iam:RemoveUserFromGroup",
            "iam:DeletePolicyVersion",
        ],
    },
    Watch {
        risk: Risk::Escalation,
        reason: "Can let itself or others assume a role",
        actions: &[
            "iam:UpdateAssumeRolePolicy",
            "iam:CreateOpenIDConnectProvider",
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:UpdateOpenIDConnectProviderThumbprint",
            "iam:CreateSAMLProvider",
            "iam:UpdateSAMLProvider",
            "iam:AcceptDelegationRequest",
            "rolesanywhere:CreateTrustAnchor",
            "rolesanywhere:UpdateTrustAnchor",
            "rolesanywhere:UpdateProfile",
            "eks:CreateAccessEntry",
            "eks:UpdateAccessEntry",
            "eks:AssociateAccessPolicy",
        ],
    },
    Watch {
        risk: Risk::Escalation,
        reason: "Can obtain the credentials of others",
        actions: &[
            "iam:CreateAccessKey",
            "iam:UpdateAccessKey",
            "iam:CreateLoginProfile",
            "iam:UpdateLoginProfile",
            "iam:CreateServiceSpecificCredential",
            "iam:ResetServiceSpecificCredential",
            "iam:UploadSSHPublicKey",
            "iam:UploadSigningCertificate",
            "iam:DeactivateMFADevice",
            "iam:DeleteVirtualMFADevice",
            "iam:ResyncMFADevice",
            "iam:EnableMFADevice",
            "sts:AssumeRoot",
            "ssm:RequestManagedInstanceRoleToken",
            "emr-serverless:AccessLivyEndpoints",
        ],
    },
    Watch {
        risk: Risk::Escalation,
        reason: "Can run its own code with the permissions of an existing instance, container or notebook",
        actions: &[
            "ssm:SendCommand",
            "ssm:StartSession",
            "ssm:ResumeSession",
            "ssm:CreateAssociation",
            "ssm:CreateAssociationBatch",
            "ssm:UpdateAssociation",
            "ssm:StartAutomationExecution",
            "ssm:StartChangeRequestExecution",
            "ssm-guiconnect:StartConnection",
            "ec2-instance-connect:SendSSHPublicKey",
            "ec2-instance-connect:SendSerialConsoleSSHPublicKey",
            "ecs:ExecuteCommand",
            "sagemaker:CreatePresignedNotebookInstanceUrl",
            "sagemaker:CreatePresignedDomainUrl",
            "sagemaker:StartSession",
            "glue:UpdateDevEndpoint",
            "glue:RunStatement",
            "cloud9:CreateEnvironmentMembership",
            "elasticmapreduce:AddJobFlowSteps",
            "elasticmapreduce:CreatePersistentAppUI",
            "elasticmapreduce:GetClusterSessionCredentials",
            "bedrock-agentcore:InvokeCodeInterpreter",
            "batch:SubmitJob",
        ],
    },
    Watch {
        risk: Risk::Escalation,
        reason: "Can change the code that a service runs with its existing role",
        actions: &[
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "codebuild:StartBuild",
            "codebuild:StartBuildBatch",
            "codebuild:UpdateProject",
            "states:UpdateStateMachine",
            "apprunner:UpdateService",
            "datapipeline:PutPipelineDefinition",
            "cloudformation:UpdateStack",
            "cloudformation:UpdateStackSet",
            "cloudformation:CreateStackInstances",
            "cloudformation:UpdateStackInstances",
            "codepipeline:UpdatePipeline",
            "sagemaker:UpdatePipeline",
        ],
    },
];

/// Actions that are harmless alone and not in combination.
struct Chain {
    actions: &'static [&'static str],
    reason: &'static str,
}

const CHAINS: &[Chain] = &[
    Chain {
        actions: &[
            "ec2:ModifyInstanceAttribute",
            "ec2:StopInstances",
            "ec2:StartInstances",
        ],
        reason: "Can replace the user data script of an instance and run it with the instance's role",
    },
    Chain {
        actions: &[
            "ec2:CreateLaunchTemplateVersion",
            "ec2:ModifyLaunchTemplate",
        ],
        reason: "Can change what new instances run, with the role in their launch template",
    },
    Chain {
        actions: &[
            "cloudformation:CreateChangeSet",
            "cloudformation:ExecuteChangeSet",
        ],
        reason: "Can change a stack with the permissions of the stack's role",
    },
    Chain {
        actions: &[
            "sagemaker:CreateNotebookInstanceLifecycleConfig",
            "sagemaker:UpdateNotebookInstance",
        ],
        reason: "Can change what a notebook runs when it starts, with the notebook's role",
    },
];

pub(super) fn find_chains(meaning: &Meaning, findings: &mut Vec<Finding>) {
    for chain in CHAINS {
        if !chain
            .actions
            .iter()
            .all(|action| meaning.giver(action).is_some())
        {
            continue;
        }
        if let Some((source, statement)) = chain
            .actions
            .first()
            .and_then(|action| meaning.giver(action))
        {
            findings.push(finding(
                Risk::Escalation,
                chain.reason,
                &source.name,
                statement,
                chain.actions,
            ));
        }
    }
}
