//! The same kind of action is judged alike in all services, as `data/PRINCIPLES.md` says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use catalogue::{Catalogue, actions};
use domain::permission_set::analysis::Capability;

/// The judgement of each reviewed action, as its file states it.
fn judgements() -> BTreeMap<String, &'static str> {
    actions::reviews()
        .map(Result::unwrap)
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

/// Returns the texts between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// A semicolon separates the cases of a row: the examples after it are of the capabilities after it.
fn cases<'a>(capabilities: &'a str, examples: &'a str) -> Vec<(&'a str, &'a str)> {
    let (left, right): (Vec<&str>, Vec<&str>) = (
        capabilities.split(';').collect(),
        examples.split(';').collect(),
    );
    if left.len() == right.len() {
        left.into_iter().zip(right).collect()
    } else {
        vec![(capabilities, examples)]
    }
}

#[test]
fn each_example_of_the_principles_has_a_capability_of_its_row() {
    let catalogue = Catalogue::embedded().unwrap();
    let text = include_str!("../../data/PRINCIPLES.md");
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in text.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [_kind, capabilities, examples] = cells[..] else {
            panic!("{row}")
        };
        rows += 1;
        for (capabilities, examples) in cases(capabilities, examples) {
            let judgements = quoted(capabilities);
            assert!(
                !judgements.is_empty() && !quoted(examples).is_empty(),
                "{row}"
            );
            for example in quoted(examples) {
                let found = catalogue.actions.capabilities_named(example);
                let has = |word: &str| {
                    let capability = Capability::parse(word).unwrap_or_else(|| panic!("{word}"));
                    found.contains(&capability)
                };
                if !judgements
                    .iter()
                    .any(|judgement| judgement.split('+').all(has))
                {
                    wrong.push(format!("{example}: {found:?}, not one of {judgements:?}"));
                }
            }
        }
    }
    assert!(rows >= 35, "{rows}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
