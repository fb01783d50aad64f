//! The same kind of action is judged alike in all services, as `data/PRINCIPLES.md` says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use catalogue::{Catalogue, actions};

/// The judgement of each reviewed action, as its file states it.
fn judgements() -> BTreeMap<String, &'static str> {
    actions::reviews()
        .flat_map(|(service, text)| {
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .map(move |line| {
                    let mut words = line.split_whitespace();
                    let name = words.next().unwrap();
                    (format!("{service}:{name}"), words.next().unwrap())
                })
        })
        .collect()
}

fn name(action: &str) -> &str {
    action.split_once(':').unwrap().1
}

/// Asserts that the actions of a kind have a capability, but for exceptions with a reason.
fn assert_kind(capability: &str, is_of_kind: impl Fn(&str) -> bool, exceptions: &[&str]) {
    let judged = judgements();
    let kind: Vec<_> = judged
        .iter()
        .filter(|(action, _)| is_of_kind(action))
        .collect();
    assert!(kind.len() >= 3, "{capability}: {kind:?}");
    let wrong: Vec<_> = kind
        .into_iter()
        .filter(|(action, judgement)| {
            judgement.split('+').any(|word| word == capability) == exceptions.contains(&&***action)
        })
        .collect();
    assert!(wrong.is_empty(), "{capability}: {wrong:?}");
}

#[test]
fn deleting_backups_weakens_evidence() {
    assert_kind(
        "logs_and_guardrails",
        |action| {
            let name = name(action);
            name.starts_with("Delete")
                && ["Snapshot", "Snapshots", "Backup", "RecoveryPoint"]
                    .iter()
                    .any(|end| name.ends_with(end))
        },
        // The state of a running application, which starts anew without it.
        &["kinesisanalytics:DeleteApplicationSnapshot"],
    );
}

#[test]
fn tags_of_identities_grant_rights_and_others_are_changes() {
    let is_tagging = |action: &str| {
        let name = name(action);
        [
            "Tag",
            "Untag",
            "AddTags",
            "CreateTags",
            "DeleteTags",
            "RemoveTags",
        ]
        .iter()
        .any(|start| name.starts_with(start))
            && name != "TagGetWebIdentityToken"
    };
    let of_identities = |action: &str| {
        [
            "iam:TagRole",
            "iam:TagUser",
            "iam:UntagRole",
            "iam:UntagUser",
            "sts:TagSession",
        ]
        .contains(&action)
    };
    assert_kind(
        "changes",
        |action| is_tagging(action) && !of_identities(action),
        &[],
    );
    assert_kind("grants_rights", of_identities, &[]);
}

#[test]
fn delegated_administrators_are_identity_and_guardrails() {
    let sets = |action: &str| {
        let name = name(action);
        let administers = ["AdminAccount", "DelegatedAdmin", "DelegatedAdministrator"]
            .iter()
            .any(|end| name.ends_with(end));
        administers
            && [
                "Enable",
                "Disable",
                "Register",
                "Deregister",
                "Associate",
                "Disassociate",
                "Put",
            ]
            .iter()
            .any(|start| name.starts_with(start))
    };
    // The management of IP addresses and of cost data is no security service.
    let others = [
        "ec2:EnableIpamOrganizationAdminAccount",
        "ec2:DisableIpamOrganizationAdminAccount",
    ];
    assert_kind("identity", sets, &[]);
    assert_kind("logs_and_guardrails", sets, &others);
}

#[test]
fn publishing_is_a_change_and_invoking_runs_code() {
    let publishes = [
        "sqs:SendMessage",
        "sns:Publish",
        "events:PutEvents",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
        "firehose:PutRecord",
        "firehose:PutRecordBatch",
        "iot:Publish",
        "kafka-cluster:WriteData",
    ];
    let invokes = [
        "lambda:InvokeFunction",
        "lambda:InvokeFunctionUrl",
        "lambda:InvokeAsync",
        "sagemaker:InvokeEndpoint",
        "sagemaker:InvokeEndpointAsync",
        "states:StartExecution",
        "states:StartSyncExecution",
        "batch:SubmitJob",
        "ecs:RunTask",
        "codebuild:StartBuild",
        "glue:StartJobRun",
        "ssm:SendCommand",
    ];
    assert_kind("changes", |action| publishes.contains(&action), &[]);
    assert_kind("runs_code", |action| invokes.contains(&action), &[]);
}

#[test]
fn private_keys_are_data() {
    let keys = [
        "acm:ExportCertificate",
        "ec2:CreateKeyPair",
        "lightsail:CreateKeyPair",
        "lightsail:DownloadDefaultKeyPair",
        "payment-cryptography:ExportKey",
    ];
    assert_kind("reads_data", |action| keys.contains(&action), &[]);
}

/// The examples of `PRINCIPLES.md` are actions, so that the table stays true when the catalogue changes.
#[test]
fn the_examples_of_the_principles_exist() {
    let catalogue = Catalogue::embedded().unwrap();
    let text = include_str!("../../data/PRINCIPLES.md");
    let examples: Vec<&str> = text.split('`').filter(|part| part.contains(':')).collect();
    assert!(examples.len() > 60, "{}", examples.len());
    for example in examples {
        if !example.contains(['\n', ' ']) {
            assert!(
                !catalogue.actions.capabilities_named(example).is_empty(),
                "{example}"
            );
        }
    }
}
